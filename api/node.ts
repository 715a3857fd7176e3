import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { type Config, sellByOf } from '../shared/config.ts';
import { createDrainMeter } from '../shared/domain/drain.ts';
import { watchClock } from '../shared/platform/clock.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { Loops } from '../shared/platform/loops.ts';
import { createGaugeRefresh, createMetricsPage } from '../shared/platform/metrics.ts';
import { measurePools, type PrismaClient } from '../shared/platform/prisma.ts';
import { measureRedis } from '../shared/platform/redis.ts';
import { openQueue } from '../shared/queues/queue.ts';
import { createMeasures } from '../shared/stores/measures.ts';
import { keysOf } from '../shared/stores/redis/keys.ts';
import { createLimitCounts } from '../shared/stores/redis/limit-counts.ts';
import { createStores } from '../shared/stores/stores.ts';
import { watchServerSettings } from '../shared/telemetry/server-settings.ts';
import { buildApp } from './app.ts';
import { createIdentity } from './auth/identity.ts';
import { createOperatorGuard } from './auth/operators.ts';
import { createOriginGuard } from './auth/origins.ts';
import { createSellerGuard } from './auth/sellers.ts';
import { createClosing } from './http/closing.ts';
import { securityHeaders } from './http/security-headers.ts';
import { createAppServer } from './http/server.ts';
import { createConnectionGuard } from './limits/connection-guard.ts';
import { areLimitsOn } from './limits/rate-limits.ts';
import { createHerd } from './operations/demo-herd.ts';
import { createOperatorJobs } from './operations/operator-jobs.ts';
import { createOverview } from './operations/overview.ts';
import { createReadiness } from './operations/readiness.ts';
import { createRedisMemory } from './operations/redis-memory.ts';
import { createSeatFeed } from './realtime/seat-feed.ts';
import { attachWebSocketServer } from './realtime/websocket-server.ts';
import { createBookingReads } from './tickets/booking-reads.ts';
import { createIntake } from './tickets/intake.ts';
import { createOutcomes } from './tickets/outcomes.ts';
import { createJoinChallenge } from './waiting-room/join-challenge.ts';
import { createWaitingRooms } from './waiting-room/lines.ts';
import { createOutsideCheck } from './waiting-room/outside-check.ts';

/** Milliseconds between two counts of the workers that run. */
const COUNT_MS = 1_000;

/** Wires one API node. The caller makes its server listen; `drain` and then `close` end it. */
export async function startApi(deps: {
  config: Parameters<typeof sellByOf>[0] &
    Pick<Config, 'DEMO_HERD' | 'MAX_QUEUED' | 'KEEP_ALIVE_SECONDS'> &
    Parameters<typeof createOperatorGuard>[0] &
    Parameters<typeof createOriginGuard>[0] &
    Parameters<typeof buildApp>[0]['config'] &
    Parameters<typeof createIdentity>[0]['config'] &
    Parameters<typeof createOutsideCheck>[0]['config'];
  prisma: PrismaClient;
  /** One connection, for measuring alone. */
  probe: PrismaClient;
  redis: Redis;
  subscriber: Redis;
  node: string;
  loops: Loops;
  log: Logger;
}) {
  const { config, prisma, probe, redis, subscriber, node, loops, log } = deps;
  const stores = createStores({ redis, prisma, shards: config.SHARDS });
  const { events, tickets, seats, users, rooms, workers, trail, metricsTargets } = stores;
  const bookings = createBookingReads({ bookings: stores.bookings });
  const meter = createDrainMeter();

  const tags = Array.from({ length: config.SHARDS }, (_, shard) => keysOf(shard).tag);
  const queues = tags.map((tag) => openQueue('booking', tag, redis, log));
  const controls = tags.map((tag) => openQueue('control', tag, redis, log));
  const [controlQueue] = controls;
  if (controlQueue === undefined) throw new Error('there is no shard');

  const listening = { redis, subscriber, loops, node, shards: config.SHARDS };
  const outcomes = await createOutcomes({ tickets, bookings, ...listening, meter, log });
  const { remember } = outcomes;
  const intakeDeps = { tickets, node, meter, maxQueued: config.MAX_QUEUED, remember, log };
  const memory = createRedisMemory({ redis, loops, log });
  const bookIntake = createIntake({ ...intakeDeps, job: 'book', queues, isFull: memory.isFull });
  const changeIntake = createIntake({ ...intakeDeps, job: 'change', queues: controls, isFull: () => false });
  const runOperatorJob = createOperatorJobs({ queue: controlQueue, tickets });
  const identity = createIdentity({ config, users });
  const challenges = createJoinChallenge({ outside: createOutsideCheck({ config, log }) });
  const waitingRooms = await createWaitingRooms({ rooms, challenges, loops, isStopped: meter.isStopped, log });
  const seatFeed = createSeatFeed({ subscriber, seats, log });
  // Read once a second, so that no request reads it: without a worker no estimate is sent.
  const stopCounting = loops.repeat(
    'workers counted',
    COUNT_MS,
    async () => meter.noteWorkers(await workers.countAlive()),
    (fault) => log.warn({ fault: fault.message }, 'counting workers failed'),
  );
  const herd = config.DEMO_HERD ? createHerd(process) : undefined;
  const readiness = createReadiness({ redis, shards: config.SHARDS, loops });
  const measures = createMeasures({
    ...{ redis, probe, events, seats, workers, shards: config.SHARDS },
    writable: readiness.writable,
    ownStalled: () => loops.stalled().map(({ name }) => `${name} of API process ${process.pid}`),
  });
  const refreshGauges = createGaugeRefresh([measures.measure, waitingRooms.measure, measureRedis, measurePools]);
  const serverSettings = watchServerSettings({ redis, prisma, loops, log });
  const clock = watchClock({ redis, prisma, loops, log });
  const overview = createOverview({
    refreshGauges,
    pipeline: measures.pipeline,
    events,
    workers,
    waitingRooms,
    serverSettings,
    log,
  });
  const requireOperator = createOperatorGuard(config);
  const sharing = { redis, subscriber, loops, node, log };
  const limitCounts = areLimitsOn(config) ? await createLimitCounts(sharing) : undefined;
  let stopping = false;
  const app = buildApp({
    config,
    requireOperator,
    requireSeller: createSellerGuard(sellByOf(config), requireOperator),
    queues: tags.map((_tag, shard) => [queues[shard], controls[shard]].flatMap((queue) => queue ?? [])),
    bookIntake,
    changeIntake,
    outcomes,
    runOperatorJob,
    events,
    bookings,
    seats,
    users,
    workers,
    trail,
    herd,
    limitCounts,
    identity,
    rooms,
    waitingRooms,
    challenges,
    isStopping: () => stopping,
    readiness,
    pipeline: async () => {
      await refreshGauges();
      return measures.pipeline();
    },
    metricsPage: createMetricsPage(refreshGauges),
    metricsTargets,
    log,
  });
  const trusts = app.get('trust proxy fn') as (address: string, hop: number) => boolean;
  const connectionGuard = createConnectionGuard({
    isLimited: areLimitsOn(config),
    isProxy: (address) => trusts(address, 0),
    originRefusalOf: createOriginGuard(config),
  });
  const server = createAppServer(app, securityHeaders(config), {
    keepAliveSeconds: config.KEEP_ALIVE_SECONDS,
    listener: connectionGuard.before(app),
  });
  const closing = createClosing(server);
  server.on('connection', connectionGuard.connect);
  const webSocketDeps = { outcomes, seatFeed, events, identity, overview, requireOperator, connectionGuard, log };
  const webSockets = attachWebSocketServer(server, webSocketDeps);

  return {
    app,
    server,

    /**
     * Reports this node as not ready, and keeps accepting and serving for so long, while load balancers notice. Each
     * answer ends its connection. Sockets are closed one after the other, so that their clients do not reconnect to the
     * other nodes all at once.
     */
    async drain(ms: number): Promise<void> {
      stopping = true;
      closing.endEachConnection();
      await Promise.all([sleep(ms), webSockets.drain(ms)]);
    },

    /** Takes no new connection, lets requests under way have their answer (long polls at once), and closes the queues. */
    async close(): Promise<void> {
      stopping = true;
      await Promise.all([memory.stop(), stopCounting(), serverSettings.stop(), clock.stop(), limitCounts?.stop()]);
      herd?.stop();
      await waitingRooms.stop();
      webSockets.close();
      outcomes.stopWaiting();
      await closing.close();
      webSockets.terminate();
      await Promise.all([bookIntake.drained(), changeIntake.drained()]);
      await outcomes.close();
      await Promise.all([...queues, ...controls].map((open) => open.close()));
    },
  };
}
