import { jobs, type QueueName } from '../../contract/jobs.ts';
import { batchOfTicket, shardOfEvent } from '../../domain/ticket-id.ts';
import { slotOf } from '../../platform/redis-cluster.ts';

/**
 * The names of a shard's keys, after its hash tag. A stem is completed by what the comment beside it names.
 * Scripts spell the same keys with lua/lib/keys.lua, which says what each holds; a test compares both.
 */
const NAMES = {
  sequence: 'sequence',
  settled: 'settled',
  /** + batch */
  batchStem: 'batch:',
  /** + ticket id */
  ticketStem: 'ticket:',
  claiming: 'claiming',
  lanes: 'lanes',
  /** + digest of the idempotency key */
  idempotencyStem: 'idem:',
  /** + event */
  houseStem: 'house:',
  /** The house as it was, while it is restored. + event */
  closedHouseStem: 'closed-house:',
  /** Set while the house is restored. + event */
  restoringStem: 'restoring:',
  /** + event:zone:row */
  seatsStem: 'seats:',
  /** + event:zone:row */
  heldStem: 'held:',
  /** + event:zone:row */
  blockedStem: 'blocked:',
  /** + event:zone:row:seat */
  lockStem: 'lock:',
  /** + booking id */
  releasedStem: 'released:',
  /** + event:count */
  fullStem: 'full:',
  /** + event:count */
  neatStem: 'neat:',
  /** + event:kind of run */
  fitsStem: 'fits:',
  /** + event:zone */
  areaStem: 'area:',
  /** + event */
  shapesStem: 'shapes:',
  /** + event */
  countsStem: 'counts:',
  /** + event */
  buyersStem: 'buyers:',
  /** + event:generation:user */
  lapsesStem: 'lapses:',
  /** A channel. + event */
  changesStem: 'changes:',
  /** A channel. + API node */
  channelStem: 'node:',
  /** The channel of the states of rooms. */
  rooms: 'rooms',
  /** A count that a worker raises when it stops and leaves its lines to others. */
  roomReleases: 'room-releases',
  /** + event */
  roomStem: 'room:',
  /** + event */
  roomHistoryStem: 'room-history:',
  /** + event */
  roomInsideStem: 'room-inside:',
  /** + event:generation:chunk */
  roomTakenStem: 'room-taken:',
  /** + event:generation:chunk */
  roomLeftStem: 'room-left:',
  /** + event:generation:chunk */
  roomUsesStem: 'room-uses:',
  /** + event:generation:chunk */
  roomEntriesStem: 'room-entries:',
  /** + event:minute in which the challenges expire */
  roomSpentStem: 'room-spent:',
  /** A hash of seats that PostgreSQL and Redis know differently, by label. + event */
  seatDifferencesStem: 'suspects:',
  /** A hash: the number of seats in doubt, by event. */
  seatsInDoubt: 'seats-in-doubt',
  /** The place that reconciling has come to. */
  reconciled: 'reconciled',
  /** A hash: for each event the state in which its whole house was found equal to PostgreSQL. */
  housesEqual: 'houses-equal',
  /** A hash: the desired number of worker processes. */
  workers: 'workers',
  /** A sorted set of workers by when each counts as dead. */
  workersAlive: 'workers:alive',
  /** Set while a process has this turn. + the work */
  turnStem: 'turn:',
  /** The supervisor that starts and stops workers. */
  supervisor: 'supervisor',
  /** A hash: the last progress of queues and schedules. */
  progress: 'progress',
  /** A sorted set of stalled loops of workers. */
  workersStalled: 'workers:stalled',
  /** The system that this Redis belongs to, and its number of shards. In shard 0. */
  system: 'system',
  /** A sorted set: each REDIS_WAIT_REPLICAS that a process has, by when it counts no more. */
  replicasWaited: 'replicas-waited',
  /** Written as a probe: it shows that Redis takes writes. */
  probe: 'probe',
  /** Written before each WAIT. */
  replicated: 'replicated',
  /** A hash: outcomes of tickets, counted by status and code. */
  outcomes: 'outcomes',
  /** A list: the load every ten seconds, of the last hours. */
  loadHistory: 'load-history',
  /** A sorted set of addresses that serve metrics. */
  metricsTargets: 'metrics-targets',
  /** + digest of an e-mail address */
  loginStem: 'login:',
  /** The channel on which API processes publish their counts of clients. */
  limitsChannel: 'limits',
} as const;

/** Slots of a cluster, and how far the slot of a tag may lie from its place. */
const SLOTS = 16_384;
const SLOT_TOLERANCE = 64;

/** Parts of the slots, in the order in which shards take them: three masters, or two or six, get their turns evenly. */
const SIXTHS = [0, 2, 4, 1, 3, 5];

/**
 * The place of a shard among all slots, 0 to 1: the digits of its number in base 6, reversed (the sequence of van der
 * Corput, permuted by `SIXTHS`). However many shards there are, equal ranges of slots get nearly equal numbers of them.
 */
function placeAmongSlots(shard: number): number {
  let place = 0;
  for (let left = shard, share = 1 / 6; left > 0; left = Math.floor(left / 6), share /= 6)
    place += (SIXTHS[left % 6] as number) * share;
  return place;
}

/**
 * The tag of a shard in a cluster: with a suffix that brings it near its place. Data in Redis is named by it, so it
 * never changes. Shard 0 has the same tag everywhere.
 */
function spreadTag(shard: number): string {
  if (shard === 0) return '{s0}';
  const wanted = slotOf('{s0}') + placeAmongSlots(shard) * SLOTS;
  for (let suffix = 0; ; suffix += 1) {
    const tag = `{s${shard}.${suffix}}`;
    const distance = Math.abs(slotOf(tag) - wanted) % SLOTS;
    if (Math.min(distance, SLOTS - distance) <= SLOT_TOLERANCE) return tag;
  }
}

let isSpread = false;

/**
 * Chooses how tags are spelled in this process: in a cluster they are spread over its slots, on a single server they
 * are as plain as they always were. Called before the first key of another shard than 0 is spelled.
 */
export function spellTags({ isCluster }: { isCluster: boolean }): void {
  if (isSpread === isCluster) return;
  isSpread = isCluster;
  keysByShard.length = 0;
}

/** The hash tag of a shard, the prefix of its keys and of BullMQ's: all of them lie in one slot of a cluster. */
const tagOf = (shard: number): string => keysOf(shard).tag;

/** The hash tag of each shard. It is the prefix of the shard's queues too. */
export const tagsOf = (shards: number): string[] => Array.from({ length: shards }, (_, shard) => tagOf(shard));

type ShardKeys = Record<keyof typeof NAMES | 'tag' | 'waiting' | 'prioritized' | 'active' | 'delayed', string>;

const keysByShard: ShardKeys[] = [];

/** The Redis keys of a shard, with BullMQ's of the booking queue: scripts read their lengths. */
export function keysOf(shard: number): ShardKeys {
  keysByShard[shard] ??= spellKeys(shard);
  return keysByShard[shard];
}

function spellKeys(shard: number): ShardKeys {
  const tag = isSpread ? spreadTag(shard) : `{s${shard}}`;
  const { waiting, prioritized, active, delayed } = spellQueue(tag, jobs.book.queue);
  const spelled = Object.entries(NAMES).map(([key, name]) => [key, `${tag}:${name}`]);
  const named = Object.fromEntries(spelled) as Record<keyof typeof NAMES, string>;
  return { tag, waiting, prioritized, active, delayed, ...named };
}

/**
 * The stems of one event, which is named next. They lie in the event's shard. A house is restored from PostgreSQL where
 * its event has another shard; a line and the lapses of buyers move there.
 */
const OF_HOUSE: ReadonlySet<string> = new Set([
  NAMES.houseStem,
  NAMES.closedHouseStem,
  NAMES.restoringStem,
  NAMES.seatsStem,
  NAMES.heldStem,
  NAMES.blockedStem,
  NAMES.lockStem,
  NAMES.fullStem,
  NAMES.neatStem,
  NAMES.fitsStem,
  NAMES.areaStem,
  NAMES.shapesStem,
  NAMES.countsStem,
  NAMES.buyersStem,
  NAMES.seatDifferencesStem,
]);
const OF_LINE: ReadonlySet<string> = new Set([
  NAMES.lapsesStem,
  NAMES.roomStem,
  NAMES.roomHistoryStem,
  NAMES.roomInsideStem,
  NAMES.roomTakenStem,
  NAMES.roomLeftStem,
  NAMES.roomUsesStem,
  NAMES.roomEntriesStem,
  NAMES.roomSpentStem,
]);

/**
 * The place of a key in a system with this number of shards: the key itself, or that of another shard. Undefined where
 * no process reads it there: its shard does not exist, or it belongs to a house that is restored.
 */
export function placeOf(key: string, shards: number): string | undefined {
  const [, shard, stem = '', event] = /^\{s(\d+)(?:\.\d+)?\}:([\w-]+:)?(\d+)?/.exec(key) ?? [];
  if (shard === undefined) return key;
  const isOfEvent = event !== undefined && (OF_HOUSE.has(stem) || OF_LINE.has(stem));
  if (!isOfEvent) return Number(shard) < shards ? key : undefined;
  const place = tagOf(shardOfEvent(Number(event), shards)) + key.slice(key.indexOf('}') + 1);
  return place === key || OF_LINE.has(stem) ? place : undefined;
}

/** The shard of a key of ours. */
export const shardIn = (key: string): number => Number(/^\{s(\d+)/.exec(key)?.[1]);

/** The key of the record of a ticket's batch. */
export const batchKeyOf = (shard: number, ticketId: string): string =>
  `${keysOf(shard).batchStem}${batchOfTicket(ticketId)}`;

/** BullMQ's own keys of a queue, for reading its length. `jobStem` + job id. */
export const keysOfQueue = (shard: number, queue: QueueName) => spellQueue(tagOf(shard), queue);

function spellQueue(tag: string, queue: QueueName) {
  const stem = `${tag}:${queue}:`;
  return {
    waiting: `${stem}wait`,
    /** Jobs that wait with a priority: workers take them after those in `waiting`. */
    prioritized: `${stem}prioritized`,
    active: `${stem}active`,
    delayed: `${stem}delayed`,
    failed: `${stem}failed`,
    meta: `${stem}meta`,
    /** Ours: jobs that no worker could read, by when they were set aside. */
    unreadable: `${stem}unreadable`,
    jobStem: stem,
  };
}
