import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { acceptMany } from './accept.ts';

test('connections that arrive while the handles are opened are served', async () => {
  const server = createServer((_req, res) => res.end('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let isOpening = true;
  const opened = acceptMany(server).finally(() => {
    isOpening = false;
  });
  const statuses: (number | string)[] = [];
  while (isOpening) {
    // Without an agent each request opens a new connection. The agent of fetch would reuse them.
    const responses = Array.from({ length: 4 }, () => once(get({ port, host: '127.0.0.1', agent: false }), 'response'));
    for (const answer of await Promise.allSettled(responses))
      statuses.push(answer.status === 'fulfilled' ? answer.value[0].resume().statusCode : answer.reason.message);
  }
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  const handles = await opened;
  await Promise.all([handles.close(), new Promise((closed) => server.close(closed))]);
});

test('many simultaneous connections are accepted in a few turns of the event loop, and served', async () => {
  const server = createServer((_req, res) => res.end('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const handles = await acceptMany(server);
  let accepted = 0;
  server.on('connection', () => {
    accepted += 1;
  });
  const { port } = server.address() as AddressInfo;
  const clients = Array.from({ length: 100 }, () => connect(port, '127.0.0.1'));
  let turns = 0;
  for (; accepted < clients.length; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(turns).toBeLessThan(40); // Node alone needs one for each

  const answers = await Promise.all(
    clients.map(async (client) => {
      client.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
      return String((await once(client, 'data'))[0]);
    }),
  );
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
  await Promise.all([handles.close(), new Promise((closed) => server.close(closed))]);
});
