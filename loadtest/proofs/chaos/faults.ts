import { spawnSync } from 'node:child_process';
import { closeSync, cpSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { WebSocket } from 'ws';
import { jobs } from '../../../shared/contract/jobs.ts';
import { keysOf } from '../../../shared/stores/redis/keys.ts';
import type { FaultyLink } from '../../kit/proxy.ts';
import type { Ledger } from './ledger.ts';
import type { PartName, Rig } from './rig.ts';
import { allOperate, allReadable, freezeApi, makeUnreadable } from './silent-stops.ts';
import { sql } from './verdict.ts';

/** What a fault works on: the system, numbers from the run's seed, what clients know, and where to say what is done. */
type Scene = { rig: Rig; random: () => number; ledger: Ledger; say: (line: string) => void };

/** One way to break a system. */
export type Fault = {
  /** What happens, for people. */
  about: string;
  /** Whether tickets without an outcome may be gone afterwards: Redis has lost what it had confirmed. */
  mayForget?: true;
  /** PostgreSQL's data has to lie on a small disk of its own. */
  smallDisk?: true;
  /** Milliseconds after its end in which everything must work again, where it is less than for others. */
  recoveryMs?: number;
  /** Whether the parts work again that only this fault breaks and clients do not see. */
  isOver?: (rig: Rig) => Promise<boolean>;
  /** Breaks it, and resolves when nothing is broken any more from outside; what is left is Frontrow's own work. */
  inject: (scene: Scene) => Promise<void>;
};

const between = (random: () => number, least: number, most: number) => least + random() * (most - least);

/** Ways to keep a system busy with copies of its jobs: how many it takes, and how often it looks. */
const MAX_COPIES = 400;
const COPY_LOOK_MS = 15;

async function killPart({ rig, random, say }: Scene, kind: 'api' | 'worker', times: number): Promise<void> {
  for (let kill = 0; kill < times; kill += 1) {
    await sleep(between(random, 100, 1_500));
    const victim: PartName = `${kind} ${random() < 0.5 ? 1 : 2}`;
    say(`kill -9 ${victim}`);
    await rig.signal(victim, 'SIGKILL');
  }
}

async function killServer(server: { kill: () => Promise<void>; start: () => Promise<void> }, downMs: number) {
  await server.kill();
  await sleep(downMs);
  await server.start();
}

async function withRedis<Result>(rig: Rig, act: (redis: Redis) => Promise<Result>): Promise<Result> {
  // Waits until Redis is back: what is done to a queue by halves would be a fault of ours.
  const redis = new Redis(rig.redis().url, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined); // what was asked says so
  try {
    return await act(redis);
  } finally {
    redis.disconnect();
  }
}

/** Redis is back with what it had some seconds ago: a copy of its log from then takes the place of the log. */
async function turnRedisBack({ rig, random, say }: Scene, backMs: number): Promise<void> {
  const log = join(rig.folder, 'redis', 'appendonlydir');
  const before = `${log}.before`;
  await sleep(between(random, 0, 1_000));
  cpSync(log, before, { recursive: true });
  say(`copied the log of Redis, to come back in ${backMs / 1000} s`);
  await sleep(backMs);
  await rig.redis().kill();
  rmSync(log, { recursive: true });
  renameSync(before, log);
  await rig.redis().start();
}

/** A replica takes over that has missed what was written last. */
async function promoteReplica({ rig, random, say }: Scene): Promise<void> {
  const replica = await rig.anotherRedis('replica');
  const [main, other] = [new URL(rig.redis().url), new Redis(replica.url)];
  other.on('error', () => undefined);
  try {
    await other.replicaof(main.hostname, Number(main.port));
    while (!(await other.info('replication')).includes('master_link_status:up')) await sleep(50);
    await sleep(between(random, 500, 1_500));
    // It follows nobody any more, and its master goes on to confirm: what is confirmed from here on, it never sees.
    await other.replicaof('127.0.0.1', 1);
    const missedMs = between(random, 300, 2_000);
    await sleep(missedMs);
    await rig.redis().kill();
    await other.call('REPLICAOF', 'NO', 'ONE');
    say(`promoted a replica that missed ${Math.round(missedMs)} ms`);
    rig.useRedis(replica);
  } finally {
    other.disconnect();
  }
}

async function fillRedis({ rig, random, say }: Scene): Promise<void> {
  await withRedis(rig, async (redis) => {
    const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
    say(`maxmemory is ${used}: full`);
    await redis.config('SET', 'maxmemory', used);
    await sleep(between(random, 3_000, 6_000));
    // From here on it is 90% full: what is queued drains, nothing new is taken.
    await redis.config('SET', 'maxmemory', Math.round(used / 0.9));
    await sleep(3_000);
    await redis.config('SET', 'maxmemory', 0);
  });
}

/** Fills PostgreSQL's disk, and frees it after a while. PostgreSQL may have ended over it. */
async function fillDisk({ rig, random, say }: Scene): Promise<void> {
  const filler = join(diskOf(rig.folder), 'filler');
  const file = openSync(filler, 'w');
  const chunk = Buffer.alloc(256 * 1024);
  try {
    for (;;) writeSync(file, chunk);
  } catch {
    fsyncSync(file); // no space is left, which is what was asked for
  }
  closeSync(file);
  say('the disk of PostgreSQL is full');
  // Half of the times it has to write its log somewhere new, which it does not survive, nor does the question.
  if (random() < 0.5) await sql(rig, 'SELECT pg_switch_wal()').catch(() => undefined);
  await sleep(between(random, 4_000, 8_000));
  rmSync(filler);
  if (await rig.postgres.ended()) {
    say('PostgreSQL had ended: starting it');
    await rig.postgres.start();
  }
}

/** COMMITs wait for a standby that there is not, and PostgreSQL is restarted while they do: written, and never confirmed. */
async function restartInCommit({ rig, random, say }: Scene): Promise<void> {
  await sql(rig, `ALTER SYSTEM SET synchronous_standby_names = 'nobody'`);
  await sql(rig, 'SELECT pg_reload_conf()');
  const waiting = `SELECT count(*)::int AS count FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;
  const deadline = performance.now() + 10_000;
  let count = 0;
  while (count < 2 && performance.now() < deadline) {
    await sleep(50);
    count = (await sql<{ count: number }>(rig, waiting))[0]?.count ?? 0;
  }
  const hard = random() < 0.5;
  say(`${hard ? 'kill -9' : 'restart'} of PostgreSQL while ${count} COMMITs are under way`);
  await sql(rig, 'ALTER SYSTEM RESET synchronous_standby_names');
  await (hard ? rig.postgres.kill() : rig.postgres.stop());
  await rig.postgres.start();
}

/** Jobs come again when they are done, and those that wait come in another order. */
async function copyJobs({ rig, random, say }: Scene): Promise<void> {
  await withRedis(rig, async (redis) => {
    const { tag } = keysOf(0);
    const queues = [jobs.book.queue, jobs.change.queue].map(
      (name) => new Queue(name, { connection: redis, prefix: tag }),
    );
    for (const queue of queues) queue.on('error', () => undefined); // its commands report the fault
    const copies = new Map<string, { queue: Queue; name: string; data: unknown }>();
    const collect = async () => {
      for (const queue of queues) {
        for (const job of await queue.getJobs(['waiting', 'active', 'delayed'], 0, 50)) {
          const wanted = job?.name === 'book' || job?.name === 'change';
          if (wanted && copies.size < MAX_COPIES)
            copies.set(`${queue.name} ${job.id}`, { queue, name: job.name, data: job.data });
        }
      }
    };
    const until = performance.now() + 4_000;
    while (performance.now() < until) {
      await collect();
      await sleep(COPY_LOOK_MS);
    }
    const [booking] = queues;
    await booking?.pause();
    await sleep(1_000);
    const waiting = (await booking?.getJobs(['waiting'])) ?? [];
    for (const job of waiting) await job.remove();
    for (const job of shuffled(waiting, random))
      await booking?.add(job.name, job.data, { jobId: `${job.id}-late`, ...job.opts });
    await booking?.resume();
    say(`${waiting.length} jobs in another order, ${copies.size} delivered twice`);
    for (const { queue, name, data } of shuffled([...copies.values()], random)) {
      await queue.add(name, data, { attempts: 100, removeOnComplete: true });
    }
    await Promise.all(queues.map((queue) => queue.close()));
  });
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/**
 * Clocks are off while jobs fail, so that schedules and retries are delayed or left behind; then all are right again.
 */
async function setClocksOff({ rig, random, say }: Scene): Promise<void> {
  const minuteMs = 60_000;
  const off = { 'api 1': 15, 'api 2': -15, 'worker 1': 60, 'worker 2': -60 } as const satisfies Record<
    PartName,
    number
  >;
  const parts = Object.keys(off) as PartName[];
  await Promise.all(parts.map((name) => rig.shiftClock(name, off[name] * minuteMs)));
  await sleep(3_000);
  await killServer(rig.postgres, between(random, 1_000, 2_000));
  await sleep(3_000);
  await Promise.all(parts.map((name) => rig.shiftClock(name, 0)));
  say('all clocks are right again');
}

/** Whether each schedule has its next turn within seconds, and every hold that ran out has ended. */
async function isOnSchedule(rig: Rig): Promise<boolean> {
  const schedulers = await withRedis(rig, async (redis) => {
    const queue = new Queue(jobs.expire.queue, { connection: redis, prefix: keysOf(0).tag });
    try {
      return await queue.getJobSchedulers();
    } finally {
      await queue.close();
    }
  });
  const nextMs = schedulers.map(({ next = 0 }) => next);
  if (nextMs.length === 0 || nextMs.some((ms) => Math.abs(ms - Date.now()) > 10_000)) return false;
  type Row = { overdue: number };
  const [row] = await sql<Row>(
    rig,
    `SELECT count(*)::int AS overdue FROM booking
     WHERE status = 'PENDING' AND expires_at < clock_timestamp() - interval '3 seconds'`,
  );
  return row?.overdue === 0;
}

/** Sockets that ask for much and never read. */
async function neverRead({ rig, ledger, say }: Scene): Promise<void> {
  const sockets = await Promise.all(
    Array.from({ length: 50 }, async (_, i) => {
      const socket = new WebSocket(`${String(rig.urls[i % rig.urls.length]).replace('http', 'ws')}/ws`);
      socket.on('error', () => undefined); // it is closed for reading too slowly, as it should
      await new Promise((resolve) => socket.once('open', resolve).once('close', resolve));
      socket.pause();
      return socket;
    }),
  );
  const tickets = [...ledger.accepted.keys()].slice(-1_500);
  for (const socket of sockets) {
    socket.send(JSON.stringify({ type: 'watch', eventId: 1 }));
    for (const ticketId of tickets) socket.send(JSON.stringify({ type: 'subscribe', ticketId }));
  }
  say(`${sockets.length} sockets follow ${tickets.length} tickets each and never read`);
  await sleep(6_000);
  for (const socket of sockets) socket.terminate();
}

/** One of the two servers, or both, by the run's seed. */
function proxiesOf({ rig, random }: Scene): { proxies: FaultyLink[]; names: string } {
  const which = random();
  if (which < 1 / 3) return { proxies: [rig.redisProxy], names: 'Redis' };
  if (which < 2 / 3) return { proxies: [rig.postgresProxy], names: 'PostgreSQL' };
  return { proxies: [rig.redisProxy, rig.postgresProxy], names: 'Redis and PostgreSQL' };
}

async function badNetwork(scene: Scene, how: 'delay' | 'half-open' | 'reset'): Promise<void> {
  const { random, say } = scene;
  const { proxies, names } = proxiesOf(scene);
  const forMs = how === 'half-open' ? between(random, 6_000, 20_000) : between(random, 3_000, 6_000);
  const delayMs = Math.round(between(random, 30, 300));
  say(`${how === 'delay' ? `delay of ${delayMs} ms` : how} to ${names} for ${(forMs / 1000).toFixed(1)} s`);
  const until = performance.now() + forMs;
  if (how === 'delay') for (const proxy of proxies) proxy.delay(delayMs);
  if (how === 'half-open') for (const proxy of proxies) proxy.fallSilent();
  while (performance.now() < until) {
    if (how === 'reset') for (const proxy of proxies) proxy.reset();
    await sleep(between(random, 100, 600));
  }
  for (const proxy of proxies) proxy.pass();
}

/** Most of the others within a few seconds. */
async function together(scene: Scene): Promise<void> {
  const { random, rig } = scene;
  const parts = [
    () => killPart(scene, 'api', 1),
    () => killPart(scene, 'worker', 1),
    () => killServer(rig.redis(), 500),
    () => killServer(rig.postgres, 500),
    () => badNetwork(scene, 'reset'),
    () => badNetwork(scene, 'delay'),
    () => copyJobs(scene),
    () => neverRead(scene),
  ];
  await Promise.all(
    parts.map(async (part) => {
      await sleep(between(random, 0, 5_000));
      await part();
    }),
  );
}

/** Where a rig's small disk is mounted. */
export const diskOf = (folder: string): string => join(folder, 'disk');

/** Mounts a small file system for a rig's PostgreSQL. Answers false where this process may not. */
export function mountSmallDisk(folder: string): boolean {
  mkdirSync(diskOf(folder), { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=320m', 'frontrow-chaos', diskOf(folder)]).status === 0;
}

export function unmountSmallDisk(folder: string): void {
  if (existsSync(diskOf(folder))) spawnSync('umount', [diskOf(folder)]);
}

/** Every fault by its name, in the order in which they are tried. */
export const faults = {
  'api-kill': { about: 'kill -9 of an API, three times', inject: (scene) => killPart(scene, 'api', 3) },
  'worker-kill': {
    about: 'kill -9 of a worker at a random moment, three times',
    inject: (scene) => killPart(scene, 'worker', 3),
  },
  'redis-kill': {
    about: 'kill -9 of Redis',
    inject: ({ rig, random }) => killServer(rig.redis(), between(random, 0, 3_000)),
  },
  'postgres-kill': {
    about: 'kill -9 of PostgreSQL',
    inject: ({ rig, random }) => killServer(rig.postgres, between(random, 0, 3_000)),
  },
  'postgres-commit': { about: 'restart of PostgreSQL while COMMITs are under way', inject: restartInCommit },
  'redis-wiped': {
    about: 'Redis wiped',
    mayForget: true,
    inject: ({ rig }) => withRedis(rig, (redis) => redis.flushall().then(() => undefined)),
  },
  'redis-old': {
    about: 'Redis back with data from 5 s ago',
    mayForget: true,
    inject: (scene) => turnRedisBack(scene, 5_000),
  },
  'redis-full': { about: 'Redis full (maxmemory), then nearly full', inject: fillRedis },
  'disk-full': { about: "PostgreSQL's disk full", smallDisk: true, inject: fillDisk },
  'replica-promoted': {
    about: 'a Redis replica promoted that missed the last writes',
    mayForget: true,
    inject: promoteReplica,
  },
  'worker-stopped': {
    about: 'SIGSTOP of a worker for longer than its job lock and than a hold, then SIGCONT',
    async inject({ rig, random, say }) {
      const victim: PartName = `worker ${random() < 0.5 ? 1 : 2}`;
      const stoppedMs = between(random, 16_000, 20_000);
      say(`SIGSTOP of ${victim} for ${(stoppedMs / 1000).toFixed(1)} s`);
      await rig.signal(victim, 'SIGSTOP');
      await sleep(stoppedMs);
      await rig.signal(victim, 'SIGCONT');
    },
  },
  'api-frozen': {
    about: 'SIGSTOP of an API for 18 s, then SIGCONT: it does operators’ work again',
    recoveryMs: 30_000,
    isOver: allOperate,
    inject: ({ rig, random, say }) => freezeApi(rig, `api ${random() < 0.5 ? 1 : 2}`, say),
  },
  'unreadable-job': {
    about: 'jobs that no worker can read, until one comes that can',
    recoveryMs: 30_000,
    isOver: allReadable,
    inject: ({ rig, ledger, say }) =>
      withRedis(rig, (redis) => makeUnreadable(rig, redis, (sinceMs) => ledger.bookedAfter(sinceMs) > 0, say)),
  },
  'jobs-twice': { about: 'jobs delivered twice, and out of order', inject: copyJobs },
  'clock-off': {
    about:
      'the clock of one API 15 minutes ahead, of the other behind; of one worker an hour ahead, of the other behind',
    recoveryMs: 30_000,
    isOver: (rig) => isOnSchedule(rig),
    inject: setClocksOff,
  },
  delay: { about: 'a slow network to Redis, PostgreSQL or both', inject: (scene) => badNetwork(scene, 'delay') },
  'half-open': {
    about: 'connections to Redis, PostgreSQL or both that fall silent',
    inject: (scene) => badNetwork(scene, 'half-open'),
  },
  reset: {
    about: 'connections to Redis, PostgreSQL or both reset, again and again',
    inject: (scene) => badNetwork(scene, 'reset'),
  },
  'never-reads': { about: '50 sockets that subscribe to much and never read', inject: neverRead },
  together: { about: 'most of these within a few seconds', inject: together },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;
