import { setTimeout as sleep } from 'node:timers/promises';
import { errorCodes } from '../../shared/contract/codes.ts';
import {
  type Idempotency,
  type JobPayload,
  type JobResult,
  jobResults,
  type OperatorJob,
} from '../../shared/contract/jobs.ts';
import { newTicketId, shardOfEvent } from '../../shared/domain/ticket-id.ts';
import { isUnavailable } from '../../shared/platform/faults.ts';
import type { JobQueue } from '../../shared/queues/queue.ts';
import type { TicketStore } from '../../shared/stores/redis/tickets.ts';
import { ApiError } from '../http/errors.ts';

/** Milliseconds that an operator waits for a worker. */
const TIMEOUT_MS = 60_000;

/** Milliseconds between two polls of a job: the first pause, the factor by which it grows, and the longest. */
const POLL_PAUSE = { firstMs: 5, growth: 1.5, maxMs: 250 };

const NOT_IN_TIME = 'No worker has finished it in time. If it is enqueued, a worker will run it later.';

/**
 * Enqueues an operator's job and waits for its result: the API itself changes no seat. The job is polled. Operators'
 * jobs are few, and a poll cannot stop unnoticed as a subscription can.
 *
 * @param deps.queues the control queues by shard
 */
export function createOperatorJobs({ queues, tickets }: { queues: readonly JobQueue[]; tickets: TicketStore }) {
  /** The shard of the event, which must be alive. A repeated creation names another event, and all are in one shard. */
  const shardOf = (name: OperatorJob, payload: JobPayload<OperatorJob>): number => {
    const eventId = 'eventId' in payload ? payload.eventId : payload.eventIds[0];
    return name === 'createEvent' || eventId === undefined ? 0 : shardOfEvent(eventId, queues.length);
  };

  /** The id of the job that a key leads to; undefined where it was used with another request. */
  const bind = async (shard: number, key: Idempotency, newId: string): Promise<string | undefined> =>
    (await tickets.bindEverywhere(key, newId)) === undefined ? undefined : tickets.bindKey(shard, key, newId);

  /**
   * @param idempotency a replay waits for the job of the first request with its key, or gets its result
   * @throws ApiError IDEMPOTENCY_MISMATCH; the code with which the job was refused; UNAVAILABLE where no worker has
   * finished it in time
   */
  return async function runOperatorJob<Name extends OperatorJob>(
    name: Name,
    payload: JobPayload<Name>,
    idempotency?: Idempotency,
  ): Promise<JobResult<Name>> {
    const shard = shardOf(name, payload);
    const queue = queues[shard];
    if (queue === undefined) throw new Error(`there is no shard ${shard}`);
    const newId = newTicketId(shard);
    const jobId = idempotency === undefined ? newId : await bind(shard, idempotency, newId);
    if (jobId === undefined) throw new ApiError('IDEMPOTENCY_MISMATCH');
    try {
      await queue.add(name, payload, jobId);
      return jobResults[name].parse(await pollResult(queue, jobId)) as JobResult<Name>;
    } catch (fault) {
      throw isUnavailable(fault) ? new ApiError('UNAVAILABLE', NOT_IN_TIME, {}, fault) : fault;
    }
  };
}

export type RunOperatorJob = ReturnType<typeof createOperatorJobs>;

/**
 * Polls a job until it has finished. A poll that fails is retried: Redis may be back before the deadline.
 *
 * @throws ApiError with the code with which the job was refused, or UNAVAILABLE at the deadline; Error where the job
 * failed otherwise or no longer exists
 */
async function pollResult(queue: JobQueue, jobId: string): Promise<unknown> {
  const deadline = performance.now() + TIMEOUT_MS;
  let pauseMs = POLL_PAUSE.firstMs;
  let lastFault: unknown;
  for (;;) {
    const isLast = performance.now() > deadline; // read before the poll: a process that was suspended polls once more
    const state = await queue.stateOf(jobId).catch((fault: unknown) => {
      lastFault = fault;
      return 'unfinished' as const;
    });
    if (state !== 'unfinished') return resultOf(state);
    if (isLast) throw new ApiError('UNAVAILABLE', NOT_IN_TIME, {}, lastFault);
    await sleep(pauseMs);
    pauseMs = Math.min(POLL_PAUSE.maxMs, pauseMs * POLL_PAUSE.growth);
  }
}

function resultOf(state: { result: unknown } | { failed: string }): unknown {
  if ('result' in state) return state.result;
  const code = errorCodes.find((one) => one === state.failed);
  if (code === undefined) throw new Error(state.failed);
  throw new ApiError(code, code === 'INVALID_REQUEST' ? 'The database refuses a value of this request.' : undefined);
}
