import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { between } from '../../kit/random.ts';
import { cutOffMaster, killMasters, moveSlots } from './cluster-faults.ts';
import { areEndedClosed, endEvent } from './event-ends.ts';
import { areHoldsEnded, copyJobs, shiftClocks } from './job-faults.ts';
import { promoteStandby } from './postgres-standby.ts';
import { type Fault, randomPart, type Scene, withRedis } from './scene.ts';
import {
  fillDisk,
  fillRedis,
  killServer,
  promoteReplica,
  promoteWaitedFor,
  restartInCommit,
  restoreOldRedis,
} from './server-faults.ts';
import { allOperate, allReadable, freezeApi, makeUnreadable } from './silent-stops.ts';

/** Sockets that never read, the tickets that each follows, and for how long. */
const SILENT_SOCKETS = 50;
const SILENT_TICKETS = 1_500;
const SILENT_MS = 6_000;

async function killPart({ rig, random, progress }: Scene, kind: 'api' | 'worker', times: number): Promise<void> {
  for (let kill = 0; kill < times; kill += 1) {
    await sleep(between(random, 100, 1_500));
    const victim = randomPart(random, kind);
    progress(`kill -9 ${victim}`);
    await rig.signal(victim, 'SIGKILL');
  }
}

/** Stops a worker for longer than its job lock and than a hold. */
async function stopWorker({ rig, random, progress }: Scene): Promise<void> {
  const victim = randomPart(random, 'worker');
  const stoppedMs = between(random, 16_000, 20_000);
  progress(`SIGSTOP of ${victim} for ${(stoppedMs / 1000).toFixed(1)} s`);
  await rig.signal(victim, 'SIGSTOP');
  await sleep(stoppedMs);
  await rig.signal(victim, 'SIGCONT');
}

/** Opens a socket that never reads. */
async function openSilentSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
  socket.on('error', () => undefined); // the API closes it because it reads too slowly
  await new Promise((resolve) => socket.once('open', resolve).once('close', resolve));
  socket.pause();
  return socket;
}

/** Opens sockets that subscribe to many tickets and never read. */
async function neverRead({ rig, ledger, progress }: Scene): Promise<void> {
  const opening = Array.from({ length: SILENT_SOCKETS }, (_, i) =>
    openSilentSocket(String(rig.urls[i % rig.urls.length])),
  );
  const sockets = await Promise.all(opening);
  const tickets = [...ledger.accepted.keys()].slice(-SILENT_TICKETS);
  for (const socket of sockets) {
    socket.send(JSON.stringify({ type: 'watch', eventId: 1 }));
    for (const ticketId of tickets) socket.send(JSON.stringify({ type: 'subscribe', ticketId }));
  }
  progress(`${sockets.length} sockets follow ${tickets.length} tickets each and never read`);
  await sleep(SILENT_MS);
  for (const socket of sockets) socket.terminate();
}

/** The proxy of one of the two servers, or both. */
function proxiesOf({ rig, random }: Scene) {
  const choice = random();
  if (choice < 1 / 3) return { proxies: [rig.redis.proxy], names: 'Redis' };
  if (choice < 2 / 3) return { proxies: [rig.postgresProxy], names: 'PostgreSQL' };
  return { proxies: [rig.redis.proxy, rig.postgresProxy], names: 'Redis and PostgreSQL' };
}

async function breakNetwork(scene: Scene, kind: 'delay' | 'half-open' | 'reset'): Promise<void> {
  const { random, progress } = scene;
  const { proxies, names } = proxiesOf(scene);
  const durationMs = kind === 'half-open' ? between(random, 6_000, 20_000) : between(random, 3_000, 6_000);
  const delayMs = Math.round(between(random, 30, 300));
  const seconds = (durationMs / 1000).toFixed(1);
  progress(`${kind === 'delay' ? `delay of ${delayMs} ms` : kind} to ${names} for ${seconds} s`);
  const until = performance.now() + durationMs;
  if (kind === 'delay') for (const proxy of proxies) proxy.delay(delayMs);
  if (kind === 'half-open') for (const proxy of proxies) proxy.fallSilent();
  while (performance.now() < until) {
    if (kind === 'reset') for (const proxy of proxies) proxy.reset();
    await sleep(between(random, 100, 600));
  }
  for (const proxy of proxies) proxy.pass();
}

/** Most of the others within a few seconds. */
async function together(scene: Scene): Promise<void> {
  const { random, rig } = scene;
  const injections = [
    () => killPart(scene, 'api', 1),
    () => killPart(scene, 'worker', 1),
    () => killServer(rig.redis.server(), 500),
    () => killServer(rig.postgres, 500),
    () => breakNetwork(scene, 'reset'),
    () => breakNetwork(scene, 'delay'),
    () => copyJobs(scene),
    () => neverRead(scene),
  ];
  const injectLater = async (inject: () => Promise<void>) => {
    await sleep(between(random, 0, 5_000));
    await inject();
  };
  await Promise.all(injections.map(injectLater));
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
    inject: ({ rig, random }) => killServer(rig.redis.server(), between(random, 0, 3_000)),
  },
  'postgres-kill': {
    about: 'kill -9 of PostgreSQL',
    inject: ({ rig, random }) => killServer(rig.postgres, between(random, 0, 3_000)),
  },
  'postgres-commit': { about: 'restart of PostgreSQL while COMMITs are under way', inject: restartInCommit },
  'redis-wiped': {
    about: 'Redis wiped',
    mayForget: true,
    inject: ({ rig }) => withRedis(rig, async (redis) => void (await redis.flushall())),
  },
  'redis-old': {
    about: 'Redis with its data of 5 s ago',
    mayForget: true,
    inject: (scene) => restoreOldRedis(scene, 5_000),
  },
  'redis-full': { about: 'Redis full (maxmemory), then nearly full', inject: fillRedis },
  'disk-full': { about: "PostgreSQL's disk full", needsSmallDisk: true, inject: fillDisk },
  'replica-promoted': {
    about: 'a Redis replica promoted that missed the last writes',
    mayForget: true,
    inject: promoteReplica,
  },
  'worker-stopped': {
    about: 'SIGSTOP of a worker for longer than its job lock and than a hold, then SIGCONT',
    inject: stopWorker,
  },
  'api-frozen': {
    about: 'SIGSTOP of an API for 18 s, then SIGCONT: it does operators’ work again',
    recoveryMs: 30_000,
    isOver: allOperate,
    inject: freezeApi,
  },
  'unreadable-job': {
    about: 'jobs that no worker can read, until a worker starts that can',
    recoveryMs: 30_000,
    isOver: allReadable,
    inject: makeUnreadable,
  },
  'jobs-twice': { about: 'jobs delivered twice, and out of order', inject: copyJobs },
  'clock-off': {
    about: 'the clocks of one API and one worker fast, of the others slow, by 15 minutes and an hour',
    recoveryMs: 30_000,
    isOver: areHoldsEnded,
    inject: shiftClocks,
  },
  delay: { about: 'a slow network to Redis, PostgreSQL or both', inject: (scene) => breakNetwork(scene, 'delay') },
  'half-open': {
    about: 'silent connections to Redis, PostgreSQL or both',
    inject: (scene) => breakNetwork(scene, 'half-open'),
  },
  reset: {
    about: 'connections to Redis, PostgreSQL or both reset repeatedly',
    inject: (scene) => breakNetwork(scene, 'reset'),
  },
  'never-reads': { about: '50 sockets that subscribe to many tickets and never read', inject: neverRead },
  together: { about: 'most of these within a few seconds', inject: together },
  'replica-waited': {
    about: 'the same as replica-promoted, with REDIS_WAIT_REPLICAS=1',
    waitsForReplica: true,
    inject: promoteWaitedFor,
  },
  'postgres-standby-late': {
    about: 'an asynchronous standby of PostgreSQL promoted that missed the last commits',
    standby: 'asynchronous',
    afterMs: 22_000, // reconciling settles a difference that has stood for 15 s: buyers would get what it frees
    inject: promoteStandby,
  },
  'postgres-standby-waited': {
    about: 'the same with a synchronous standby',
    standby: 'synchronous',
    inject: promoteStandby,
  },
  'event-ends': {
    about: 'an event that ends while PostgreSQL is slow, kill -9 of a worker then and of another that deletes the keys',
    isOver: areEndedClosed,
    inject: endEvent,
  },
  'cluster-master-kill': {
    about: 'kill -9 of a master of a Redis cluster, then of another, with REDIS_WAIT_REPLICAS=1',
    onCluster: true,
    waitsForReplica: true,
    inject: killMasters,
  },
  'cluster-partition': {
    about: 'SIGSTOP of a master of a cluster until its replica rules, then SIGCONT, with REDIS_WAIT_REPLICAS=1',
    onCluster: true,
    waitsForReplica: true,
    inject: cutOffMaster,
  },
  'cluster-reshard': {
    about: 'slots of a cluster moved to other masters',
    onCluster: true,
    inject: moveSlots,
  },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;
