import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { streamText, streamTypeOf } from './text-stream.ts';

const type = 'text/plain';

/** Larger than the buffers of both ends together, once some pieces are written. */
const LARGE_PIECE = 'x'.repeat(1_000_000);

/** The state of the stream under way. */
let piecesRead = 0;
let readerEnded: Promise<void>;
let maxPieceMs: number | undefined;

async function* endlessPieces(onEnd: () => void) {
  try {
    for (;;) {
      piecesRead += 1;
      yield LARGE_PIECE;
    }
  } finally {
    onEnd();
  }
}

const server = createServer((_req, res) => {
  piecesRead = 0;
  readerEnded = new Promise((resolve) => {
    void streamText(res, endlessPieces(resolve), { type, ...(maxPieceMs !== undefined && { maxPieceMs }) });
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

test('a client that goes away ends the reader of pieces', async () => {
  maxPieceMs = undefined;
  const socket = await startReading();
  socket.destroy();
  await readerEnded;
  const read = piecesRead;
  await new Promise((resolve) => setImmediate(resolve));
  expect(piecesRead).toBe(read);
});

test('a client that stops reading is cut off, which ends the reader of pieces', async () => {
  maxPieceMs = 100;
  const socket = await startReading();
  await readerEnded;
  socket.resume();
  await once(socket, 'close');
});

test('a fault before the first piece is thrown, and nothing is written', async () => {
  const broken = createServer((_req, res) => {
    const pieces = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('no page')) }) };
    streamText(res, pieces, { type }).catch((fault: Error) => {
      res.writeHead(500).end(fault.message);
    });
  });
  await once(broken.listen(0, '127.0.0.1'), 'listening');
  const answer = await fetch(`http://127.0.0.1:${(broken.address() as AddressInfo).port}`);
  expect([answer.status, await answer.text()]).toEqual([500, 'no page']);
  broken.close();
});

test.each([
  ['text/csv', 'text/csv'],
  ['application/x-ndjson; q=0.9, text/csv', 'application/x-ndjson'],
  ['application/json, text/csv', undefined],
  ['text/csv, application/json', 'text/csv'],
  ['*/*', undefined],
  [undefined, undefined],
])('Accept: %s streams %s', (accept, expected) => {
  expect(streamTypeOf(['text/csv', 'application/x-ndjson'], accept)).toBe(expected);
});

test('the answer to a HEAD is its headers alone', async () => {
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}`, { method: 'HEAD' });
  expect([answer.headers.get('content-type'), await answer.text()]).toEqual([type, '']);
  await readerEnded;
});
