import type { Idempotency } from '../../contract/jobs.ts';
import { type TicketKind, ticketKind } from '../../contract/tickets.ts';
import { groupBy } from '../../domain/group-by.ts';
import { readOutcome, type WrittenOutcome, writeOutcome } from '../../domain/outcome-text.ts';
import { isOfVersionBefore } from '../../domain/ticket-id.ts';
import type { RedisShards } from '../../platform/redis.ts';
import { metrics } from '../../telemetry/metrics.ts';
import { createIdempotencyKeys, IDEMPOTENCY_TTL_SECONDS, REFUSED_TTL_SECONDS } from './idempotency-keys.ts';
import { keysOf } from './keys.ts';
import type { ReplicatedWrites } from './replicas.ts';
import { pushFields } from './script-values.ts';
import type { Scripts } from './scripts.ts';

/** Seconds that a batch is kept in Redis after its last outcome. Its bookings are found in PostgreSQL for ever. */
const BATCH_TTL_SECONDS = 3_600;

/** A request to be accepted: a new ticket id, and the idempotency key that binds the request. */
export type TicketRequest = {
  ticketId: string;
  kind: TicketKind;
  /** The event of a request for seats. */
  eventId?: number | undefined;
  userId?: number | undefined;
  idempotency?: Idempotency | undefined;
  /** The end of the admission that it uses, in milliseconds since 1970 by Redis' clock. */
  admittedUntilMs?: number | undefined;
};

/** A recorded ticket. `place`: its number in the lane of its event; `enqueue`: its job has to be queued. */
type AcceptedTicket = { ticketId: string; place: number; enqueue: boolean };

/**
 * The lane of an event when tickets were recorded: its tickets that were settled, and that waited before. `priority`:
 * that of the job for its tickets, where its backlog is deep.
 */
type AcceptedLane = { settled: number; waitedBefore: number; priority: number | undefined };

/**
 * Recorded tickets, in the order of their requests; the tickets of the shard that were settled, and that waited before;
 * and the lanes of their events.
 */
export type Accepted = {
  settled: number;
  waitedBefore: number;
  lanes: ReadonlyMap<number | undefined, AcceptedLane>;
  tickets: readonly Acceptance[];
};

/**
 * A ticket as Redis has it; undefined where Redis does not know it. Its outcome is the text that the worker wrote
 * (domain/outcome-text.ts). `place`: its number in its lane; of the lane, `settled` and `waiting` are the tickets with
 * an outcome and without one.
 */
export type TicketRecord =
  | {
      place: number;
      kind: TicketKind;
      outcome: string | undefined;
      userId: number | undefined;
      eventId: number | undefined;
      settled: number;
      waiting: number;
    }
  | undefined;

/**
 * Counts the tickets of a shard: accepted and settled since its beginning, and waiting. While the queue is empty none
 * waits: a ticket whose API died before it was queued never settles, and the next acceptance corrects the counters.
 */
export async function countTickets({ of }: RedisShards, shard: number) {
  const redis = of(shard);
  const keys = keysOf(shard);
  const [accepted = 0, settled = 0] = (await redis.mget(keys.sequence, keys.settled)).map(Number);
  if (accepted <= settled) return { accepted, settled, waiting: 0 };
  const jobs = await Promise.all([
    redis.llen(keys.waiting),
    redis.zcard(keys.prioritized),
    redis.llen(keys.active),
    redis.zcard(keys.delayed),
  ]);
  return { accepted, settled, waiting: jobs.every((count) => count === 0) ? 0 : accepted - settled };
}

type Deps = {
  redis: RedisShards;
  /** For what concerns other shards: it fails at once where their server is unavailable. */
  regular: RedisShards;
  scripts: Scripts;
  /** For what replicas must have: acceptances, decisions, outcomes. */
  replicated: ReplicatedWrites;
  keys: ReturnType<typeof createIdempotencyKeys>;
  shards: number;
};

/** Counts outcomes: one call of the counter for each different outcome, and not for each ticket. */
function countOutcomes(outcomes: readonly WrittenOutcome[]): void {
  const groups = groupBy(outcomes, ({ kind, status, code }) => `${kind} ${status} ${code}`);
  for (const group of groups.values()) {
    const [{ kind, status, code = '' }] = group as [WrittenOutcome];
    metrics.outcomes.inc({ kind, status, code }, group.length);
  }
}

export type Acceptance = AcceptedTicket | 'mismatch' | 'ended';

/** @param reply of acceptTickets for one ticket */
function acceptanceOf({ ticketId }: TicketRequest, reply: string | number | undefined): Acceptance {
  if (typeof reply === 'number') return { ticketId, place: reply, enqueue: true };
  if (reply === 'MISMATCH') return 'mismatch';
  if (reply === 'ENDED') return 'ended';
  const [recordedId = '', place, enqueue] = (reply ?? '').split(' ');
  return { ticketId: recordedId, place: Number(place), enqueue: enqueue === '1' };
}

async function acceptTickets(
  { replicated }: Deps,
  shard: number,
  node: string,
  requests: readonly TicketRequest[],
  { maxQueued, fresh }: { maxQueued: number; fresh: boolean },
): Promise<Accepted | 'overloaded'> {
  const eventIds = [...new Set(requests.map(({ eventId }) => eventId))];
  const events = eventIds.map((eventId) => eventId ?? '-').join(' ');
  const args: (string | number)[] = [maxQueued, IDEMPOTENCY_TTL_SECONDS, node, fresh ? 1 : 0, events];
  for (const { ticketId, kind, eventId = '-', userId = '-', idempotency, admittedUntilMs } of requests) {
    const { digest = '-', fingerprint = '-' } = idempotency ?? {};
    const isConditional = idempotency !== undefined || admittedUntilMs !== undefined;
    pushFields(args, 'acceptTickets', {
      ticketId,
      about: `${kind} ${eventId} ${userId} ${digest}`,
      conditions: isConditional ? `${admittedUntilMs ?? '-'} ${digest} ${fingerprint}` : '',
    });
  }
  type Reply = [settled: number, waitedBefore: number, lanes: number[], ...tickets: (string | number)[]];
  const reply = await replicated.scripts<Reply | 'OVERLOADED'>('acceptTickets', shard, args);
  if (reply === 'OVERLOADED') return 'overloaded';
  const [settled, waitedBefore, laneValues, ...replies] = reply;
  const tickets = requests.map((request, i) => acceptanceOf(request, replies[i]));
  return { settled, waitedBefore, lanes: lanesOf(eventIds, laneValues), tickets };
}

/** @param values of acceptTickets: three for each event */
function lanesOf(eventIds: readonly (number | undefined)[], values: readonly number[]) {
  const lanes = new Map<number | undefined, AcceptedLane>();
  for (const [i, eventId] of eventIds.entries()) {
    const [settled = 0, waitedBefore = 0, priority = 0] = values.slice(3 * i, 3 * i + 3);
    lanes.set(eventId, { settled, waitedBefore, priority: priority === 0 ? undefined : priority });
  }
  return lanes;
}

async function confirmChanges(
  { replicated }: Deps,
  shard: number,
  outcomes: ReadonlyMap<string, WrittenOutcome>,
): Promise<ReadonlyMap<string, WrittenOutcome>> {
  if (!replicated.areWaitedFor || outcomes.size === 0) return outcomes;
  const args: (string | number)[] = [];
  for (const [ticketId, { text: outcome }] of outcomes) pushFields(args, 'decideChanges', { ticketId, outcome });
  const confirm = replicated.begin(shard);
  const decided = await replicated.scripts<string[]>('decideChanges', shard, args);
  await confirm();
  return new Map([...outcomes.keys()].map((id, i) => [id, writeOutcome(readOutcome(id, decided[i] ?? ''))]));
}

async function settleTickets(
  deps: Deps,
  shard: number,
  outcomes: ReadonlyMap<string, WrittenOutcome>,
): Promise<number> {
  const args: (string | number)[] = [BATCH_TTL_SECONDS, REFUSED_TTL_SECONDS, IDEMPOTENCY_TTL_SECONDS];
  for (const [ticketId, { text, status }] of outcomes) {
    // An API of the version before reads JSON.
    const outcome = isOfVersionBefore(ticketId) ? JSON.stringify(readOutcome(ticketId, text)) : text;
    pushFields(args, 'settleTickets', { ticketId, outcome, refused: status === 'rejected' ? 1 : 0 });
  }
  const { begin, scripts } = deps.replicated;
  const confirm = begin(shard);
  const [settled, ...digests] = await scripts<[number, ...string[]]>('settleTickets', shard, args);
  // The reply does not name the tickets that were settled before: a repeated batch counts as many outcomes as are new.
  if (settled > 0) countOutcomes([...outcomes.values()].slice(0, settled));
  await deps.keys.keepEverywhere(digests, true);
  await confirm(); // else a master that takes over could have the end of the job, and not the outcomes
  return settled;
}

type TicketReply =
  | [place: number, kind: string, outcome: string, user: string, event: string, settled: number, waiting: number]
  | [];

function ticketOf([place, kind, outcome = '', user = '', event = '', settled = 0, waiting = 0]: TicketReply) {
  if (place === undefined) return undefined;
  return {
    place,
    kind: ticketKind.parse(kind),
    outcome: outcome === '' ? undefined : outcome,
    userId: user === '' ? undefined : Number(user),
    eventId: event === '' ? undefined : Number(event),
    settled,
    waiting,
  } satisfies TicketRecord;
}

async function watchTickets(
  { scripts }: Deps,
  shard: number,
  node: string,
  ticketIds: readonly string[],
): Promise<{ settled: number; waiting: number; tickets: TicketRecord[] }> {
  type Reply = [settled: number, waiting: number, tickets: TicketReply[]];
  const [settled, waiting, tickets] = await scripts<Reply>('watchTickets', shard, [node, ...ticketIds]);
  return { settled, waiting, tickets: tickets.map(ticketOf) };
}

/** Seats that a ticket without an outcome has claimed. */
export type ClaimUnderWay = { ticketId: string; eventId: number; generation: number; seats: string[] };

/** Reads the claims under way of these tickets, or of the whole shard. */
export async function readClaims(
  { scripts }: Pick<Deps, 'scripts'>,
  shard: number,
  ticketIds: readonly string[],
): Promise<ClaimUnderWay[]> {
  const reply = await scripts<string[]>('readClaims', shard, ticketIds);
  const claims: ClaimUnderWay[] = [];
  for (let at = 0; at < reply.length; at += 4) {
    const [ticketId = '', eventId, generation, labels = ''] = reply.slice(at, at + 4);
    claims.push({ ticketId, eventId: Number(eventId), generation: Number(generation), seats: labels.split(' ') });
  }
  return claims;
}

/** Tickets in Redis: the API records them, workers settle them, API nodes watch them. */
export function createTicketStore(given: Omit<Deps, 'keys'>) {
  const keys = createIdempotencyKeys(given);
  const deps: Deps = { ...given, keys };
  return {
    /**
     * Records a batch of tickets of one shard, on the connection that replicas confirm, and registers `node` for their
     * outcomes. `fresh`: their ids are new, no earlier call that failed has recorded them.
     *
     * @returns for each the ticket (an older one where its idempotency key was used before with the same request),
     * `'mismatch'` where the key was used with another, `'ended'` where its admission has ended; or `'overloaded'` for
     * all, and then nothing was recorded
     */
    accept: (
      shard: number,
      node: string,
      requests: readonly TicketRequest[],
      options: { maxQueued: number; fresh: boolean },
    ) => acceptTickets(deps, shard, node, requests, options),

    /** Records that the jobs of tickets are queued: a repeated idempotency key does not queue them again. */
    noteQueued: (shard: number, ticketIds: readonly string[]): Promise<number> =>
      deps.replicated.scripts('noteQueued', shard, ticketIds),

    bindKey: keys.bindKey,
    bindEverywhere: keys.bindEverywhere,

    /**
     * Sets how long the bindings of `bindEverywhere` last: ten minutes where the request was refused before it got a
     * ticket, a day where it gets one after that.
     */
    keepEverywhere: ({ digest }: Idempotency, { isRefused }: { isRefused: boolean }): Promise<void> =>
      keys.keepEverywhere([digest], isRefused),

    /**
     * Lets replicas have the outcomes of changes before `settle` publishes them, where REDIS_WAIT_REPLICAS is set.
     *
     * @returns the outcomes to settle: a ticket keeps the one that was confirmed first
     * @throws NotReplicated
     */
    confirmChanges: (shard: number, outcomes: ReadonlyMap<string, WrittenOutcome>) =>
      confirmChanges(deps, shard, outcomes),

    /**
     * Writes outcomes, which are published to the API nodes that watch. A ticket keeps its first outcome (I2).
     *
     * @returns how many tickets had none before
     * @throws NotReplicated
     */
    settle: (shard: number, outcomes: ReadonlyMap<string, WrittenOutcome>) => settleTickets(deps, shard, outcomes),

    /** The claim of a ticket without an outcome; undefined where it has none. */
    claimOf: async (shard: number, ticketId: string): Promise<ClaimUnderWay | undefined> =>
      (await readClaims(deps, shard, [ticketId]))[0],

    /** All claims of a shard that have no outcome yet: their seats are about to be saved or released. */
    claimsUnderWay: (shard: number): Promise<ClaimUnderWay[]> => readClaims(deps, shard, []),

    /**
     * Reads tickets of one shard, in order, and registers `node` as a watcher of those that have no outcome yet.
     * `settled` and `waiting` count all tickets of the shard.
     */
    watch: (shard: number, node: string, ticketIds: readonly string[]) => watchTickets(deps, shard, node, ticketIds),
  };
}

export type TicketStore = ReturnType<typeof createTicketStore>;
