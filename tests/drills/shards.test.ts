import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import { defaults } from '../../shared/config.ts';
import { shardOfEvent } from '../../shared/domain/ticket-id.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { connected, openRedis } from '../../shared/platform/redis.ts';
import { prepareDatabase } from '../../shared/stores/prepare.ts';
import { keysOf } from '../../shared/stores/redis/keys.ts';
import { send } from '../support/client.ts';
import { newDatabase } from '../support/databases.ts';
import { cleanUp, dataFolder, run, until } from '../support/processes.ts';
import { ownCluster } from '../support/redis-cluster.ts';
import { ownRedis, type TestRedis } from '../support/redis-servers.ts';
import { setRoom, visitorAt } from '../support/visitors.ts';

/** Seats of an event, in one row. */
const SEATS = 20;

let server: TestRedis;
let settings: Record<string, string>;
async function startServers(start: () => Promise<TestRedis>): Promise<void> {
  server = await start();
  settings = {
    DATABASE_URL: await newDatabase(),
    REDIS_URL: server.url,
    DATA_DIR: dataFolder(),
    LOG_LEVEL: 'info',
    OPERATORS_FROM_LOOPBACK: 'true',
  };
  await prepareDatabase(String(settings.DATABASE_URL), { ...defaults, AUTH: 'off' });
}
afterEach(async () => {
  await cleanUp();
  await server.release();
});

const changeTo = (to: number) => run('commands/shards', ['--to', String(to)], settings).ended;

/** An API and a worker with this number of shards. */
async function startParts(shards: number) {
  const environment = { ...settings, SHARDS: String(shards) };
  const [worker, api] = [run('workers/main', [], environment), run('api/main', [], environment)];
  const isReady = () => worker.output().includes('worker ready') && api.output().includes('api ready');
  await until(isReady, 60_000, () => `${worker.output()}\n${api.output()}`);
  const url = `http://127.0.0.1:${/"port":(\d+)/.exec(api.output())?.[1]}`;
  const stopOne = async (part: typeof api) => {
    part.kill('SIGTERM');
    expect((await part.ended).code).toBe(0);
  };
  return { url, stopApi: () => stopOne(api), stopWorker: () => stopOne(worker) };
}

type Answer = Awaited<ReturnType<typeof send>>;

/** Requests of buyers to an API. */
function buyersOf(url: string) {
  const post = (path: string, body: object): Promise<Answer> => send(url, 'POST', path, body);
  return {
    createEvent: async () =>
      Number((await post('/api/events', { name: 'Concert', zones: [{ rows: 1, seatsPerRow: SEATS }] })).body.id),
    hold: (eventId: number, seatNumber: string) => post('/api/bookings?wait=20', { eventId, userId: 1, seatNumber }),
    confirm: (id: unknown) => post(`/api/bookings/${id}/confirm?wait=20`, { userId: 1 }),
    giveBack: (id: unknown) => post(`/api/bookings/${id}/return?wait=20`, {}),
    read: async (path: string, id: unknown) => (await send(url, 'GET', `/api/${path}/${id}`)).body,
  };
}

test('the number of shards changes from 1 to 2 and back: bookings go on, and nothing is sold twice', async () => {
  await startServers(ownRedis);
  const redis = openRedis(server.url, 'worker', createLogger({ LOG_LEVEL: 'silent' }, 'test'));
  await connected(redis);
  let parts = await startParts(1);
  let buyers = buyersOf(parts.url);
  const events: number[] = [];
  while (new Set(events.map((id) => shardOfEvent(id, 2))).size < 2) events.push(await buyers.createEvent());

  // A process of each kind that runs, and a job that waits, are refused.
  expect(await changeTo(2)).toMatchObject({ code: 78, output: expect.stringContaining('Stop every API first') });
  await parts.stopWorker();
  const stranded = send(parts.url, 'POST', '/api/bookings?wait=0', { eventId: events[0], userId: 1, count: 1 });
  expect(await stranded).toMatchObject({ status: 202 });
  await parts.stopApi();
  expect(await changeTo(2)).toMatchObject({ code: 78, output: expect.stringContaining('shard 0 has 1 jobs') });
  parts = await startParts(1);
  buyers = buyersOf(parts.url);
  const last = (await stranded).body.ticketId;
  await until(async () => (await buyers.read('tickets', last)).status === 'booked', 20_000);

  let next = 5;
  let held = await Promise.all(events.map((id) => buyers.hold(id, '1-1-4')));
  for (const to of [2, 1]) {
    expect(held.map(({ status }) => status)).toEqual(events.map(() => 201));
    await parts.stopApi();
    await parts.stopWorker();
    await until(async () => (await changeTo(to)).code === 0, 20_000);
    expect(String(await redis.get(keysOf(0).system))).toMatch(new RegExp(` ${to}$`));
    const wrong = await run('api/main', [], { ...settings, SHARDS: String(3 - to) }).ended;
    expect(wrong).toMatchObject({ code: 78, output: expect.stringContaining(`set SHARDS=${to}.`) });

    parts = await startParts(to);
    buyers = buyersOf(parts.url);
    for (const [i, { body }] of held.entries()) {
      const eventId = events[i] ?? 0;
      const [label = ''] = body.seats as string[];
      expect(await buyers.hold(eventId, label)).toMatchObject({ status: 409 });
      expect(await buyers.read('tickets', body.id)).toMatchObject({ status: 'booked' });
      expect(await buyers.confirm(body.id)).toMatchObject({ status: 200, body: { status: 'CONFIRMED' } });
      expect(await buyers.hold(eventId, label)).toMatchObject({ status: 409 });
      expect(await buyers.giveBack(body.id)).toMatchObject({ status: 200, body: { status: 'RETURNED' } });
      expect(await buyers.hold(eventId, label)).toMatchObject({ status: 201 });
    }
    const audit = await run('commands/audit', [], { ...settings, SHARDS: String(to) }).ended;
    expect(audit).toMatchObject({ code: 0, output: expect.stringMatching(/(: 0 differences\n)+$/) });
    held = await Promise.all(events.map((id) => buyers.hold(id, `1-1-${next}`)));
    next += 1;
  }
  expect((await redis.keys('{s1}:*')).filter((key) => !key.includes(':node:'))).toEqual([]);
  redis.disconnect();
  await parts.stopApi();
  await parts.stopWorker();
});

/** Visitors who wait in each line before the first change. */
const WAITING = 5;

test.each([
  ['a single server', ownRedis],
  ['a cluster', ownCluster],
])(
  'on %s from 1 to 4 and back: sales and holds stay, keys find their bookings, lines keep their order',
  async (_server, start) => {
    await startServers(start);
    let parts = await startParts(1);
    let buyers = buyersOf(parts.url);
    const events: number[] = [];
    while (new Set(events.map((id) => shardOfEvent(id, 4))).size < 4) events.push(await buyers.createEvent());
    const submit = (eventId: number, seatNumber: string, key: string) =>
      send(parts.url, 'POST', '/api/bookings?wait=20', { eventId, userId: 2, seatNumber }, { 'idempotency-key': key });

    const before = await Promise.all(
      events.map(async (eventId) => {
        const [sold, held] = [await buyers.hold(eventId, '1-1-1'), await buyers.hold(eventId, '1-1-3')];
        expect(await buyers.confirm(sold.body.id)).toMatchObject({ status: 200 });
        const key = randomUUID();
        const keyed = await submit(eventId, '1-1-5', key);
        expect(keyed).toMatchObject({ status: 201 });
        await setRoom(parts.url, { mode: 'on', challenge: 'off', paused: true }, eventId);
        const visitors: { token: string; position: number | undefined }[] = [];
        for (let i = 0; i < WAITING; i += 1) {
          const visitor = visitorAt(parts.url, eventId);
          const { position } = await visitor.join();
          visitors.push({ token: visitor.token, position });
        }
        return { eventId, sold, held, keyed, key, visitors };
      }),
    );

    for (const to of [4, 1]) {
      await parts.stopApi();
      await parts.stopWorker();
      await until(async () => (await changeTo(to)).code === 0, 20_000);
      parts = await startParts(to);
      buyers = buyersOf(parts.url);
      for (const { eventId, sold, held, keyed, key, visitors } of before) {
        for (const { body } of [sold, held, keyed])
          expect(await buyers.read('tickets', body.id)).toMatchObject({ status: 'booked' });
        expect(await buyers.read('bookings', sold.body.id)).toMatchObject({ status: 'CONFIRMED' });
        expect(await buyers.read('bookings', held.body.id)).toMatchObject({ status: 'PENDING' });
        for (const [i, { token, position }] of visitors.entries()) {
          const visitor = visitorAt(parts.url, eventId);
          visitor.token = token;
          expect(await visitor.poll()).toMatchObject({ status: 'waiting', position, ahead: i });
        }
        const last = visitorAt(parts.url, eventId);
        const joined = await last.join();
        expect(joined).toMatchObject({ ahead: visitors.length });
        visitors.push({ token: last.token, position: joined.position });
        await setRoom(parts.url, { mode: 'off' }, eventId); // else the booking needs an admission
        const repeated = await submit(eventId, '1-1-5', key);
        expect(repeated).toMatchObject({ status: 201, body: { id: keyed.body.id } });
        await setRoom(parts.url, { mode: 'on', paused: true }, eventId);
      }
      const audit = await run('commands/audit', [], { ...settings, SHARDS: String(to) }).ended;
      expect(audit).toMatchObject({ code: 0, output: expect.stringMatching(/(: 0 differences\n)+$/) });
    }
    const [{ eventId = 0, visitors = [] } = {}] = before;
    await setRoom(parts.url, { paused: false }, eventId);
    for (const { token } of visitors) {
      const visitor = visitorAt(parts.url, eventId);
      visitor.token = token;
      await visitor.admitted();
    }
    await parts.stopApi();
    await parts.stopWorker();
  },
);
