import type { QueueEvents } from 'bullmq';
import {
  type Idempotency,
  type JobPayload,
  type JobResult,
  jobResults,
  type OperatorJob,
} from '../shared/contract/jobs.ts';
import { newTicketId } from '../shared/domain/ticket-id.ts';
import type { JobQueue } from '../shared/platform/queues.ts';
import type { TicketStore } from '../shared/stores/tickets.ts';
import { ApiError } from './http.ts';

/** Milliseconds that an operator waits for a worker. */
const TIMEOUT_MS = 60_000;

/** The shard whose control queue carries operators' jobs, whichever event they are about: they are few. */
const SHARD = 0;

/** Hands an operator's work to a worker and waits for what it answers: the API never changes a seat. */
export function createControl(deps: { queue: JobQueue; events: QueueEvents; tickets: TicketStore }) {
  const { queue, events, tickets } = deps;

  /**
   * @param idempotency the same key again joins the job that it led to, or gets what that answered
   * @throws ApiError IDEMPOTENCY_MISMATCH; UNAVAILABLE where no worker answered in time
   */
  return async function control<Name extends OperatorJob>(
    name: Name,
    payload: JobPayload<Name>,
    idempotency?: Idempotency,
  ): Promise<JobResult<Name>> {
    let jobId: string | undefined = newTicketId(SHARD);
    if (idempotency !== undefined) jobId = await tickets.bindKey(SHARD, idempotency, jobId);
    if (jobId === undefined) throw new ApiError('IDEMPOTENCY_MISMATCH');
    try {
      const job = await queue.add(name, payload, jobId);
      return jobResults[name].parse(await job.waitUntilFinished(events, TIMEOUT_MS)) as JobResult<Name>;
    } catch (fault) {
      const detail = 'No worker has done it in time. If it is on the queue, it is done when one is back.';
      throw new ApiError('UNAVAILABLE', detail, {}, fault);
    }
  };
}

export type Control = ReturnType<typeof createControl>;
