import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { openSocket, send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

// tests/drills/shutdown.test.ts stops API processes.
const system = useSystem({ ZONES: 1, ROWS: 1, KEEP_ALIVE_SECONDS: 620 });

test('a connection is kept open for the configured time, and the answer states that time', async () => {
  const { headers } = await fetch(`${system().url}/healthz`);
  expect(headers.get('keep-alive')).toBe('timeout=620');
});

test('an API that stops answers pending waits and closes sockets; workers book later what it accepted', async () => {
  await system().stopWorkers();
  const waiting = send(system().url, 'POST', '/reserve?wait=60', { zone: 1, row: 1, count: 2 });
  const socket = await openSocket(system().url);
  await sleep(300);
  await system().stopApi();
  const { status, body } = await waiting;
  expect(status).toBe(201);
  expect(await socket.closed).toBe(1001);
  await system().resumeWorkers();
  const booking = () => system().bookings.find(String(body.ticketId));
  await until(async () => (await booking()) !== undefined, 5_000);
  expect(await booking()).toMatchObject({ status: 'CONFIRMED', seatsCount: 2 });
});
