import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchJob, BatchRequest, BookRequest, Idempotency, JobPayload } from '../../shared/contract/jobs.ts';
import { MAX_BATCH_REQUESTS } from '../../shared/contract/limits.ts';
import type { TicketKind } from '../../shared/contract/tickets.ts';
import type { ShardMeter } from '../../shared/domain/drain.ts';
import { groupBy } from '../../shared/domain/group-by.ts';
import { createGroupCommit } from '../../shared/domain/group-commit.ts';
import { newBatch } from '../../shared/domain/ticket-id.ts';
import { NotReplicated } from '../../shared/platform/faults.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { JobQueue } from '../../shared/queues/queue.ts';
import type { ReplicatedWrites } from '../../shared/stores/redis/replicas.ts';
import type { Acceptance, Accepted, TicketRequest, TicketStore } from '../../shared/stores/redis/tickets.ts';
import { metrics } from '../../shared/telemetry/metrics.ts';
import type { Trace } from '../../shared/telemetry/ticket-traces.ts';
import { ApiError } from '../http/errors.ts';
import type { Outcomes } from './outcomes.ts';
import { positionOf } from './ticket-state.ts';

/** Requests of an API process that may wait for the next flush of a shard, four fifths of them for one event. */
const MAX_WAITING = 25_000;

/** Milliseconds before each retry of a flush. */
const RETRY_PAUSES_MS = [50, 200];

const intakeRequests = metrics.batchRequests.labels('intake');

/** An enqueued request and its ticket. A replay has the ticket of the first request with its idempotency key. */
export type Submission = { ticketId: string; position: number; etaSeconds: number | undefined; isReplay: boolean };

/** A request of a job without its ticket. */
type JobRequest<Name extends BatchJob> = Omit<BatchRequest<Name>, 'ticketId' | 'trace'>;

/** A request that waits for a flush. */
type Entry<Name extends BatchJob> = TicketRequest & { request: JobRequest<Name>; trace: Trace | undefined };

type IntakeDeps<Name extends BatchJob> = {
  job: Name;
  tickets: TicketStore;
  replicated: Pick<ReplicatedWrites, 'begin'>;
  /** The queues of that job by shard, on the connection that replicas confirm. */
  queues: readonly JobQueue[];
  /** This API node. */
  node: string;
  /** How fast each shard drains. */
  meters: readonly ShardMeter[];
  maxQueued: number;
  /** Whether Redis has no memory for more requests of this kind. */
  isFull: (shard: number) => boolean;
  /** Called with each new ticket before its request is enqueued. */
  remember: Outcomes['remember'];
  log: Logger;
};

/**
 * Accepts requests by group commit: one script call records the tickets of many requests, and one job carries them,
 * with another one for each event whose backlog is deep. Events take turns.
 */
export function createIntake<Name extends BatchJob>(deps: IntakeDeps<Name>) {
  const { tickets, isFull } = deps;
  const shards = deps.queues.map((_queue, shard) => {
    const ids = createTicketIds(shard);
    const flushes = createGroupCommit<Entry<Name>, Submission | ApiError>({
      flush: (batch) => {
        ids.startBatches();
        return flushWithRetries(deps, shard, batch);
      },
      maxItems: MAX_BATCH_REQUESTS,
      maxWaiting: MAX_WAITING,
      laneOf: ({ eventId }) => eventId,
    });
    return { ids, flushes };
  });

  return {
    /**
     * Enqueues a request. Once this resolves the request is durable.
     *
     * @throws ApiError OVERLOADED, IDEMPOTENCY_MISMATCH, ADMISSION_INVALID where the admission has expired by Redis'
     * clock; or the fault of the flush: then the request was not accepted (it may still be booked: a client that
     * retries with its idempotency key gets its ticket)
     */
    async submit(
      shard: number,
      kind: TicketKind,
      request: JobRequest<Name>,
      idempotency: Idempotency | undefined,
      trace?: Trace,
    ): Promise<Submission> {
      if (isFull(shard)) throw new ApiError('OVERLOADED');
      const { eventId, admission } = request as Partial<BookRequest>;
      const ofShard = shards[shard];
      if (ofShard === undefined) throw new Error(`there is no shard ${shard}`);
      const ticketId = ofShard.ids.next(eventId);
      const isNewKey = idempotency !== undefined && (await tickets.bindEverywhere(idempotency, ticketId));
      if (isNewKey === undefined) throw new ApiError('IDEMPOTENCY_MISMATCH');
      const endAccept = trace?.begin('accept');
      const { userId } = request;
      const admittedUntilMs = admission?.untilMs;
      const entry = { ticketId, kind, eventId, userId, idempotency, admittedUntilMs, request, trace };
      const result = (await ofShard.flushes.add(entry)) ?? new ApiError('OVERLOADED');
      if (result instanceof ApiError) {
        if (isNewKey) await tickets.keepEverywhere(idempotency, { isRefused: true });
        throw result;
      }
      if (idempotency !== undefined && !isNewKey && !result.isReplay)
        await tickets.keepEverywhere(idempotency, { isRefused: false }); // it was refused before
      endAccept?.();
      return result;
    },

    /** Resolves once each submitted request is flushed. */
    async drained(): Promise<void> {
      await Promise.all(shards.map(({ flushes }) => flushes.drained()));
    },
  };
}

/** Makes the ticket ids of a shard: requests for one event that wait for the same flush are one batch. */
function createTicketIds(shard: number) {
  let batches = new Map<number | undefined, () => string>();
  return {
    next(eventId: number | undefined): string {
      const batch = batches.get(eventId) ?? newBatch(shard);
      batches.set(eventId, batch);
      return batch();
    },

    /** Ids that are made from now on are of new batches. */
    startBatches(): void {
      batches = new Map();
    },
  };
}

export type Intake<Name extends BatchJob> = ReturnType<typeof createIntake<Name>>;

/** Retries a flush that failed with the same ticket ids: recording and enqueueing are idempotent by them. */
async function flushWithRetries<Name extends BatchJob>(
  deps: IntakeDeps<Name>,
  shard: number,
  batch: readonly Entry<Name>[],
): Promise<(Submission | ApiError)[]> {
  for (const [failures, pauseMs] of RETRY_PAUSES_MS.entries()) {
    try {
      return await flush(deps, shard, batch, failures === 0);
    } catch (fault) {
      if (fault instanceof NotReplicated) throw fault; // the next try would take as long again
      deps.log.warn({ shard, requests: batch.length, fault: (fault as Error).message }, 'flush failed: retrying');
      await sleep(pauseMs);
    }
  }
  return flush(deps, shard, batch, false);
}

/** Records the tickets of a batch, enqueues the jobs that carry it, and answers each request. */
async function flush<Name extends BatchJob>(
  deps: IntakeDeps<Name>,
  shard: number,
  batch: readonly Entry<Name>[],
  isFirstTry: boolean,
): Promise<(Submission | ApiError)[]> {
  const { tickets, replicated, node, maxQueued } = deps;
  const meter = deps.meters[shard];
  if (meter === undefined) throw new Error(`there is no shard ${shard}`);
  intakeRequests.observe(batch.length);
  const confirm = replicated.begin(shard);
  const accepted = await tickets.accept(shard, node, batch, { maxQueued, fresh: isFirstTry });
  if (accepted === 'overloaded') return batch.map(() => new ApiError('OVERLOADED'));
  // Before they are enqueued: an outcome that arrives finds its ticket.
  rememberNew(deps, batch, accepted);
  await enqueue(deps, shard, entriesToEnqueue(batch, accepted), accepted);
  await confirm();
  const nowMs = performance.now();
  meter.observe(accepted.settled, accepted.waitedBefore, nowMs);
  for (const [eventId, { settled, waitedBefore }] of accepted.lanes)
    meter.observeLane(eventId, settled, waitedBefore, nowMs);
  return accepted.tickets.map((ticket, i) => answerTo(ticket, batch[i], accepted, meter));
}

/**
 * Remembers the tickets that were made for this batch, except those that are settled already, where a flush is tried
 * again: their outcome may have arrived. Those of replays may have been accepted by another node.
 */
function rememberNew<Name extends BatchJob>(
  { remember }: IntakeDeps<Name>,
  batch: readonly Entry<Name>[],
  { lanes, tickets }: Accepted,
): void {
  const acceptedAtMs = performance.now();
  for (const [i, { ticketId, kind, userId, eventId, trace }] of batch.entries()) {
    const ticket = tickets[i];
    if (typeof ticket !== 'object' || ticket.ticketId !== ticketId || !ticket.enqueue) continue;
    const settled = lanes.get(eventId)?.settled ?? 0;
    const { place } = ticket;
    remember(ticketId, { kind, userId, eventId, place, settled, acceptedAtMs, outcome: undefined, trace });
  }
}

/** The requests to enqueue, by the id of their ticket: one each, though a key may be twice in the batch. */
export function entriesToEnqueue<Item>(batch: readonly Item[], { tickets }: Pick<Accepted, 'tickets'>) {
  const entries = new Map<string, Item>();
  for (const [i, entry] of batch.entries()) {
    const ticket = tickets[i];
    if (typeof ticket === 'object' && ticket.enqueue) entries.set(ticket.ticketId, entry);
  }
  return entries;
}

/**
 * The jobs that carry entries: a common one, and for each event whose backlog is deep one of its own with the priority
 * of its lane.
 */
export function jobsOf<Item extends { eventId?: number | undefined }>(
  entries: ReadonlyMap<string, Item>,
  { lanes }: Pick<Accepted, 'lanes'>,
): { priority: number | undefined; carried: [ticketId: string, entry: Item][] }[] {
  const priorityOf = ({ eventId }: Item) => lanes.get(eventId)?.priority;
  const laneOf = (entry: Item) => (priorityOf(entry) === undefined ? 'common' : entry.eventId);
  const groups = groupBy(entries, ([, entry]) => laneOf(entry));
  return [...groups.values()].map((carried) => ({ priority: carried[0] && priorityOf(carried[0][1]), carried }));
}

async function enqueue<Name extends BatchJob>(
  deps: IntakeDeps<Name>,
  shard: number,
  entries: ReadonlyMap<string, Entry<Name>>,
  accepted: Accepted,
): Promise<void> {
  if (entries.size === 0) return;
  await Promise.all(
    jobsOf(entries, accepted).map(({ priority, carried }) => {
      // The id that was made for the first entry belongs to this batch alone, even where the entry is a replay. So a
      // retry adds the job once, and two batches never share a job id.
      const jobId = carried[0]?.[1].ticketId;
      const requests = carried.map(([ticketId, { request, trace }]) => ({
        ticketId,
        ...request,
        trace: trace?.queued(),
      }));
      return deps.queues[shard]?.add(deps.job, { ledger: true, requests } as JobPayload<Name>, jobId, priority);
    }),
  );
  for (const [kind, ofKind] of groupBy(entries.values(), (entry) => entry.kind))
    metrics.accepted.inc({ kind }, ofKind.length);
  const keyed = [...entries].flatMap(([ticketId, { idempotency }]) => (idempotency === undefined ? [] : [ticketId]));
  if (keyed.length > 0) await noteQueued(deps, shard, keyed);
}

/** Keeps a replay from enqueueing its request again, which would be harmless: so a fault here refuses no request. */
async function noteQueued<Name extends BatchJob>(
  { tickets, log }: IntakeDeps<Name>,
  shard: number,
  ticketIds: readonly string[],
): Promise<void> {
  try {
    await tickets.noteQueued(shard, ticketIds);
  } catch (fault) {
    const fields = { shard, tickets: ticketIds.length, fault: (fault as Error).message };
    log.warn(fields, 'noting tickets as enqueued failed');
  }
}

/** The answer to one request of a batch. `own`: the request, with the id made for it; a replay gets an older ticket. */
export function answerTo(
  ticket: Acceptance,
  own: Pick<TicketRequest, 'ticketId' | 'eventId'> | undefined,
  { lanes }: Pick<Accepted, 'lanes'>,
  meter: Pick<ShardMeter, 'etaSeconds'>,
): Submission | ApiError {
  if (ticket === 'mismatch') return new ApiError('IDEMPOTENCY_MISMATCH');
  if (ticket === 'ended') return new ApiError('ADMISSION_INVALID', 'The admission has expired.');
  const position = positionOf(ticket.place, lanes.get(own?.eventId)?.settled ?? 0);
  const isReplay = ticket.ticketId !== own?.ticketId;
  const etaSeconds = meter.etaSeconds(own?.eventId, position);
  return { ticketId: ticket.ticketId, position, etaSeconds, isReplay };
}
