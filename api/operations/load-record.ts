import { LOAD_POINT_SECONDS } from '../../shared/contract/limits.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Loops } from '../../shared/platform/loops.ts';
import type { LoadHistory } from '../../shared/stores/redis/load-history.ts';
import type { WorkersStore } from '../../shared/stores/redis/workers.ts';

const INTERVAL_MS = LOAD_POINT_SECONDS * 1000;

/** Milliseconds by which a turn ends before the next point is due: timers are not exact. */
const SLACK_MS = 500;

type RecordDeps = {
  workers: Pick<WorkersStore, 'takeTurn' | 'readLoad'>;
  loadHistory: Pick<LoadHistory, 'add'>;
  loops: Loops;
  log: Logger;
};

/**
 * Records the load every ten seconds, by one API process at a time: not by the workers, because the hour without any is
 * the one that an operator wants to see.
 *
 * @returns a function that ends it
 */
export function recordLoad({ workers, loadHistory, loops, log }: RecordDeps) {
  const record = async () => {
    if (!(await workers.takeTurn('load-history', INTERVAL_MS - SLACK_MS))) return;
    const { atMs, waiting: depth, accepted, settled, alive } = await workers.readLoad();
    await loadHistory.add({ atMs, depth, accepted, settled, workers: alive });
  };
  const noteFault = (fault: Error) => log.warn({ fault: fault.message }, 'recording the load failed');
  return loops.repeat('load recorded', INTERVAL_MS, record, noteFault, { isVital: false });
}
