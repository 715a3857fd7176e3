import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  ADMIN_TOKEN,
  createRig,
  prepareHouse,
  serverOptions,
  startPostgres,
  startRedis,
} from '../../loadtest/kit/rig.ts';
import { embeddedStandby, promote, query, untilStreaming } from '../../loadtest/kit/standby.ts';
import { freePort } from '../../local/embedded/free-port.ts';
import type { Change } from '../../shared/contract/changes.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { openPrisma } from '../../shared/platform/prisma.ts';
import { createBookingStore } from '../../shared/stores/postgres/bookings.ts';
import { send } from '../support/client.ts';
import { cleanUp, run, until } from '../support/processes.ts';
import { bearer } from '../support/selling-server.ts';

// PostgreSQL with a real standby. A commit waits for a synchronous one, a read does not.

const rig = createRig('standby');
let system: Awaited<ReturnType<typeof startSystem>>;

async function startSystem() {
  const [postgres, redis] = [await startPostgres(rig), await startRedis(rig)];
  const primary = { url: postgres.url, folder: join(rig.folder, 'postgres') };
  const standby = await embeddedStandby(primary, await serverOptions(rig, 'standby'));
  await rig.start(standby.start, (running) => running.stop(5_000));
  await untilStreaming(primary.url, true);
  await prepareHouse(primary.url, { ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 });
  const env = { REDIS_URL: redis.url, LOG_LEVEL: 'info', RATE_LIMIT: 'off', ADMIN_TOKEN };
  const startWorker = () => run('workers/main', [], { ...env, DATABASE_URL: primary.url });
  async function startApi(databaseUrl: string) {
    const port = String(await freePort());
    const { output } = run('api/main', [], { ...env, DATABASE_URL: databaseUrl, PORT: port });
    await until(() => output().includes('api ready'), 60_000, output);
    return { url: `http://127.0.0.1:${port}`, output };
  }
  const worker = startWorker();
  const api = await startApi(primary.url);
  await until(() => worker.output().includes('worker ready'), 60_000, worker.output);
  const output = () => api.output() + worker.output();
  return { primaryUrl: primary.url, standbyUrl: standby.url, url: api.url, output, startApi, startWorker };
}

beforeAll(async () => {
  system = await startSystem();
}, 120_000);
afterAll(async () => {
  await cleanUp();
  await rig.close();
});

/** Stops the standby's process that receives commits. @returns the function that lets it go on */
async function stopStandby(): Promise<() => void> {
  const [receiver] = await query<{ pid: number }>(system.standbyUrl, 'SELECT pid FROM pg_stat_wal_receiver');
  if (receiver === undefined) throw new Error('the standby does not stream');
  process.kill(receiver.pid, 'SIGSTOP');
  return () => void process.kill(receiver.pid, 'SIGCONT');
}

/** The connections whose commits wait for the standby. */
const waiting = () =>
  query<{ pid: number }>(system.primaryUrl, `SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'`);
const untilWaiting = () => until(async () => (await waiting()).length > 0, 20_000, system.output);

/** Ends the connections of commits that wait: they are written, and their worker does not learn of it. */
async function loseAnswers(): Promise<void> {
  await untilWaiting();
  for (const { pid } of await waiting()) await query(system.primaryUrl, `SELECT pg_terminate_backend(${pid})`);
}

const statusOf = async (ticketId: string, seconds = 0) =>
  (await send(system.url, 'GET', `/api/tickets/${ticketId}?wait=${seconds}`)).body.status;
const savedOn = async (url: string, id: string) =>
  (await query<{ status: string }>(url, `SELECT status FROM booking WHERE id = '${id}'`))[0]?.status;

/** Waits until a worker that repeats what is saved waits for the standby, and expects that nobody is told. */
async function expectUntold(ticketId: string): Promise<void> {
  await untilWaiting();
  expect(await statusOf(ticketId, 2)).toBe('queued');
}

test('a retry that finds its booking or its change saved tells it once the synchronous standby has it', async () => {
  const { url, primaryUrl, standbyUrl } = system;
  let resume = await stopStandby();
  const wish = { eventId: 1, userId: 1, zone: 1, row: 1, count: 2 };
  const ticketId = String((await send(url, 'POST', '/api/bookings', wish)).body.ticketId);
  await loseAnswers();
  await until(async () => (await savedOn(primaryUrl, ticketId)) === 'PENDING', 5_000);
  await expectUntold(ticketId);
  expect(await savedOn(standbyUrl, ticketId)).toBeUndefined();
  resume();
  expect(await statusOf(ticketId, 20)).toBe('booked');
  expect(await savedOn(standbyUrl, ticketId)).toBe('PENDING');

  resume = await stopStandby();
  const confirm = await send(url, 'POST', `/api/bookings/${ticketId}/confirm?wait=0`, { userId: 1 });
  const confirmation = String(confirm.body.ticketId);
  await loseAnswers();
  await until(async () => (await savedOn(primaryUrl, ticketId)) === 'CONFIRMED', 5_000);
  await expectUntold(confirmation);
  expect(await savedOn(standbyUrl, ticketId)).toBe('PENDING');
  resume();
  expect(await statusOf(confirmation, 20)).toBe('confirmed');
  expect(await savedOn(standbyUrl, ticketId)).toBe('CONFIRMED');
});

test.each(['findRecordedResults', 'giveUp'] as const)(
  'a booking that is only read is told no earlier (%s)',
  async (act) => {
    const prisma = openPrisma(system.primaryUrl, 2);
    const bookings = createBookingStore({ prisma });
    const request = { ticketId: newTicketId(0), eventId: 1, userId: 2 };
    const label = act === 'giveUp' ? '1-2-1' : '1-2-2';
    const resume = await stopStandby();
    const claim = { ...request, generation: 1, seats: [label], hold: false };
    const saving = expect(bookings.save([claim])).rejects.toThrow(); // its answer is lost
    await loseAnswers();
    await saving;
    const reading = act === 'giveUp' ? bookings.giveUp(request) : bookings.findRecordedResults([request]);
    expect(await Promise.race([reading, sleep(2_000, 'waits')])).toBe('waits');
    resume();
    await reading;
    expect(await savedOn(system.standbyUrl, request.ticketId)).toBe('CONFIRMED');
    await prisma.$disconnect();
  },
);

test('a part that starts warns of a connected standby that no commit waits for', async () => {
  const { primaryUrl, output, startWorker } = system;
  const warning = '"setting":"postgres asynchronous standbys","value":"1"';
  expect(output()).not.toContain(warning);
  await untilStreaming(primaryUrl, false);
  const worker = startWorker();
  await until(() => worker.output().includes(warning), 20_000, worker.output);
  await untilStreaming(primaryUrl, true);
});

test('a promotion expires the cursors of the feed, and its changes can be read again', async () => {
  const { url, primaryUrl, standbyUrl, startApi } = system;
  const asOperator = bearer(ADMIN_TOKEN);
  const read = async (at: string, query: string) =>
    (await send(at, 'GET', `/api/feed?limit=1000${query}`, undefined, asOperator)).body;
  const wish = { eventId: 1, userId: 3, count: 1 };
  const { id } = (await send(url, 'POST', '/api/bookings?wait=20', wish)).body;
  const booking = expect.objectContaining({ id });
  const before = await read(url, '');
  const changes = before.changes as Change[];
  expect(changes).toContainEqual(expect.objectContaining({ data: expect.objectContaining({ booking }) }));
  expect((await read(url, `&after=${before.next}`)).code).toBeUndefined();

  await untilStreaming(primaryUrl, false); // the old primary goes on without it
  await promote(standbyUrl);
  const promoted = await startApi(standbyUrl);
  for (const after of [before.next, changes[0]?.cursor])
    expect(await read(promoted.url, `&after=${after}`)).toMatchObject({ status: 410, code: 'CURSOR_EXPIRED' });
  const again = await read(promoted.url, '');
  const idsOf = (page: unknown) => (page as Change[]).map((change) => change.id);
  expect(idsOf(again.changes).slice(0, changes.length)).toEqual(idsOf(changes));
  expect((await read(promoted.url, `&after=${again.next}`)).code).toBeUndefined();
});
