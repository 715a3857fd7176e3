import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { acceptMany } from './accept.ts';

test('who comes while the handles are fetched is answered too', async () => {
  const server = createServer((_req, res) => res.end('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let fetching = true;
  const fetched = acceptMany(server).finally(() => {
    fetching = false;
  });
  const statuses: (number | string)[] = [];
  while (fetching) {
    // The agent of fetch would keep connections: each of these comes anew, and a few at once.
    const some = Array.from({ length: 4 }, () => once(get({ port, host: '127.0.0.1', agent: false }), 'response'));
    for (const answer of await Promise.allSettled(some))
      statuses.push(answer.status === 'fulfilled' ? answer.value[0].resume().statusCode : answer.reason.message);
  }
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  const doors = await fetched;
  await Promise.all([doors.close(), new Promise((closed) => server.close(closed))]);
});

test('many who come at once are accepted in a few turns of the event loop, and answered', async () => {
  const server = createServer((_req, res) => res.end('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const doors = await acceptMany(server);
  let accepted = 0;
  server.on('connection', () => {
    accepted += 1;
  });
  const { port } = server.address() as AddressInfo;
  const clients = Array.from({ length: 100 }, () => connect(port, '127.0.0.1'));
  let turns = 0;
  for (; accepted < clients.length; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(turns).toBeLessThan(40); // Node by itself needs one for each

  const answers = await Promise.all(
    clients.map(async (client) => {
      client.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
      return String((await once(client, 'data'))[0]);
    }),
  );
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
  await Promise.all([doors.close(), new Promise((closed) => server.close(closed))]);
});
