import { setTimeout as sleep } from 'node:timers/promises';
import { errorCodes } from '../../shared/contract/codes.ts';
import {
  type Idempotency,
  type JobPayload,
  type JobResult,
  jobResults,
  type OperatorJob,
} from '../../shared/contract/jobs.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { isUnavailable } from '../../shared/platform/faults.ts';
import type { JobQueue } from '../../shared/queues/queue.ts';
import type { TicketStore } from '../../shared/stores/redis/tickets.ts';
import { ApiError } from '../http/errors.ts';

/** Milliseconds that an operator waits for a worker. */
const TIMEOUT_MS = 60_000;

/** Milliseconds between two reads of a job's state: the first pause, the factor by which it grows, and the longest. */
const READ_PAUSE = { firstMs: 5, growth: 1.5, mostMs: 250 };

const NOT_IN_TIME = 'No worker has done it in time. If it is on the queue, it is done when one is back.';

/** The shard whose control queue carries operators' jobs, whichever event they are about: they are few. */
const SHARD = 0;

/**
 * Hands an operator's work to a worker and waits for its answer: the API never changes a seat. The job is polled:
 * operators' jobs are few, and no subscription can stop unnoticed.
 */
export function createOperatorJobs(deps: { queue: JobQueue; tickets: TicketStore }) {
  const { queue, tickets } = deps;

  /**
   * @throws ApiError with the code of a job that was refused, or UNAVAILABLE at the deadline; Error where it failed
   * otherwise or is gone
   */
  async function resultOf(jobId: string): Promise<unknown> {
    const deadline = performance.now() + TIMEOUT_MS;
    let pauseMs = READ_PAUSE.firstMs;
    let unread: unknown; // the last read that failed: Redis may be back before the deadline
    for (;;) {
      const isLast = performance.now() > deadline; // a process that was stopped meanwhile reads once more
      const state = await queue.stateOf(jobId).catch((fault: unknown) => {
        unread = fault;
        return 'unfinished' as const;
      });
      if (state !== 'unfinished') {
        if ('result' in state) return state.result;
        const refused = errorCodes.find((code) => code === state.failed);
        throw refused === undefined
          ? new Error(state.failed)
          : new ApiError(refused, 'The database refuses what is in this request.');
      }
      if (isLast) throw new ApiError('UNAVAILABLE', NOT_IN_TIME, {}, unread);
      await sleep(pauseMs);
      pauseMs = Math.min(READ_PAUSE.mostMs, pauseMs * READ_PAUSE.growth);
    }
  }

  /**
   * @param idempotency the same key again joins the job that it led to, or gets what that answered
   * @throws ApiError IDEMPOTENCY_MISMATCH; the code of a job that was refused for good; UNAVAILABLE where no worker
   * answered in time
   */
  return async function runOperatorJob<Name extends OperatorJob>(
    name: Name,
    payload: JobPayload<Name>,
    idempotency?: Idempotency,
  ): Promise<JobResult<Name>> {
    let jobId: string | undefined = newTicketId(SHARD);
    if (idempotency !== undefined) jobId = await tickets.bindKey(SHARD, idempotency, jobId);
    if (jobId === undefined) throw new ApiError('IDEMPOTENCY_MISMATCH');
    try {
      await queue.add(name, payload, jobId);
      return jobResults[name].parse(await resultOf(jobId)) as JobResult<Name>;
    } catch (fault) {
      throw isUnavailable(fault) ? new ApiError('UNAVAILABLE', NOT_IN_TIME, {}, fault) : fault;
    }
  };
}

export type RunOperatorJob = ReturnType<typeof createOperatorJobs>;
