import { setTimeout as sleep } from 'node:timers/promises';
import type { Express } from 'express';
import { type Config, sellByOf } from '../shared/config.ts';
import { MAX_BATCH_REQUESTS } from '../shared/contract/limits.ts';
import { createShardMeter, type ShardMeter } from '../shared/domain/drain.ts';
import { watchClock } from '../shared/platform/clock.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { Loops } from '../shared/platform/loops.ts';
import { createGaugeRefresh, createMetricsPage } from '../shared/platform/metrics.ts';
import { measurePools, type PrismaClient } from '../shared/platform/prisma.ts';
import type { RedisShards } from '../shared/platform/redis.ts';
import { measureRedis } from '../shared/platform/redis.ts';
import { openQueues, type Queues } from '../shared/queues/open-queues.ts';
import { createFeedTail } from '../shared/stores/feed-tail.ts';
import { createMeasures } from '../shared/stores/measures.ts';
import { tagsOf } from '../shared/stores/redis/keys.ts';
import { createLimitCounts } from '../shared/stores/redis/limit-counts.ts';
import { type Replicas, shareWaited } from '../shared/stores/redis/replicas.ts';
import { createStores, type Stores } from '../shared/stores/stores.ts';
import { watchServerSettings } from '../shared/telemetry/server-settings.ts';
import { buildApp } from './app.ts';
import { createBuyers } from './auth/buyers.ts';
import { createIdentity } from './auth/identity.ts';
import { createKeyCheck, type KeyCheck } from './auth/key-check.ts';
import { createKeyRing } from './auth/key-ring.ts';
import { createGuards } from './auth/operators.ts';
import { createOriginGuard } from './auth/origins.ts';
import { createSellerGuard } from './auth/sellers.ts';
import { createFeedReaders } from './feed/readers.ts';
import { createEntries } from './gate/entries.ts';
import { createGate } from './gate/gate.ts';
import { createGateKeyRing } from './gate/gate-key-ring.ts';
import { createSiteAdmissions } from './gate/site-admissions.ts';
import { createSiteTokens } from './gate/site-tokens.ts';
import { createClosing } from './http/closing.ts';
import { securityHeaders } from './http/security-headers.ts';
import { createAppServer } from './http/server.ts';
import { createConnectionGuard } from './limits/connection-guard.ts';
import { areLimitsOn } from './limits/rate-limits.ts';
import { windowsOf } from './limits/windows.ts';
import { createHerd } from './operations/demo-herd.ts';
import { createEventsOfOperators } from './operations/events-of-operators.ts';
import { recordLoad } from './operations/load-record.ts';
import { createOperatorJobs } from './operations/operator-jobs.ts';
import { createOverview } from './operations/overview.ts';
import { createReadiness } from './operations/readiness.ts';
import { createRedisMemory } from './operations/redis-memory.ts';
import { createSeatFeed } from './realtime/seat-feed.ts';
import { attachWebSocketServer } from './realtime/websocket-server.ts';
import { createBookingReads } from './tickets/booking-reads.ts';
import { createIntake } from './tickets/intake.ts';
import { createOutcomes } from './tickets/outcomes.ts';
import { createSessions } from './tickets/sessions.ts';
import { createJoinChallenge } from './waiting-room/join-challenge.ts';
import { createWaitingRooms, type WaitingRooms } from './waiting-room/lines.ts';
import { createOutsideCheck } from './waiting-room/outside-check.ts';

/** Milliseconds between two counts of the workers that run. */
const COUNT_MS = 1_000;

type NodeDeps = {
  config: Config;
  prisma: PrismaClient;
  /** One connection, for measuring alone. */
  probe: PrismaClient;
  redis: RedisShards;
  replicas: Replicas;
  subscriber: RedisShards;
  /** The id of this node, under which it receives outcomes. */
  node: string;
  loops: Loops;
  log: Logger;
};

/** Starts one API node. The caller makes its server listen; `drain` and then `close` end it. */
export async function startApi(deps: NodeDeps) {
  let isStopping = false;
  const parts = await wireNode(deps, () => isStopping);
  const { app, server, closing, webSockets, queues, tickets, access, waitingRooms, gate, operations, herd } = parts;
  const { stopCounting } = parts;
  const { outcomes, memory, bookIntake, changeIntake, exchangeIntake, orderIntake } = tickets;
  const { serverSettings, clock, stopRecording } = operations;
  const { limitCounts, keyRing, feedReaders } = access;

  return {
    app,
    server,

    /**
     * Reports this node as not ready and keeps serving for `ms` milliseconds, until load balancers have noticed. Each
     * answer ends its connection. Sockets are closed one after the other, so that their clients do not all reconnect to
     * the other nodes at once.
     */
    async drain(ms: number): Promise<void> {
      isStopping = true;
      closing.endEachConnection();
      await Promise.all([sleep(ms), webSockets.drain(ms)]);
    },

    stopAccepting: closing.stopAccepting,

    /** Accepts no new connection, answers the requests that are open (long polls at once), and closes the queues. */
    async close(): Promise<void> {
      isStopping = true;
      await Promise.all([memory.stop(), stopCounting(), stopRecording(), serverSettings.stop(), clock.stop()]);
      await Promise.all([limitCounts?.stop(), keyRing.stop(), gate.gateKeyRing.stop()]);
      herd?.stop();
      await waitingRooms.stop();
      webSockets.close();
      outcomes.stopWaiting();
      feedReaders.stopWaiting();
      await closing.close();
      webSockets.terminate();
      const intakes = [bookIntake, changeIntake, exchangeIntake, orderIntake];
      await Promise.all(intakes.map((intake) => intake.drained()));
      await outcomes.close();
      await Promise.all(queues.flatMap(({ booking, control }) => [booking.close(), control.close()]));
    },
  };
}

/** Wires the parts of a node on the connections of its process. */
async function wireNode(deps: NodeDeps, isStopping: () => boolean) {
  const { config, prisma, redis, replicas, subscriber, loops, log } = deps;
  const stores = createStores({ redis, replicas, prisma, shards: config.SHARDS });
  const queues = openQueues({ redis: replicas.redis, prefixes: tagsOf(config.SHARDS), log });
  const meters = queues.map(() => createShardMeter({ deepAbove: MAX_BATCH_REQUESTS }));
  const tickets = await wireTickets(deps, stores, queues, meters);
  const stopCounting = countWorkers(deps, stores, meters);
  const access = await wireAccess(deps, stores);
  const challenges = createJoinChallenge({ outside: createOutsideCheck({ config, log }) });
  const isStopped = () => meters.some((meter) => meter.isStopped());
  const waitingRooms = await createWaitingRooms({ ...stores, subscriber, challenges, loops, isStopped, log });
  const gate = await wireGate(deps, stores, waitingRooms);
  const operations = wireOperations(deps, stores, waitingRooms);
  const herd = config.DEMO_HERD ? createHerd(process) : undefined;

  const app = buildApp({
    ...stores,
    ...tickets,
    ...access,
    ...operations,
    ...gate,
    feedTail: createFeedTail(stores),
    challenges,
    waitingRooms,
    queues,
    herd,
    isStopping,
    config,
    log,
  });
  const { server, connectionGuard, closing } = wireServer(app, config, access.keyCheck);
  const seatFeed = createSeatFeed({ subscriber, shards: config.SHARDS, seats: stores.seats, log });
  const webSockets = attachWebSocketServer(server, {
    ...access,
    outcomes: tickets.outcomes,
    sessions: tickets.sessions,
    overview: operations.overview,
    events: stores.events,
    seatFeed,
    connectionGuard,
    log,
  });
  return {
    app,
    server,
    closing,
    webSockets,
    queues,
    tickets,
    access,
    waitingRooms,
    gate,
    operations,
    herd,
    stopCounting,
  };
}

/** The path of a ticket: its acceptance, its job, and its outcome. */
async function wireTickets(deps: NodeDeps, stores: Stores, queues: Queues, meters: readonly ShardMeter[]) {
  const { config, redis, loops, node, log } = deps;
  const { tickets, replicated } = stores;
  const bookings = createBookingReads({ bookings: stores.bookings });
  const sessions = createSessions({ redis, shards: config.SHARDS, node, log });
  const outcomes = await createOutcomes({ ...deps, tickets, bookings, meters, sessions });
  const memory = createRedisMemory({ redis, loops, log });
  const { remember } = outcomes;
  const intakeDeps = { tickets, replicated, node, meters, maxQueued: config.MAX_QUEUED, remember, log };
  const controlQueues = queues.map(({ control }) => control);
  const controlDeps = { ...intakeDeps, queues: controlQueues, isFull: () => false };
  return {
    bookings,
    sessions,
    outcomes,
    memory,
    bookIntake: createIntake({
      ...intakeDeps,
      job: 'book',
      queues: queues.map(({ booking }) => booking),
      isFull: memory.isFull,
    }),
    changeIntake: createIntake({ ...controlDeps, job: 'change' }),
    exchangeIntake: createIntake({ ...controlDeps, job: 'exchange' }),
    orderIntake: createIntake({ ...controlDeps, job: 'order' }),
    runOperatorJob: createOperatorJobs({ queues: controlQueues, tickets }),
  };
}

/** The users, operators and servers that may send requests, and the counts that limit clients. */
async function wireAccess(deps: NodeDeps, { users, keys, buyers }: Stores) {
  const { config } = deps;
  const limitCounts = areLimitsOn(config) ? await createLimitCounts(deps) : undefined;
  const keyRing = await createKeyRing({ ...deps, keys });
  const keyCheck = createKeyCheck(keyRing, areLimitsOn(config) ? windowsOf('unknown-keys', limitCounts) : undefined);
  const guards = createGuards({ config, ring: keyRing, keyCheck });
  const buyerNames = createBuyers({ buyers, log: deps.log });
  return {
    ...guards,
    identity: createIdentity({ config, users, buyerNames, guards }),
    buyerNames,
    requireSeller: createSellerGuard(sellByOf(config), guards.requireScope),
    keyRing,
    keyCheck,
    feedReaders: createFeedReaders({ isLimited: areLimitsOn(config), keyRing }),
    limitCounts,
  };
}

/** Counts the workers once a second, so that no request does. Without a worker no estimate is sent. */
function countWorkers({ loops, log }: NodeDeps, { workers }: Stores, meters: readonly ShardMeter[]) {
  return loops.repeat(
    'workers counted',
    COUNT_MS,
    async () => {
      const alive = await workers.countAlive();
      for (const meter of meters) meter.noteWorkers(alive);
    },
    (fault) => log.warn({ fault: fault.message }, 'counting workers failed'),
  );
}

/** The gate in front of sites. */
async function wireGate(deps: NodeDeps, stores: Stores, waitingRooms: WaitingRooms) {
  const gateKeyRing = await createGateKeyRing({ ...deps, gateKeys: stores.gateKeys });
  const tokens = createSiteTokens({ ring: gateKeyRing });
  const siteAdmissions = createSiteAdmissions({ ...stores, tokens, waitingRooms, log: deps.log });
  return {
    gateKeyRing,
    siteAdmissions,
    gate: createGate({ waitingRooms, siteAdmissions }),
    entries: createEntries({ ...stores, tokens, waitingRooms }),
  };
}

/** Health, metrics and the operators' overview. */
function wireOperations(deps: NodeDeps, stores: Stores, waitingRooms: WaitingRooms) {
  const { config, prisma, probe, redis, loops, log } = deps;
  const { events, seats, workers } = stores;
  const readiness = createReadiness({ redis, shards: config.SHARDS, loops });
  const measures = createMeasures({
    redis,
    probe,
    events,
    seats,
    workers,
    shards: config.SHARDS,
    writable: readiness.writable,
    ownStalled: () => loops.stalled().map(({ name }) => `${name} of API process ${process.pid}`),
  });
  const refreshGauges = createGaugeRefresh([measures.measure, waitingRooms.measure, measureRedis, measurePools]);
  const serverSettings = watchServerSettings({
    ...deps,
    shareWaited: () => shareWaited(redis, config.REDIS_WAIT_REPLICAS),
  });
  const eventsOfOperators = createEventsOfOperators({ ...stores, waitingRooms });
  const { pipeline } = measures;
  return {
    readiness,
    serverSettings,
    clock: watchClock({ redis, prisma, loops, log }),
    stopRecording: recordLoad({ ...stores, loops, log }),
    eventsOfOperators,
    overview: createOverview({
      refreshGauges,
      pipeline,
      eventsOfOperators,
      workers,
      serverSettings,
      shards: config.SHARDS,
      log,
    }),
    metricsPage: createMetricsPage(refreshGauges),
    pipeline: async () => {
      await refreshGauges();
      return pipeline();
    },
  };
}

/** The HTTP server of an app, behind the connection guard. */
function wireServer(app: Express, config: Config, keyCheck: KeyCheck) {
  const isTrusted = app.get('trust proxy fn') as (address: string, hop: number) => boolean;
  const connectionGuard = createConnectionGuard({
    isLimited: areLimitsOn(config),
    isProxy: (address) => isTrusted(address, 0),
    originRefusalOf: createOriginGuard(config),
    checkKey: keyCheck.check,
  });
  const server = createAppServer(app, securityHeaders(config), {
    keepAliveSeconds: config.KEEP_ALIVE_SECONDS,
    listener: connectionGuard.listenerFor(app),
  });
  const closing = createClosing(server);
  server.on('connection', connectionGuard.admitConnection);
  return { server, connectionGuard, closing };
}
