import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { openSocket, send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 1, ROWS: 1 });

test('an API that stops answers who waits, tells its sockets, and what it accepted is booked later', async () => {
  await system().stopWorkers();
  const waiting = send(system().url, 'POST', '/reserve?wait=60', { zone: 1, row: 1, count: 2 });
  const socket = await openSocket(system().url);
  await sleep(300);
  await system().stopApi();
  const { status, body } = await waiting;
  expect(status).toBe(201);
  expect(await socket.closed).toBe(1001);
  await system().resumeWorkers();
  for (let looks = 0; looks < 100 && (await system().bookings.find(String(body.ticketId))) === undefined; looks += 1)
    await sleep(50);
  expect(await system().bookings.find(String(body.ticketId))).toMatchObject({ status: 'CONFIRMED', seatsCount: 2 });
});
