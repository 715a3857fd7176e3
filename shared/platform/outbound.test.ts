import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { isPublicAddress, openOutbound, post } from './outbound.ts';

test('only unicast addresses of the public internet are public', () => {
  const isPublic = ['93.184.215.14', '2606:4700::1111', '::ffff:93.184.215.14', '64:ff9b::5db8:d70e'];
  const isPrivate = [
    ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254'],
    ...['100.64.0.1', '198.18.0.1', '192.0.2.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
    ...['::1', '::', 'fe80::1', 'fd00::1', 'fec0::1', 'ff02::1', '2001:db8::1', '2002:7f00:1::', '2001::1'],
    ...['::ffff:127.0.0.1', '::ffff:a9fe:a9fe', '64:ff9b::7f00:1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '::127.0.0.1'],
    'localhost',
  ];
  expect(isPublic.filter((address) => !isPublicAddress(address))).toEqual([]);
  expect(isPrivate.filter(isPublicAddress)).toEqual([]);
});

/** Serves one after the other what is listed, and the last one for ever. */
async function withServer(
  answers: ((res: ServerResponse) => void)[],
  work: (url: string, requests: () => number) => Promise<void>,
): Promise<void> {
  let requests = 0;
  const server = createServer((req, res) => {
    requests += 1;
    req.resume().on('end', () => answers[Math.min(requests, answers.length) - 1]?.(res));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work(`http://localhost:${(server.address() as AddressInfo).port}/`, () => requests);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const options = { body: '{}', headers: {}, toPrivate: true, timeoutMs: 60_000 };

test('a private address is refused before a connection is made, by address and by name', () =>
  withServer([(res) => res.end()], async (url, requests) => {
    expect((await post(url, options)).status).toBe(200);
    for (const one of [url, url.replace('localhost', '127.0.0.1')]) {
      const { status, fault } = await post(one, { ...options, toPrivate: false });
      expect([status, fault]).toEqual([undefined, expect.stringContaining('is private')]);
    }
    expect(requests()).toBe(1);
  }));

test('a redirect is an answer', () =>
  withServer([(res) => res.writeHead(307, { location: '/again' }).end()], async (url, requests) => {
    expect((await post(url, options)).status).toBe(307);
    expect(requests()).toBe(1);
  }));

test('an endpoint that hangs before or within its answer is late; a long answer is not read', () =>
  withServer(
    [
      () => undefined,
      (res) => res.writeHead(200).write('x'),
      (res) => void res.writeHead(200).write('x'.repeat(4_096)),
    ],
    async (url) => {
      expect((await post(url, { ...options, timeoutMs: 100 })).fault).toBe('no answer within 0.1 s');
      expect((await post(url, { ...options, timeoutMs: 100 })).fault).toBe('no answer within 0.1 s');
      expect((await post(url, options)).status).toBe(200);
    },
  ));

test('a kept connection that is closed as it is used is replaced', () =>
  withServer(
    [(res) => res.end(), (res) => res.destroy(), (res) => res.writeHead(201).end(), (res) => res.destroy()],
    async (url, requests) => {
      const outbound = openOutbound(url);
      expect((await post(url, { ...options, outbound })).status).toBe(200);
      expect((await post(url, { ...options, outbound })).status).toBe(201);
      expect(requests()).toBe(3);
      outbound.close();
      expect((await post(url, options)).fault).toMatch(/hang up|ECONNRESET/);
    },
  ));

test('a signal ends it', () =>
  withServer([() => undefined], async (url) => {
    const ending = new AbortController();
    const posting = post(url, { ...options, signal: ending.signal });
    ending.abort();
    expect((await posting).fault).toBe('the request was ended');
    expect((await post(url, { ...options, signal: ending.signal })).fault).toBe('the request was ended');
  }));
