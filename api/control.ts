import type { QueueEvents } from 'bullmq';
import { type HouseReport, houseReport, type JobPayload } from '../shared/contract/jobs.ts';
import { shardOfEvent } from '../shared/domain/ticket-id.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { JobQueue } from '../shared/platform/queues.ts';
import { ApiError } from './http.ts';

/** Milliseconds that an operator waits for a worker. */
const TIMEOUT_MS = 60_000;

/** Hands an operator's work to a worker, on the control queue, and waits for what it answers: the API never changes a seat. */
export function createControl(deps: { shards: readonly { queue: JobQueue; events: QueueEvents }[]; log: Logger }) {
  const { shards, log } = deps;

  /** @throws ApiError UNAVAILABLE where no worker answered in time */
  return async function control<Name extends 'initialize' | 'clear'>(
    name: Name,
    payload: JobPayload<Name>,
  ): Promise<HouseReport> {
    const { eventId } = payload;
    const shard = shards[shardOfEvent(eventId, shards.length)];
    if (shard === undefined) throw new Error('there is no shard');
    try {
      const job = await shard.queue.add(name, payload);
      return houseReport.parse(await job.waitUntilFinished(shard.events, TIMEOUT_MS));
    } catch (fault) {
      log.error({ name, eventId, fault: (fault as Error).message }, 'control job');
      throw new ApiError(
        'UNAVAILABLE',
        'No worker has done it in time. If it is on the queue, it is done when one is back.',
      );
    }
  };
}

export type Control = ReturnType<typeof createControl>;
