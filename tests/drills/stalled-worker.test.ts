import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { startProxy } from '../../loadtest/kit/proxy.ts';
import { STEP_LEASE_MS } from '../../shared/domain/line.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { send } from '../support/client.ts';
import { cleanUp, run, until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { useSystem } from '../support/system.ts';
import { newEvent, setRoom, visitorAt } from '../support/visitors.ts';

const system = useSystem({ ZONES: 1, ROWS: 4, SEATS_PER_ROW: 10 }, { redis: ownRedis });

/**
 * Milliseconds for which the worker is stopped. After the shorter time its job has moved to another worker (BullMQ's
 * lock lasts 10 s), and its connections still work: it goes on where it was. After the longer one they have timed out.
 */
const STOPS_MS = [15_000, 60_000];

const TEST_MS = 180_000;

/** Milliseconds after a line's lease in which another worker calls the next visitor, on a busy machine. */
const TAKEOVER_MS = 1_500;

let proxy: Awaited<ReturnType<typeof startProxy>> | undefined;
let stopped: ReturnType<typeof run> | undefined;

beforeAll(() => system().stopWorkers());
afterEach(async () => {
  stopped?.kill('SIGCONT'); // a stopped process does not end
  proxy?.pass();
  await cleanUp();
  await proxy?.close();
});

/** Starts a worker process, and waits until it takes jobs. */
async function startWorker(databaseUrl: string) {
  const environment = { DATABASE_URL: databaseUrl, REDIS_URL: system().redisUrl, LOG_LEVEL: 'info' };
  const worker = run('workers/main', [], environment);
  await until(() => worker.output().includes('worker ready'), 60_000, worker.output);
  return worker;
}

const reserve = (row: number, seconds: number) =>
  send(system().url, 'POST', `/reserve?wait=${seconds}`, { zone: 1, row, start: 0, count: 2 });
const isTaken = async (row: number) => (await system().redis.getbit(`{s0}:seats:1:1:${row}`, 0)) === 1;
const bookingOf = async (ticketId: unknown) => (await send(system().url, 'GET', `/api/bookings/${ticketId}`)).body;

test.each(STOPS_MS.map((stopMs, i) => [stopMs / 1_000, 2 * i + 1]))(
  'a worker that was stopped for %i s between claim and save frees nothing of the next owner',
  async (seconds, row) => {
    proxy = await startProxy(system().databaseUrl);
    stopped = await startWorker(proxy.url);
    await system().seats.open(1); // a claim would have to read a closed house from PostgreSQL first
    proxy.fallSilent(); // its save comes to PostgreSQL when it resumes
    const { ticketId } = (await reserve(row, 0)).body;
    await until(() => isTaken(row), 60_000);
    stopped.kill('SIGSTOP');
    const resumesAt = performance.now() + seconds * 1_000;

    const other = await startWorker(system().databaseUrl);
    await until(async () => (await bookingOf(ticketId)).status === 'CONFIRMED', 60_000, other.output);
    expect(await send(system().url, 'POST', `/api/bookings/${ticketId}/return?wait=20`, {})).toMatchObject({
      status: 200,
      body: { status: 'RETURNED' },
    });
    const next = await reserve(row, 20);
    expect(next.status).toBe(200);
    other.kill('SIGTERM');
    await other.ended;

    await sleep(resumesAt - performance.now());
    stopped.kill('SIGCONT');
    proxy.pass();
    // It takes a later job only once the batch that it was stopped in has ended.
    expect((await reserve(row + 1, 50)).status).toBe(200);
    expect((await auditEvent(1, system())).differences).toEqual([]);
    expect(await bookingOf(next.body.ticketId)).toMatchObject({ status: 'CONFIRMED' });
  },
  TEST_MS,
);

test('the line of a stopped worker goes on with another one, and the stopped one takes nothing back', async () => {
  const { url, databaseUrl, redis } = system();
  stopped = await startWorker(databaseUrl);
  const event = await newEvent(url, { zones: [{ rows: 20, seatsPerRow: 50 }] });
  await setRoom(url, { mode: 'on', peoplePerMinute: 600 }, event);
  const read = async (field: 'stepper' | 'serving') => redis.hget(`{s0}:room:${event}`, field);
  const serving = async () => Number(await read('serving'));
  const visitors = Array.from({ length: 400 }, () => visitorAt(url, event));
  await Promise.all(visitors.map((visitor) => visitor.join()));
  await until(async () => (await serving()) > 0, 60_000, stopped.output);
  const startedAt = performance.now();
  const before = await serving();
  const holder = await read('stepper');
  const other = await startWorker(databaseUrl);
  expect(await read('stepper')).toBe(holder);

  stopped.kill('SIGSTOP');
  const stoppedAt = performance.now();
  const left = await serving();
  await until(async () => (await serving()) > left, 60_000, other.output);
  expect(performance.now() - stoppedAt).toBeLessThan(STEP_LEASE_MS + TAKEOVER_MS);
  const next = await read('stepper');
  expect(next).not.toBe(holder);

  await sleep(5_000);
  stopped.kill('SIGCONT');
  const resumedAt = performance.now();
  let last = await serving();
  await until(async () => {
    const now = await serving();
    expect(now).toBeGreaterThanOrEqual(last);
    last = now;
    return performance.now() - resumedAt > 3_000;
  }, 60_000);
  expect(await read('stepper')).toBe(next);
  expect(last).toBeGreaterThan(left);
  expect(last - before).toBeLessThanOrEqual(10 * ((performance.now() - startedAt) / 1000 + 1) + 1);
}, 60_000);
