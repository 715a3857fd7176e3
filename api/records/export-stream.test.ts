import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Booking } from '../../shared/contract/tickets.ts';
import { streamExport } from './export-stream.ts';

const format = { type: 'text/plain', head: 'head\n', lineOf: ({ id }: Booking) => `${id}\n` };

/** Larger than the buffers of both ends together, once some pages are written. */
const LARGE_PAGE = [{ id: 'x'.repeat(1_000_000) } as Booking];

/** The state of the export under way. */
let pagesRead = 0;
let readerEnded: Promise<void>;
let maxPageMs: number | undefined;

async function* endlessPages(onEnd: () => void) {
  try {
    for (;;) {
      pagesRead += 1;
      yield LARGE_PAGE;
    }
  } finally {
    onEnd();
  }
}

const server = createServer((_req, res) => {
  pagesRead = 0;
  readerEnded = new Promise((resolve) => {
    const waitOutside = async (wait: Promise<unknown>) => void (await wait);
    const options = { format, waitOutside, ...(maxPageMs !== undefined && { maxPageMs }) };
    void streamExport(res, endlessPages(resolve), options);
  });
});
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  server.close();
});

/** A client that sends a request and receives no more than the first bytes. */
async function startReading() {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'data');
  socket.pause();
  return socket;
}

test('a client that goes away ends the reader of pages', async () => {
  maxPageMs = undefined;
  const socket = await startReading();
  socket.destroy();
  await readerEnded;
  const read = pagesRead;
  await new Promise((resolve) => setImmediate(resolve));
  expect(pagesRead).toBe(read);
});

test('a client that stops reading is cut off, which ends the reader of pages', async () => {
  maxPageMs = 100;
  const socket = await startReading();
  await readerEnded;
  socket.resume();
  await once(socket, 'close');
});

test('a fault before the first page is thrown, and nothing is written', async () => {
  const broken = createServer((_req, res) => {
    const pages = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('no page')) }) };
    streamExport(res, pages, { format, waitOutside: async () => undefined }).catch((fault: Error) => {
      res.writeHead(500).end(fault.message);
    });
  });
  await once(broken.listen(0, '127.0.0.1'), 'listening');
  const answer = await fetch(`http://127.0.0.1:${(broken.address() as AddressInfo).port}`);
  expect([answer.status, await answer.text()]).toEqual([500, 'no page']);
  broken.close();
});
