import type { Overview } from '../../../shared/contract/overview.ts';
import { formatFigure, formatSeconds } from '../text.ts';
import type { Point } from './history.ts';

/** Seconds for which no ticket is settled, workers are missing, or a job waits, before that counts as a problem. */
const STUCK_SECONDS = 10;
const SHORT_SECONDS = 20;
const OLD_SECONDS = 30;

/**
 * The problems of the system, the worst first: those that the server reports, then those that only the history shows.
 */
export function problemsOf(overview: Overview, history: readonly Point[]): string[] {
  const { queue, workers, serverSettings = [] } = overview;
  const problems = overview.problems.map(({ message }) => message);
  const last = history.at(-1);
  const indexBefore = (seconds: number) =>
    history.findLastIndex(({ atMs }) => last && atMs <= last.atMs - seconds * 1000);
  const earlier = history[indexBefore(STUCK_SECONDS)];
  const isStuck = last && earlier && Math.min(last.queue.depth, earlier.queue.depth) > 0;
  const shortFrom = indexBefore(SHORT_SECONDS);
  if (isStuck && last.queue.settled === earlier.queue.settled)
    problems.push(`Tickets are waiting, and none was settled for ${STUCK_SECONDS} s.`);
  if (workers?.alive && shortFrom >= 0 && history.slice(shortFrom).every(({ isShort }) => isShort))
    problems.push(`${workers.alive} of ${workers.desired} workers run: see the supervisor.`);
  if (queue && queue.oldestSeconds > OLD_SECONDS)
    problems.push(`The oldest job has waited for ${formatSeconds(queue.oldestSeconds)}.`);
  if (queue && queue.failed > 0)
    problems.push(`Jobs that failed for good: ${formatFigure(queue.failed)}. See the last faults and the queues.`);
  for (const { setting, value, state, cost } of serverSettings)
    if (state === 'wrong') problems.push(`${setting} is ${value}. ${cost}`);
  return problems;
}
