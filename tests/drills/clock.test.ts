import { afterEach, expect, test } from '@jest/globals';
import { shiftedClock } from '../../loadtest/kit/shifted-clock.ts';
import { keysOf } from '../../shared/stores/redis/keys.ts';
import { send } from '../support/client.ts';
import { cleanUp, run, until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const HOUR_MS = 3_600_000;

const system = useSystem({ ZONES: 2, ROWS: 4, SEATS_PER_ROW: 10 });

afterEach(cleanUp);

const holdOne = async () =>
  (await send(system().url, 'POST', '/api/bookings?wait=10', { eventId: 1, userId: 1, zone: 2, count: 1 })).body;

/** Lets a hold expire now, and waits until a worker has expired it. */
async function expectExpiry({ id }: Record<string, unknown>, within = 60_000): Promise<void> {
  const { prisma, url } = system();
  await prisma.$executeRaw`UPDATE booking SET expires_at = clock_timestamp() WHERE id = ${String(id)}::uuid`;
  await until(async () => (await send(url, 'GET', `/api/bookings/${id}`)).body.status === 'EXPIRED', within);
}

/** Starts a worker process whose clock is off, beside those of the system, and waits until it is ready. */
async function startWorkerOff(shiftMs: number) {
  const { databaseUrl, redisUrl } = system();
  const servers = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl };
  const worker = run('workers/main', [], { ...servers, LOG_LEVEL: 'info', NODE_OPTIONS: shiftedClock(shiftMs) });
  await until(() => worker.output().includes('worker ready'), 60_000, worker.output);
  return worker;
}

/** Renames a table: without the booking table every job fails. */
const renameTable = (from: string, to: string) =>
  system().prisma.$executeRawUnsafe(`ALTER TABLE ${from} RENAME TO ${to}`);

const reserve = () => send(system().url, 'POST', '/reserve', { zone: 1, count: 1 });

test('a retry that a fast clock delayed by an hour runs within seconds, and holds expire meanwhile', async () => {
  const { url } = system();
  const hold = await holdOne();
  await system().stopWorkers();
  const off = await startWorkerOff(HOUR_MS);
  await until(() => off.output().includes('"server":"postgres"'), 60_000, off.output); // before the kill below
  await expectExpiry(hold);
  await renameTable('booking', 'booking_away');
  const { ticketId } = (await reserve()).body;
  const farAhead = async () => {
    const [, score] = await system().redis.zrange(keysOf(0).delayed, '-1', '-1', 'WITHSCORES');
    return Number(score ?? 0) / 0x1000 > Date.now() + HOUR_MS / 2; // BullMQ's addDelayedJob.lua stores times like this
  };
  await until(farAhead, 60_000, off.output);
  off.kill('SIGKILL');
  await off.ended;
  await renameTable('booking_away', 'booking');

  await system().resumeWorkers();
  await until(async () => (await send(url, 'GET', `/api/tickets/${ticketId}`)).body.status === 'booked', 60_000);
  expect(off.output()).toMatch(/"server":"redis","aheadSeconds":3(599|600)\.?\d*,.*the clock of this process differs/);
  expect(off.output()).toContain('"server":"postgres"');
});

test.each([
  ['ahead', HOUR_MS],
  ['behind', -HOUR_MS],
])(
  'a worker whose clock is an hour %s works beside others and alone, and leaves no wrong time',
  async (_what, shiftMs) => {
    const { url, redis } = system();
    const first = await holdOne();
    const second = await holdOne();
    const last = await holdOne();
    const off = await startWorkerOff(shiftMs);
    await expectExpiry(first);
    await system().stopWorkers();
    await expectExpiry(second);
    const { ticketId } = (await reserve()).body;
    await until(async () => (await send(url, 'GET', `/api/tickets/${ticketId}`)).body.status === 'booked', 60_000);
    const listedUntilMs = Number((await redis.zrange(keysOf(0).metricsTargets, '0', '0', 'WITHSCORES'))[1]);
    expect(Math.abs(listedUntilMs - Date.now())).toBeLessThan(HOUR_MS / 2);
    off.kill('SIGTERM');
    await off.ended;
    await system().resumeWorkers();
    await expectExpiry(last);
  },
);

test('an API with a wrong clock sends the right time, by which pages count down', async () => {
  const { databaseUrl, redisUrl } = system();
  const servers = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, RATE_LIMIT: 'off' };
  const api = run('api/main', [], { ...servers, LOG_LEVEL: 'info', NODE_OPTIONS: shiftedClock(-HOUR_MS) });
  await until(() => api.output().includes('api ready'), 60_000, api.output);
  const port = /"port":(\d+),"msg":"api ready"/.exec(api.output())?.[1];
  await until(async () => {
    const { headers } = await send(`http://127.0.0.1:${port}`, 'GET', '/api/events/1');
    return Math.abs(Date.parse(String(headers.get('date'))) - Date.now()) < HOUR_MS / 2;
  }, 15_000);
});
