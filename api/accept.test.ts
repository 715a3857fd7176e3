import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { acceptMany } from './accept.ts';

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
