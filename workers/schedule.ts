import { isUnavailable, throwUnlessUnavailable } from '../shared/platform/faults.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { Loops } from '../shared/platform/loops.ts';
import type { JobLock } from '../shared/stores/postgres/job-lock.ts';
import { type Progress, SCHEDULES, type ScheduleName } from '../shared/stores/redis/pipeline.ts';
import type { WorkersStore } from '../shared/stores/redis/workers.ts';

/** The part of an interval in which no second worker gets a turn: a timer may be a little early. */
const TURN_SHARE = 0.9;

/** Milliseconds after which a turn is abandoned: its lock lasts 30 s, and it waits 10 s for a connection. */
const STALLED_MS = 45_000;

type ScheduledWork = {
  /** Whether there is anything to do. It is read without the lock, which takes a transaction. */
  isDue: () => Promise<boolean>;
  run: () => Promise<unknown>;
};

type ScheduleDeps = {
  workers: WorkersStore;
  jobLock: JobLock;
  progress: Progress;
  loops: Loops;
  log: Logger;
};

/**
 * Does the regular work. Every worker has a timer for each kind, and one of them gets the turn, so a wipe of Redis or a
 * wrong clock stops no schedule. It is no job: the commands of a job each second were most of those of an idle Redis.
 *
 * @returns the function that ends it and waits for turns under way
 */
export function startSchedule(deps: ScheduleDeps, work: Record<ScheduleName, ScheduledWork>) {
  const { workers, jobLock, progress, loops, log } = deps;

  /** Whether this worker may try. Without Redis' shard 0 all may: the lock in PostgreSQL lets one of them work. */
  const hasTurn = (name: ScheduleName, everyMs: number): Promise<boolean> =>
    workers.takeTurn(name, everyMs * TURN_SHARE).catch((fault: unknown) => {
      throwUnlessUnavailable(fault);
      return true;
    });

  /** Does the work, unless another worker does it. Only work that was done, or was not due, counts as progress. */
  async function takeTurn(name: ScheduleName, everyMs: number): Promise<void> {
    if (!(await hasTurn(name, everyMs))) return;
    try {
      const { isDue, run } = work[name];
      if (!(await isDue())) return progress.note(name);
      await jobLock.take(name, async () => {
        await run();
        progress.note(name);
      });
    } catch (fault) {
      await workers.endTurn(name).catch(throwUnlessUnavailable); // another worker may be able to do it
      throw fault;
    }
  }

  const stops = SCHEDULES.map(({ name, everyMs }) => {
    const noteFault = (fault: Error) => {
      const cause = isUnavailable(fault) ? { fault: fault.message } : { err: fault };
      log.warn({ schedule: name, ...cause }, 'scheduled work failed');
    };
    return loops.repeat(`schedule ${name}`, everyMs, () => takeTurn(name, everyMs), noteFault, {
      stalledMs: STALLED_MS,
    });
  });
  return () => Promise.all(stops.map((stop) => stop()));
}
