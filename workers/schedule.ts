import type { Logger } from '../shared/platform/logger.ts';
import type { Loops } from '../shared/platform/loops.ts';
import type { Queues } from '../shared/queues/open-queues.ts';
import { SCHEDULES } from '../shared/stores/redis/pipeline.ts';

/** Milliseconds between two checks of the schedule: a wipe of Redis removes it, a clock that is ahead delays it. */
const CHECK_MS = 2_000;

/**
 * Schedules the regular jobs and keeps them scheduled. All workers and all shards have one schedule, on the first
 * shard's queue: every worker writes the same.
 *
 * @returns the function that ends it
 */
export async function startSchedule(deps: { queues: Queues; loops: Loops; log: Logger }) {
  const { queues, loops, log } = deps;

  async function check(): Promise<void> {
    for (const { name, everyMs } of SCHEDULES) await queues[0]?.control.every(name, everyMs);
    for (const { booking, control } of queues) {
      await booking.correctDelays();
      await control.correctDelays();
    }
  }

  await check();
  return loops.repeat('schedule kept', CHECK_MS, check, (fault) =>
    log.warn({ fault: fault.message }, 'keeping the schedule failed'),
  );
}
