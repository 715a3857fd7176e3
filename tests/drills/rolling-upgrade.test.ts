import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { freePort } from '../../local/embedded/free-port.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { projectRoot } from '../../shared/platform/root.ts';
import { openSocket, send } from '../support/client.ts';
import { copyOfDatabase, emptyDatabase } from '../support/databases.ts';
import { cleanUp, launch, until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { buildVersionBefore, hasVersionBefore } from '../support/version-before.ts';

/*
 * Both versions side by side on the same servers, as during an upgrade: `before` is the version before, `now` is this
 * one. docs/deploy.md has the order of an upgrade, and these scenes show what it rests on.
 */

const isPossible = hasVersionBefore();
if (!isPossible) process.stderr.write('skipped in a shallow clone: an upgrade from the version before\n');

type Version = 'before' | 'now';

const ADMIN_TOKEN = 'an-operator-of-both-versions-side-by-side';
const asOperator = { authorization: `Bearer ${ADMIN_TOKEN}` };

/** Milliseconds in which the jobs of a killed worker come to another. */
const TAKEN_OVER_MS = 30_000;

const folders: Record<Version, string> = { now: projectRoot, before: '' };

const startProgram = (version: Version, program: string, env: Record<string, string>) =>
  launch(process.execPath, [`build/${program}.js`], env, folders[version]);

/** The database that each scene gets a copy of: it has the tables of both versions. */
let migrated = '';

async function migrateByBoth(): Promise<void> {
  migrated = await emptyDatabase();
  for (const version of ['before', 'now'] as const)
    expect(await startProgram(version, 'commands/migrate', { DATABASE_URL: migrated }).ended).toMatchObject({
      code: 0,
    });
}

/** PostgreSQL and Redis for one scene, and processes of either version on them. */
async function startServers() {
  const [databaseUrl, redis] = await Promise.all([copyOfDatabase(migrated), ownRedis()]);
  const settings = {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis.url,
    ADMIN_TOKEN,
    RATE_LIMIT: 'off',
    LOG_LEVEL: 'info',
  };
  const start = (version: Version, program: string, env: Record<string, string> = {}) =>
    startProgram(version, program, { ...settings, ...env });
  const client = await connectPostgres({ connectionString: databaseUrl });

  const probe = new Redis(redis.url, { connectionName: 'probe' });

  return {
    client,
    /** Seats of the first row that are taken in Redis, also those whose booking is not saved yet. */
    seatsTakenInRow1: () => probe.bitcount('{s0}:seats:1:1:1'),
    async startApi(version: Version) {
      const port = await freePort();
      const api = start(version, 'api/main', { PORT: String(port) });
      await until(() => api.output().includes('api ready'), 30_000, api.output);
      return `http://127.0.0.1:${port}`;
    },
    async startWorker(version: Version) {
      const worker = start(version, 'workers/main');
      await until(() => worker.output().includes('worker ready'), 30_000, worker.output);
      return worker;
    },
    /** Redis and PostgreSQL agree, and no seat was sold twice. */
    async expectNoDifferences(): Promise<void> {
      const { code, output } = await start('now', 'commands/audit').ended;
      expect(output).toMatch(/: 0 differences/);
      expect(code).toBe(0);
    },
    async close(): Promise<void> {
      await cleanUp();
      await client.end();
      probe.disconnect();
      await redis.release();
    },
  };
}

let servers: Awaited<ReturnType<typeof startServers>>;

const reserve = async (api: string, wish: object): Promise<string> => {
  const { status, body } = await send(api, 'POST', '/reserve', wish);
  expect({ status, body }).toMatchObject({ status: 201 });
  return String(body.ticketId);
};
const hold = (api: string, body: object, headers: Record<string, string> = {}) =>
  send(api, 'POST', '/api/bookings', { eventId: 1, userId: 1, ...body }, headers);
const heldNow = async (api: string, wish: object) => {
  const { status, body } = await hold(api, wish, { prefer: 'wait=30' });
  expect({ status, body }).toMatchObject({ status: 201, body: { status: 'PENDING' } });
  return String(body.id);
};
const viewOf = async (api: string, ticketId: string) =>
  (await send(api, 'GET', `/api/tickets/${ticketId}?wait=30`)).body;
const seatsSold = async () => Number((await servers.client.query('SELECT count(*) FROM seat')).rows[0].count);

/** Follows tickets over a socket of an API. Returns their outcomes by ticket. */
async function follow(api: string, ticketIds: readonly string[]) {
  const { socket, next, send: say } = await openSocket(api);
  for (const ticketId of ticketIds) say({ type: 'subscribe', ticketId });
  return {
    async outcomes(): Promise<Map<string, Record<string, unknown>>> {
      const found = new Map<string, Record<string, unknown>>();
      while (found.size < ticketIds.length) {
        const message = await next();
        if (message.type === 'ticket' && message.status !== 'queued') found.set(String(message.ticketId), message);
      }
      socket.close();
      return found;
    },
  };
}

/** Lets no worker save a booking until the returned function is called. */
async function stopSaving(): Promise<() => Promise<void>> {
  await servers.client.query('BEGIN');
  await servers.client.query('LOCK TABLE booking IN EXCLUSIVE MODE');
  return async () => void (await servers.client.query('ROLLBACK'));
}

beforeAll(async () => {
  if (!isPossible) return;
  folders.before = mkdtempSync(join(tmpdir(), 'frontrow-version-before-'));
  buildVersionBefore(folders.before);
  await migrateByBoth();
});
afterAll(() => rmSync(folders.before, { recursive: true, force: true }));
beforeEach(async () => {
  if (isPossible) servers = await startServers();
});
afterEach(() => servers?.close());

(isPossible ? describe : describe.skip)('an upgrade', () => {
  test.each([
    { first: 'before', second: 'now', ending: 'the dead worker saves late' },
    { first: 'before', second: 'now', ending: 'its statement is lost' },
    { first: 'now', second: 'before', ending: 'the dead worker saves late' },
    { first: 'now', second: 'before', ending: 'its statement is lost' },
  ] as const)(
    'old tickets that a worker of $first decided before it was killed are settled by $second: $ending',
    async ({ first, second, ending }) => {
      const [api, dying] = await Promise.all([servers.startApi('before'), servers.startWorker(first)]);
      await viewOf(api, await reserve(api, { zone: 4, row: 1, count: 1 })); // its house is open
      const save = await stopSaving();
      const tickets = await Promise.all(Array.from({ length: 8 }, () => reserve(api, { zone: 1, row: 1, count: 2 })));
      const following = await follow(api, tickets);
      // The first batch waits to be saved, the others wait for it.
      await until(async () => (await servers.seatsTakenInRow1()) > 0, 60_000, dying.output);
      dying.kill('SIGKILL');
      await dying.ended;
      if (ending === 'its statement is lost')
        await servers.client.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
      await save();
      await servers.startWorker(second);
      const outcomes = await following.outcomes();
      for (const ticketId of tickets) {
        const view = await viewOf(api, ticketId);
        expect(view).toMatchObject({
          ticketId,
          status: 'booked',
          booking: { id: ticketId, seatsCount: 2, zone: 1, row: 1 },
        });
        expect(outcomes.get(ticketId)).toEqual({ type: 'ticket', ...view });
      }
      expect(await seatsSold()).toBe(17);
      await servers.expectNoDifferences();
    },
    120_000,
  );

  test('a queue full of old jobs: new workers decide them, and the old API shows each outcome', async () => {
    const api = await servers.startApi('before');
    const wishes = Array.from({ length: 300 }, (_, i) => ({ zone: 1 + (i % 2), row: 1 + (i % 5), count: 3 }));
    const sales = await Promise.all(wishes.map((wish) => reserve(api, wish))); // 195 seats for 180 requests of three
    const holds = await Promise.all(
      Array.from({ length: 30 }, (_, i) => hold(api, { userId: 1 + i, zone: 3, count: 2 })),
    );
    const tickets = [...sales, ...holds.map(({ body }) => String(body.ticketId))];
    const following = await follow(api, tickets);
    const [nowApi] = await Promise.all([
      servers.startApi('now'),
      servers.startWorker('now'),
      servers.startWorker('now'),
    ] as const);
    const outcomes = await following.outcomes();
    const statuses = { booked: 0, rejected: 0 };
    for (const ticketId of tickets) {
      const view = await viewOf(api, ticketId);
      statuses[view.status as 'booked' | 'rejected'] += 1;
      expect(outcomes.get(ticketId)).toEqual({ type: 'ticket', ...view });
      expect(await viewOf(nowApi, ticketId)).toEqual(view);
    }
    expect(statuses).toEqual({ booked: 10 * 21 + 30, rejected: 90 });
    await servers.expectNoDifferences();
  }, 120_000);

  /** Requests with a key for seats of which the first sale takes what the second wishes. */
  const wishes = { booked: { seats: ['1-1-1', '1-1-2'] }, rejected: { seats: ['1-1-2'] } };
  const withKey = (api: string, name: keyof typeof wishes, headers = {}) =>
    hold(api, wishes[name], { 'idempotency-key': `a-key-whose-request-is-${name}`, ...headers });
  const ticketOf = async (api: string, name: keyof typeof wishes) => {
    const { body } = await withKey(api, name);
    return String(body.ticketId ?? body.id);
  };
  async function expectOutcomes(api: string, tickets: Record<keyof typeof wishes, string>) {
    const [booked, rejected] = [
      await withKey(api, 'booked', { prefer: 'wait=30' }),
      await withKey(api, 'rejected', { prefer: 'wait=30' }),
    ];
    expect([booked.status, booked.body]).toMatchObject([201, { id: tickets.booked }]);
    expect([rejected.status, rejected.body]).toMatchObject([409, { code: 'SEAT_TAKEN' }]);
    expect(await viewOf(api, tickets.rejected)).toMatchObject({ status: 'rejected', code: 'SEAT_TAKEN' });
  }
  async function expectSameTickets(api: string, tickets: Record<keyof typeof wishes, string>): Promise<void> {
    for (const name of ['booked', 'rejected'] as const) expect(await ticketOf(api, name)).toBe(tickets[name]);
    const other = await hold(api, { seats: ['1-1-5'] }, { 'idempotency-key': 'a-key-whose-request-is-booked' });
    expect(other.body).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
  }

  test('a key that was used at an old API leads to the same ticket at both, before and after its outcome', async () => {
    const [beforeApi, nowApi] = await Promise.all([servers.startApi('before'), servers.startApi('now')]);
    const tickets = { booked: await ticketOf(beforeApi, 'booked'), rejected: await ticketOf(beforeApi, 'rejected') };
    for (const api of [nowApi, beforeApi]) await expectSameTickets(api, tickets);
    await servers.startWorker('now');
    for (const api of [beforeApi, nowApi, beforeApi]) await expectOutcomes(api, tickets);
    expect(await seatsSold()).toBe(2);
    await servers.expectNoDifferences();
  }, 120_000);

  test('a key that was used at a new API leads to the same ticket at an old one, which shows no outcome', async () => {
    const [beforeApi, nowApi] = await Promise.all([servers.startApi('before'), servers.startApi('now')]);
    const tickets = { booked: await ticketOf(nowApi, 'booked'), rejected: await ticketOf(nowApi, 'rejected') };
    for (const api of [beforeApi, nowApi]) await expectSameTickets(api, tickets);
    await servers.startWorker('now');
    await expectOutcomes(nowApi, tickets);
    for (const name of ['booked', 'rejected'] as const) {
      const queued = { ticketId: tickets[name], status: 'queued' };
      expect(await withKey(beforeApi, name)).toMatchObject({ status: 202, body: queued });
      expect(await send(beforeApi, 'GET', `/api/tickets/${tickets[name]}`)).toMatchObject({
        status: 200,
        body: queued,
      });
    }
    await expectOutcomes(nowApi, tickets);
    expect(await seatsSold()).toBe(2);
    await servers.expectNoDifferences();
  }, 120_000);

  test('a new API accepts while only old workers run: a new worker brings every outcome', async () => {
    const [beforeApi, nowApi, oldWorker] = await Promise.all([
      servers.startApi('before'),
      servers.startApi('now'),
      servers.startWorker('before'),
    ] as const);
    const wish = { zone: 1, row: 1, count: 2 };
    const both = await Promise.all(
      Array.from({ length: 20 }, async () => ({
        old: await reserve(beforeApi, wish),
        new: await reserve(nowApi, wish),
      })),
    );
    const oldViews = await Promise.all(both.map((pair) => viewOf(beforeApi, pair.old)));
    expect(oldViews.map(({ status }) => status)).not.toContain('queued');
    const following = await follow(
      nowApi,
      both.map((pair) => pair.new),
    );
    await sleep(2_000); // the old worker meets the new jobs
    await servers.startWorker('now');
    oldWorker.kill('SIGTERM'); // it may have taken a job once more, which then waits for a minute
    const outcomes = await following.outcomes();
    for (const pair of both) {
      const view = await viewOf(nowApi, pair.new);
      expect(outcomes.get(pair.new)).toEqual({ type: 'ticket', ...view });
      expect(await viewOf(nowApi, pair.old)).toEqual(await viewOf(beforeApi, pair.old));
      expect(await send(beforeApi, 'GET', `/api/tickets/${pair.new}`)).toMatchObject({ status: 404 });
    }
    const all = [...oldViews, ...outcomes.values()];
    expect(all.filter(({ status }) => status === 'booked')).toHaveLength(32);
    expect(all.filter(({ status }) => status === 'rejected')).toHaveLength(8);
    expect(await seatsSold()).toBe(64);
    await servers.expectNoDifferences();
  }, 240_000);

  test('old holds and sales are confirmed, extended, cancelled, returned and expired by the new version', async () => {
    const [beforeApi, worker] = await Promise.all([servers.startApi('before'), servers.startWorker('before')]);
    const held = await Promise.all(
      [1, 2, 3, 4, 5].map((start) => heldNow(beforeApi, { seats: [`1-1-${2 * start}`, `1-1-${2 * start + 1}`] })),
    );
    const [confirmed, extended, cancelled, returned, expired] = held as [string, string, string, string, string];
    await send(beforeApi, 'POST', `/api/bookings/${returned}/confirm?wait=30`, { userId: 1 });
    const sold = await viewOf(beforeApi, await reserve(beforeApi, { zone: 1, row: 2, count: 2 }));
    worker.kill('SIGTERM');
    await worker.ended;

    const [api] = await Promise.all([servers.startApi('now'), servers.startWorker('now')]);
    // The version before saved no prices: its bookings have those of their zones.
    expect((await send(api, 'GET', `/api/bookings/${extended}`)).body).toMatchObject({
      total: 10_000,
      currency: 'EUR',
    });
    const change = (id: unknown, what: string, body: object, headers = {}) =>
      send(api, 'POST', `/api/bookings/${id}/${what}?wait=30`, body, headers);
    expect((await change(confirmed, 'confirm', { userId: 1 })).body).toMatchObject({ status: 'CONFIRMED' });
    expect((await change(extended, 'extend', { userId: 1 })).body).toMatchObject({ status: 'PENDING' });
    expect((await send(api, 'DELETE', `/api/bookings/${cancelled}?wait=30`, { userId: 1 })).body).toMatchObject({
      status: 'CANCELLED',
    });
    for (const id of [returned, sold.ticketId])
      expect((await change(id, 'return', {}, asOperator)).body).toMatchObject({ status: 'RETURNED' });
    await servers.client.query('UPDATE booking SET expires_at = clock_timestamp() WHERE id = $1', [expired]);
    await until(
      async () => (await send(api, 'GET', `/api/bookings/${expired}`)).body.status === 'EXPIRED',
      TAKEN_OVER_MS,
    );
    const { entries } = (await send(api, 'GET', `/api/bookings/${cancelled}/history`)).body;
    expect(entries).toMatchObject([
      { kind: 'create', total: 10_000 },
      { kind: 'cancel', total: 10_000 },
    ]);
    // Each seat that became free is sold once more, by both ways of selling.
    for (const start of [6, 8]) await heldNow(api, { seats: [`1-1-${start}`, `1-1-${start + 1}`] });
    for (const wish of [
      { zone: 1, row: 1, start: 9, count: 2 },
      { zone: 1, row: 2, start: (sold.booking as { startIndex: number }).startIndex, count: 2 },
    ])
      expect(await viewOf(api, await reserve(api, wish))).toMatchObject({ status: 'booked' });
    expect(await viewOf(api, await reserve(api, { zone: 1, row: 1, start: 1, count: 2 }))).toMatchObject({
      code: 'SEAT_TAKEN',
    });
    await servers.expectNoDifferences();
  }, 120_000);
});
