import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { createDrainMeter } from '../shared/domain/drain.ts';
import { watchClock } from '../shared/platform/clock.ts';
import { type Config, sellByOf } from '../shared/platform/config.ts';
import type { Logger } from '../shared/platform/logger.ts';
import { createLooks, createMetricsPage } from '../shared/platform/metrics.ts';
import { measurePools, type PrismaClient } from '../shared/platform/prisma.ts';
import { openQueue } from '../shared/platform/queues.ts';
import { measureRedis } from '../shared/platform/redis.ts';
import { watchServerSettings } from '../shared/platform/server-settings.ts';
import { createBookingStore } from '../shared/stores/bookings.ts';
import { createEventStore } from '../shared/stores/events.ts';
import { keysOf } from '../shared/stores/keys.ts';
import { createMeasures } from '../shared/stores/measures.ts';
import { createMetricsTargets } from '../shared/stores/metrics-targets.ts';
import { createRoomStore } from '../shared/stores/rooms.ts';
import { createScripts } from '../shared/stores/scripts.ts';
import { createSeatStore } from '../shared/stores/seats.ts';
import { createTicketStore } from '../shared/stores/tickets.ts';
import { createTrailStore } from '../shared/stores/trail.ts';
import { createUserStore } from '../shared/stores/users.ts';
import { createWorkersStore } from '../shared/stores/workers.ts';
import { buildApp } from './app.ts';
import { createBookingReads } from './booking-reads.ts';
import { createClosing } from './closing.ts';
import { createControl } from './control.ts';
import { createDoor } from './door.ts';
import { createHerd } from './herd.ts';
import { createIdentity } from './identity.ts';
import { createIntake } from './intake.ts';
import { createOperatorGuard } from './operators.ts';
import { createOutcomes } from './outcomes.ts';
import { createOverview } from './overview.ts';
import { attachPush } from './push.ts';
import { createRedisMemory } from './redis-memory.ts';
import { securityHeaders } from './security-headers.ts';
import { createSellerGuard } from './sellers.ts';
import { createAppServer } from './server.ts';
import { createWaitingRooms } from './waiting-room.ts';
import { createWatch } from './watch.ts';

/** Wires one API node. The caller makes its server listen; `drain` and then `close` end it. */
export async function startApi(deps: {
  config: Parameters<typeof sellByOf>[0] &
    Pick<Config, 'MAX_QUEUED' | 'KEEP_ALIVE_SECONDS'> &
    Parameters<typeof createDoor>[0] &
    Parameters<typeof buildApp>[0]['config'] &
    Parameters<typeof createIdentity>[0]['config'];
  prisma: PrismaClient;
  redis: Redis;
  subscriber: Redis;
  node: string;
  log: Logger;
}) {
  const { config, prisma, redis, subscriber, node, log } = deps;
  const scripts = createScripts(redis);
  const events = createEventStore({ prisma });
  const bookings = createBookingReads({ bookings: createBookingStore({ prisma }) });
  const tickets = createTicketStore({ redis, scripts, shards: config.SHARDS });
  const seats = createSeatStore({ redis, scripts, prisma, events, shards: config.SHARDS });
  const meter = createDrainMeter();

  const tags = Array.from({ length: config.SHARDS }, (_, shard) => keysOf(shard).tag);
  const queues = tags.map((tag) => openQueue('booking', tag, redis, log));
  const controls = tags.map((tag) => openQueue('control', tag, redis, log));
  const [controlQueue] = controls;
  if (controlQueue === undefined) throw new Error('there is no shard');

  const outcomes = await createOutcomes({ tickets, bookings, subscriber, node, shards: config.SHARDS, meter, log });
  const { noteAccepted } = outcomes;
  const intakeDeps = { tickets, node, meter, maxQueued: config.MAX_QUEUED, noteAccepted, log };
  const memory = createRedisMemory({ redis, log });
  const bookIntake = createIntake({ ...intakeDeps, job: 'book', queues, isFull: memory.isFull });
  const changeIntake = createIntake({ ...intakeDeps, job: 'change', queues: controls, isFull: () => false });
  const control = createControl({ queue: controlQueue, tickets });
  const users = createUserStore({ prisma, redis });
  const identity = createIdentity({ config, users });
  const rooms = createRoomStore({ redis, scripts, prisma, shards: config.SHARDS });
  const waitingRooms = await createWaitingRooms({ rooms, log });
  const watch = createWatch({ subscriber, seats, log });
  const workers = createWorkersStore({ redis, shards: config.SHARDS });
  const herd = config.EMBEDDED ? createHerd({ log }) : undefined;
  const measures = createMeasures({ redis, prisma, events, seats, workers, shards: config.SHARDS });
  const look = createLooks([...measures, waitingRooms.measure, measureRedis, measurePools]);
  const serverSettings = watchServerSettings({ redis, prisma, log });
  const clock = watchClock({ redis, prisma, log });
  const overview = createOverview({ look, events, workers, waitingRooms, serverSettings, log });
  const requireOperator = createOperatorGuard(config);
  let stopping = false;
  const app = buildApp({
    config,
    requireOperator,
    requireSeller: createSellerGuard(sellByOf(config), requireOperator),
    queues: tags.map((_tag, shard) => [queues[shard], controls[shard]].flatMap((queue) => queue ?? [])),
    bookIntake,
    changeIntake,
    outcomes,
    control,
    events,
    bookings,
    seats,
    users,
    workers,
    trail: createTrailStore({ prisma }),
    herd,
    identity,
    rooms,
    waitingRooms,
    redis,
    prisma,
    isStopping: () => stopping,
    metricsPage: createMetricsPage(look),
    metricsTargets: createMetricsTargets({ redis }),
    log,
  });
  const trusts = app.get('trust proxy fn') as (address: string, hop: number) => boolean;
  const door = createDoor(config, (address) => trusts(address, 0));
  const server = createAppServer(app, securityHeaders(config), {
    keepAliveSeconds: config.KEEP_ALIVE_SECONDS,
    listener: door.before(app),
  });
  const closing = createClosing(server);
  server.on('connection', door.connect);
  const pushDeps = { outcomes, watch, events, identity, overview, requireOperator, door, log };
  const push = attachPush(server, pushDeps);

  return {
    app,
    server,

    /**
     * Says that this node is not ready, and goes on accepting and serving for so long, while load balancers notice. Each answer ends its
     * connection. Sockets are told to go one after the other, so that their clients do not come to the other nodes all at once.
     */
    async drain(ms: number): Promise<void> {
      stopping = true;
      closing.endEachConnection();
      await Promise.all([sleep(ms), push.drain(ms)]);
    },

    /** Takes no new connection, lets requests under way have their answer (long polls at once), and closes the queues. */
    async close(): Promise<void> {
      stopping = true;
      memory.stop();
      await Promise.all([serverSettings.stop(), clock.stop()]);
      herd?.stop();
      await waitingRooms.stop();
      push.close();
      outcomes.stopWaiting();
      await closing.close();
      push.terminate();
      await Promise.all([bookIntake.drained(), changeIntake.drained()]);
      await Promise.all([...queues, ...controls].map((open) => open.close()));
    },
  };
}
