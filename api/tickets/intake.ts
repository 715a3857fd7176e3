import { setTimeout as sleep } from 'node:timers/promises';
import type { BookRequest, Idempotency, JobPayload } from '../../shared/contract/jobs.ts';
import { MAX_BATCH_REQUESTS } from '../../shared/contract/limits.ts';
import type { TicketKind } from '../../shared/contract/tickets.ts';
import type { DrainMeter } from '../../shared/domain/drain.ts';
import { groupBy } from '../../shared/domain/group-by.ts';
import { createGroupCommit } from '../../shared/domain/group-commit.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { JobQueue } from '../../shared/queues/queue.ts';
import type { TicketRequest, TicketStore } from '../../shared/stores/redis/tickets.ts';
import { metrics } from '../../shared/telemetry/metrics.ts';
import type { Trace } from '../../shared/telemetry/ticket-traces.ts';
import { ApiError } from '../http/errors.ts';
import type { Outcomes } from './outcomes.ts';

/** Requests of one API process that may wait for the next flush of a shard. */
const MAX_WAITING = 20_000;

/** Milliseconds between the tries of a flush. It is tried as often as there are pauses, and once more. */
const RETRY_PAUSES_MS = [50, 200];

const intakeRequests = metrics.batchRequests.labels('intake');

/** A request that is on the queue, and its ticket; of an earlier request where the idempotency key is a replay's. */
export type Submission = { ticketId: string; position: number; etaSeconds: number | undefined; isReplay: boolean };

/** The jobs that carry batches of tickets' requests, and one such request before it has its ticket. */
type BatchJob = 'book' | 'change';
type Asked<Name extends BatchJob> = Omit<JobPayload<Name>['requests'][number], 'ticketId' | 'trace'>;
type Entry<Name extends BatchJob> = TicketRequest & { asked: Asked<Name>; trace: Trace | undefined };

/** Intake by group commit: many requests, one script that records their tickets, one job that carries them. */
export function createIntake<Name extends BatchJob>(deps: {
  job: Name;
  tickets: TicketStore;
  /** The queue of that job, of each shard. */
  queues: readonly JobQueue[];
  /** This API node. */
  node: string;
  meter: DrainMeter;
  maxQueued: number;
  /** Whether what the queue stands on has no room for more. */
  isFull: () => boolean;
  /** Is told of each new ticket before its request is on the queue. */
  remember: Outcomes['remember'];
  log: Logger;
}) {
  const { job, tickets, queues, node, meter, maxQueued, isFull, remember, log } = deps;

  async function flush(shard: number, batch: Entry<Name>[], fresh: boolean): Promise<(Submission | ApiError)[]> {
    intakeRequests.observe(batch.length);
    const accepted = await tickets.accept(shard, node, batch, { maxQueued, fresh });
    if (accepted === 'overloaded') return batch.map(() => new ApiError('OVERLOADED'));

    // Each ticket once, though its key may have come twice in this batch.
    const queueing = new Map<string, Entry<Name>>();
    for (const [i, entry] of batch.entries()) {
      const ticket = accepted.tickets[i];
      if (typeof ticket !== 'object') continue;
      if (ticket.enqueue) queueing.set(ticket.ticketId, entry);
      // Before it is on the queue: no outcome can come that this node does not wait for.
      const { ticketId, kind, userId, trace } = entry;
      if (ticket.ticketId === ticketId)
        remember(ticketId, kind, userId, { place: ticket.place, settled: accepted.settled }, trace);
    }
    const requests = [...queueing].map(([ticketId, { asked, trace }]) => ({
      ticketId,
      ...asked,
      trace: trace?.queued(),
    }));
    // The id that was made for the first entry is this batch's alone, even where an older ticket took the entry's place:
    // a flush that is tried again adds its job once, and no other batch is ever taken for this one.
    const jobId = batch[0]?.ticketId;
    if (requests.length > 0 && jobId !== undefined)
      await queues[shard]?.add(job, { requests } as JobPayload<Name>, jobId);
    for (const [kind, some] of groupBy(queueing.values(), (entry) => entry.kind))
      metrics.accepted.inc({ kind }, some.length);
    const keyed = [...queueing].flatMap(([ticketId, { idempotency }]) => (idempotency === undefined ? [] : [ticketId]));
    if (keyed.length > 0) await noteQueued(shard, keyed);

    const last = accepted.tickets.reduce(
      (most, ticket) => Math.max(most, typeof ticket === 'object' ? ticket.place : 0),
      0,
    );
    meter.observe(accepted.settled, Math.max(0, last - accepted.settled - batch.length), performance.now());
    return accepted.tickets.map((ticket, i) => {
      if (ticket === 'mismatch') return new ApiError('IDEMPOTENCY_MISMATCH');
      if (ticket === 'ended') return new ApiError('ADMISSION_INVALID', 'The admission has run out.');
      const { ticketId, place } = ticket;
      const position = Math.max(1, place - accepted.settled);
      const isReplay = ticketId !== batch[i]?.ticketId;
      return { ticketId, position, etaSeconds: meter.etaSeconds(position), isReplay };
    });
  }

  /** Only so that a key that is repeated does not queue its request once more, which would do no harm: a fault here refuses nobody. */
  async function noteQueued(shard: number, ticketIds: readonly string[]): Promise<void> {
    try {
      await tickets.noteQueued(shard, ticketIds);
    } catch (fault) {
      log.warn({ shard, tickets: ticketIds.length, fault: (fault as Error).message }, 'not noted as queued');
    }
  }

  /** A flush that broke half way is tried again with the same ids: recording and queueing both know what they have. */
  async function flushPersistently(shard: number, batch: Entry<Name>[]): Promise<(Submission | ApiError)[]> {
    for (const [tries, pauseMs] of RETRY_PAUSES_MS.entries()) {
      try {
        return await flush(shard, batch, tries === 0);
      } catch (fault) {
        log.warn({ shard, requests: batch.length, fault: (fault as Error).message }, 'flush failed, trying again');
        await sleep(pauseMs);
      }
    }
    return flush(shard, batch, false);
  }

  const shards = queues.map((_queue, shard) =>
    createGroupCommit<Entry<Name>, Submission | ApiError>({
      flush: (batch) => flushPersistently(shard, batch),
      maxItems: MAX_BATCH_REQUESTS,
      maxWaiting: MAX_WAITING,
    }),
  );

  return {
    /**
     * Puts a request on the queue. Once this resolves the request is durable.
     *
     * @throws ApiError OVERLOADED, IDEMPOTENCY_MISMATCH, ADMISSION_INVALID where the admission has ended by Redis'
     * clock; or the fault of the flush: then the request was not accepted (it may still be booked: a client that
     * retries with its idempotency key learns it)
     */
    async submit(
      shard: number,
      kind: TicketKind,
      asked: Asked<Name>,
      idempotency: Idempotency | undefined,
      trace?: Trace,
    ): Promise<Submission> {
      if (isFull()) throw new ApiError('OVERLOADED');
      const admittedUntilMs = (asked as Partial<BookRequest>).admission?.untilMs;
      const ticket = { ticketId: newTicketId(shard), kind, userId: asked.userId, idempotency, admittedUntilMs };
      if (idempotency !== undefined && !(await tickets.bindEverywhere(idempotency, ticket.ticketId)))
        throw new ApiError('IDEMPOTENCY_MISMATCH');
      const endAccept = trace?.begin('accept');
      const pending = shards[shard]?.add({ ...ticket, asked, trace });
      if (pending === undefined) throw new ApiError('OVERLOADED');
      const result = await pending;
      if (result instanceof ApiError) throw result;
      endAccept?.();
      return result;
    },

    /** Resolves once everything that was submitted has left. */
    async drained(): Promise<void> {
      await Promise.all(shards.map((shard) => shard.drained()));
    },
  };
}

export type Intake<Name extends BatchJob> = ReturnType<typeof createIntake<Name>>;
