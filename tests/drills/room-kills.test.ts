import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { send } from '../support/client.ts';
import { cleanUp, dataFolder, findProcess, startFrontrow, until } from '../support/processes.ts';
import { setRoom, visitorAt, visitorReply } from '../support/visitors.ts';

const PEOPLE = 160;
const PER_SECOND = 4; // slow enough that the line outlasts three restarts

afterEach(cleanUp);

test('kill -9 of an API, a worker and Redis changes no position, and admits no visitor twice or early', async () => {
  const system = await startFrontrow(dataFolder());
  const { url, asOperator } = system;
  await setRoom(url, { mode: 'on', uses: 1, peoplePerMinute: PER_SECOND * 60 }, 1, asOperator);
  await until(async () => (await send(url, 'GET', '/api/events/1/waiting-room')).status === 404, 10_000);

  const startedAt = performance.now();
  const visitors = Array.from({ length: PEOPLE }, () => visitorAt(url));
  const positions: number[] = [];
  for (const visitor of visitors) positions.push(Number((await visitor.join()).position));
  expect(new Set(positions).size).toBe(PEOPLE);

  const tokens = new Map<number, string>();
  let asking = true;
  let refused = 0;
  const waiting = visitors.map(async (visitor, i) => {
    while (asking) {
      await sleep(150 + Math.random() * 100);
      const reply = await visitor.get().catch((fault: Error) => {
        if (fault.name !== 'TypeError') throw fault; // fetch throws it while its API is down
      });
      expect([200, 503, undefined]).toContain(reply?.status);
      if (reply?.status !== 200) {
        refused += 1;
        continue;
      }
      const view = visitorReply.parse(reply.body);
      expect(['waiting', 'your_turn']).toContain(view.status);
      expect(view.position).toBe(positions[i]);
      const token = view.admission?.token;
      if (token === undefined) continue;
      expect(tokens.get(i) ?? token).toBe(token);
      tokens.set(i, token);
    }
  });

  for (const pattern of [/workers\/main/, /api\/main/, /redis-server|valkey-server/]) {
    const admitted = tokens.size;
    await until(() => tokens.size > admitted + PER_SECOND / 2, 30_000, system.output);
    process.kill(findProcess(system.pid, pattern), 'SIGKILL');
  }
  const admitted = tokens.size;
  await until(() => tokens.size > admitted + PER_SECOND / 2, 30_000, system.output);
  let serving = -1;
  await until(async () => {
    const servingBefore = serving;
    const { status, body } = await send(url, 'PUT', '/api/events/1/waiting-room', { paused: true }, asOperator);
    serving = status === 200 ? Number(body.serving) : -1;
    await sleep(500); // a step in progress may still admit visitors
    return serving >= 0 && serving === servingBefore;
  }, 30_000);
  const seconds = (performance.now() - startedAt) / 1000;
  await until(() => tokens.size >= serving, 10_000);
  asking = false;
  await Promise.all(waiting);
  expect(refused).toBeGreaterThan(0);

  const inOrder = [...tokens.keys()].map((i) => positions[i] ?? 0).sort((a, b) => a - b);
  expect(inOrder).toEqual(Array.from({ length: serving }, (_, i) => i + 1)); // no visitor was skipped or admitted early
  expect(serving).toBeLessThanOrEqual(PER_SECOND * (seconds + 2));

  const presented = [...tokens.values()].slice(0, 10).flatMap((token) => [token, token]);
  const booked = await Promise.all(
    presented.map((token) =>
      send(url, 'POST', '/api/bookings?wait=20', { eventId: 1, userId: 1, count: 1 }, { 'x-admission-token': token }),
    ),
  );
  expect(booked.filter(({ status }) => status === 201)).toHaveLength(10);
});
