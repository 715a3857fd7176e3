import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defaults } from '../../shared/config.ts';
import { DEFAULT_EVENT } from '../../shared/contract/ids.ts';
import { shardOfEvent } from '../../shared/domain/ticket-id.ts';
import { keysOf } from '../../shared/stores/redis/keys.ts';
import { command, number, seed } from '../kit/command.ts';
import { type HerdProgress, runHerd } from '../kit/herd.ts';
import { countBookings, herdChecks, verifyHerd } from '../kit/herd-verdict.ts';
import { createRandom } from '../kit/random.ts';
import { type ClusterNode, type RedisCluster, startRedisCluster } from '../kit/redis-cluster.ts';
import { figureLines, ms, noneOf } from '../kit/report.ts';
import { ADMIN_TOKEN, createRig, prepareHouse, type Rig, startApi, startPostgres, startProgram } from '../kit/rig.ts';
import { wishIn } from '../kit/seat-wishes.ts';
import { openStores } from '../kit/stores.ts';
import { wordsOf } from '../kit/tally.ts';

/** Shards: more than masters, so that each master has some. */
const SHARDS = 6;

const WORKERS = 3;

/** The share of the herd that is accepted before the master is killed. */
const BEFORE_SHARE = 0.3;

/** Milliseconds from the moment in which the replica rules until the killed server is started again. */
const RESTART_AFTER_MS = 1_000;

/** Milliseconds between two bookings of the quiet event. */
const QUIET_MS = 100;

/** Starts PostgreSQL, a cluster, two APIs and three workers. */
async function startSystem(rig: Rig) {
  const postgres = await startPostgres(rig);
  const cluster = await rig.start(
    () => startRedisCluster(rig),
    (running) => running.stop(),
  );
  await prepareHouse(postgres.url, defaults);
  const environment = {
    ...process.env,
    DATABASE_URL: postgres.url,
    REDIS_URL: cluster.url,
    SHARDS: String(SHARDS),
    REDIS_WAIT_REPLICAS: '1',
    PORT: '0',
    LOG_LEVEL: 'warn',
    ADMIN_TOKEN,
    RATE_LIMIT: 'off',
  };
  for (let worker = 0; worker < WORKERS; worker += 1) await startProgram(rig, 'workers/main', { environment });
  const apis = [await startApi(rig, environment), await startApi(rig, environment)];
  const stores = await rig.start(
    () => openStores({ databaseUrl: postgres.url, redisUrl: cluster.url, shards: SHARDS }, 'producer', 'failover'),
    (opened) => opened.close(),
  );
  return { cluster, stores, urls: apis.map(({ url }) => url) };
}

const masterOfEvent = (cluster: RedisCluster, eventId: number): Promise<ClusterNode> =>
  cluster.masterOf(keysOf(shardOfEvent(eventId, SHARDS)).tag);

const eventBody = z.object({ id: z.int() });

async function send(url: string, body: object): Promise<{ status: number; body: unknown }> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}

/** Creates events until one lies on another master than this. */
async function createQuietEvent(url: string, cluster: RedisCluster, busy: ClusterNode): Promise<number> {
  for (;;) {
    const zones = [{ area: true, capacity: 100_000 }];
    const { body } = await send(`${url}/api/events`, { name: 'Reading', currency: 'EUR', zones });
    const { id } = eventBody.parse(body);
    if ((await masterOfEvent(cluster, id)) !== busy) return id;
  }
}

/** Books places of a quiet event, one after the other, until it is stopped. */
function bookQuietly(urls: readonly string[], eventId: number) {
  const unbooked: string[] = [];
  const bookedMs: number[] = [];
  let isOver = false;
  async function book(): Promise<void> {
    for (let index = 0; !isOver; index += 1) {
      const startedAt = performance.now();
      const booking = { eventId, userId: 1 + index, zone: 1, count: 1 };
      const { status, body } = await send(`${urls[index % urls.length]}/api/bookings?wait=60`, booking);
      if (status === 201) bookedMs.push(performance.now() - startedAt);
      else unbooked.push(`${status} ${JSON.stringify(body)}`);
      await sleep(QUIET_MS);
    }
  }
  const booking = book();
  return {
    bookedMs,
    unbooked,
    async stop(): Promise<void> {
      isOver = true;
      await booking;
    },
  };
}

/** Kills a master, and starts it again once its replica rules. Returns the milliseconds until then. */
async function failOver(cluster: RedisCluster, master: ClusterNode): Promise<number> {
  const killedAt = performance.now();
  await cluster.kill(master);
  await cluster.untilReplaced(master);
  const replacedMs = performance.now() - killedAt;
  console.error(`  a master was killed, its replica rules after ${(replacedMs / 1000).toFixed(1)} s`);
  await sleep(RESTART_AFTER_MS);
  await cluster.restart(master);
  await cluster.untilWhole();
  return replacedMs;
}

/** Notes the longest time between two outcomes of a herd, in milliseconds. */
function createPauseClock() {
  let [settled, changedAt, longest] = [0, 0, 0];
  return {
    note(progress: HerdProgress): void {
      if (progress.settled > settled && settled > 0) longest = Math.max(longest, performance.now() - changedAt);
      if (progress.settled > settled) changedAt = performance.now();
      settled = progress.settled;
    },
    longest: () => longest,
  };
}

async function play({ requests, connections, wishSeed }: { requests: number; connections: number; wishSeed: number }) {
  const rig = createRig('failover');
  try {
    const { cluster, stores, urls } = await startSystem(rig);
    const master = await masterOfEvent(cluster, DEFAULT_EVENT);
    const quietEvent = await createQuietEvent(String(urls[0]), cluster, master);
    const quiet = bookQuietly(urls, quietEvent);
    const house = await stores.events.readHouse(DEFAULT_EVENT);
    const bookingsBefore = await countBookings(stores, DEFAULT_EVENT);
    const random = createRandom(wishSeed);
    const pauses = createPauseClock();
    let failover: Promise<number> | undefined;
    const result = await runHerd({
      urls,
      wish: () => wishIn(random, house?.zones ?? []),
      requests,
      connections,
      repeats: true,
      onProgress(progress) {
        console.error(`  accepted ${progress.accepted}   with an outcome ${progress.settled}`);
        pauses.note(progress);
        if (progress.accepted >= requests * BEFORE_SHARE) failover ??= failOver(cluster, master);
      },
    });
    const replacedMs = await failover;
    await quiet.stop();
    const verdict = await verifyHerd(stores, DEFAULT_EVENT, result, bookingsBefore);
    const booked = [...result.outcomes.values()].filter(({ booking }) => booking !== undefined).length;
    console.log(
      figureLines([
        ['accepted', result.accepted],
        ['booked', booked],
        ['refused before acceptance', wordsOf(result.refused)],
        ['time to accept', `p50 ${ms(result.acceptMs, 0.5)}, p99 ${ms(result.acceptMs, 0.99)}`],
        ['time to outcome', `p50 ${ms(result.outcomeMs, 0.5)}, p99 ${ms(result.outcomeMs, 0.99)}`],
        ['replica rules after', `${((replacedMs ?? 0) / 1000).toFixed(1)} s`],
        ['longest time without an outcome', `${(pauses.longest() / 1000).toFixed(1)} s`],
        ['bookings of the quiet event', `${quiet.bookedMs.length}, slowest ${ms(quiet.bookedMs, 1)}`],
      ]),
    );
    return [
      ...herdChecks(verdict),
      noneOf('every booking of another master is made, refused ones', quiet.unbooked),
      { what: 'the master was killed while the herd came', held: replacedMs !== undefined },
    ];
  } finally {
    await rig.close();
  }
}

await command({
  name: 'failover',
  summary: `A herd on a system of its own whose Redis is a cluster: three masters with a replica each, two APIs, three
workers. In the middle the master of its event is killed, and started again once its replica rules. The clients repeat
what is refused meanwhile. Then PostgreSQL, Redis and the outcomes that the clients got are compared. Another event,
on another master, is booked all the time.`,
  options: {
    requests: number('requests to send', 40_000, { max: 10_000_000 }),
    connections: number('connections, each with one request at a time', 256, { max: 20_000 }),
    seed: seed('seed of the random wishes'),
  },
  run: ({ requests, connections, seed: wishSeed }) => play({ requests, connections, wishSeed }),
});
