import type { PrismaClient } from '../platform/prisma.ts';
import type { RedisShards } from '../platform/redis.ts';
import { createOrphanStore } from './orphan-seats.ts';
import { createBlockStore } from './postgres/blocks.ts';
import { createHistoryStore } from './postgres/booking-history.ts';
import { createBookingStore } from './postgres/bookings.ts';
import { createBusyEvents } from './postgres/busy-events.ts';
import { createBuyerStore } from './postgres/buyers.ts';
import { createEventStore } from './postgres/events.ts';
import { createFeedStore } from './postgres/feed.ts';
import { createGateKeyStore } from './postgres/gate-keys.ts';
import { createHoldStore } from './postgres/holds.ts';
import { createJobLock } from './postgres/job-lock.ts';
import { createKeyStore } from './postgres/keys.ts';
import { createOrderStore } from './postgres/orders.ts';
import { createRecordStore } from './postgres/records.ts';
import { createReleaseStore } from './postgres/releases.ts';
import { createSeatHistoryStore } from './postgres/seat-history.ts';
import { createTrailStore } from './postgres/trail.ts';
import { createUserStore } from './postgres/users.ts';
import { createWebhookDeliveries } from './postgres/webhook-deliveries.ts';
import { createWebhookStore } from './postgres/webhooks.ts';
import { createAdmissionUses } from './redis/admission-uses.ts';
import { createLoadHistory } from './redis/load-history.ts';
import { createLoginAttempts } from './redis/login-attempts.ts';
import { createMetricsTargets } from './redis/metrics-targets.ts';
import { type Replicas, withoutReplicas } from './redis/replicas.ts';
import { createScripts } from './redis/scripts.ts';
import { createSeatDifferences } from './redis/seat-differences.ts';
import { createSiteEntries } from './redis/site-entries.ts';
import { createTicketStore } from './redis/tickets.ts';
import { createWorkersStore } from './redis/workers.ts';
import { createRoomStore } from './rooms.ts';
import { createSeatStore } from './seats.ts';

/** Wires all stores on the connections of a process. Nothing in them has to be closed. */
/** @param deps.regular connections that fail at once, where those of `redis` wait for a server of a cluster */
export function createStores(deps: {
  redis: RedisShards;
  regular?: RedisShards;
  replicas?: Replicas;
  prisma: PrismaClient;
  shards: number;
}) {
  const { redis, regular = redis, replicas = withoutReplicas(redis), prisma, shards } = deps;
  const scripts = createScripts(redis);
  const replicated = { ...replicas, scripts: createScripts(replicas.redis) };
  const events = createEventStore({ prisma });
  const trail = createTrailStore({ prisma });
  const blocks = createBlockStore({ prisma });
  const bookings = createBookingStore({ prisma });
  const releases = createReleaseStore({ prisma });
  const buyers = createBuyerStore({ prisma, trail });
  const tickets = createTicketStore({ redis, regular, scripts, replicated, shards });
  const orphans = createOrphanStore({ bookings, releases, blocks, trail, tickets, shards });
  return {
    scripts,
    replicated,
    events,
    trail,
    blocks,
    bookings,
    history: createHistoryStore({ prisma }),
    seatHistory: createSeatHistoryStore({ prisma }),
    holds: createHoldStore({ prisma, trail }),
    releases,
    admissionUses: createAdmissionUses({ scripts, shards }),
    orphans,
    tickets,
    jobLock: createJobLock({ prisma }),
    buyers,
    busyEvents: createBusyEvents({ prisma }),
    feed: createFeedStore({ prisma, buyers }),
    gateKeys: createGateKeyStore({ prisma, trail }),
    keys: createKeyStore({ prisma, trail }),
    orders: createOrderStore({ prisma, trail }),
    records: createRecordStore({ prisma }),
    loadHistory: createLoadHistory({ redis }),
    metricsTargets: createMetricsTargets({ redis }),
    rooms: createRoomStore({ redis, scripts, replicated, prisma, events, shards }),
    seats: createSeatStore({ redis, scripts, replicated, prisma, events, bookings, orphans, shards }),
    seatDifferences: createSeatDifferences({ redis, shards }),
    siteEntries: createSiteEntries({ redis, scripts, shards }),
    users: { ...createUserStore({ prisma }), ...createLoginAttempts({ redis, shards }) },
    webhooks: createWebhookStore({ prisma, trail }),
    webhookDeliveries: createWebhookDeliveries({ prisma }),
    workers: createWorkersStore({ redis, shards }),
  };
}

export type Stores = ReturnType<typeof createStores>;

export type UserStore = Stores['users'];
