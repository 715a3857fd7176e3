import type { Overview } from '../../shared/contract/overview.ts';
import type { Point } from './operation.ts';

/** Seconds in which nothing drains, workers are missing, or a job waits, before that is a problem. */
const STUCK_SECONDS = 10;
const SHORT_SECONDS = 20;
const OLD_SECONDS = 30;

const NUMBER = new Intl.NumberFormat('en');

/** `12,345`; what is small and no whole number with one digit behind the point. */
export const inWords = (number: number): string =>
  NUMBER.format(number < 10 ? Math.round(number * 10) / 10 : Math.round(number));

/** `0.4 s`, `12 s`, `3 min`, `2 h`. */
export function secondsInWords(seconds: number): string {
  if (seconds < 120) return `${inWords(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** An estimate, or why there is none. */
export const etaInWords = (seconds: number | undefined): string =>
  seconds === undefined ? 'none: no worker runs' : secondsInWords(seconds);

/** What is not as it should be, the worst first. */
export function problemsOf(overview: Overview, history: readonly Point[]): string[] {
  const { queue, workers, serverSettings = [] } = overview;
  const problems = overview.problems.map(({ message }) => message);
  const last = history.at(-1);
  const since = (seconds: number) => history.findLastIndex(({ atMs }) => last && atMs <= last.atMs - seconds * 1000);
  const before = history[since(STUCK_SECONDS)];
  const shortFrom = since(SHORT_SECONDS);
  if (last && before && last.queue.depth > 0 && before.queue.depth > 0 && last.queue.settled === before.queue.settled)
    problems.push(`Tickets wait, and none has got its outcome for ${STUCK_SECONDS} s.`);
  if (workers?.alive && shortFrom >= 0 && history.slice(shortFrom).every(({ isShort }) => isShort))
    problems.push(`${workers.alive} of ${workers.desired} workers run: see the supervisor.`);
  if (queue && queue.oldestSeconds > OLD_SECONDS)
    problems.push(`The oldest job has waited for ${secondsInWords(queue.oldestSeconds)}.`);
  if (queue && queue.failed > 0)
    problems.push(`Jobs that failed for good: ${inWords(queue.failed)}. See the faults, and the queues.`);
  for (const { setting, value, state, cost } of serverSettings)
    if (state === 'wrong') problems.push(`${setting} is ${value}. ${cost}`);
  return problems;
}

/** What became of tickets of late and ever, the most frequent first. */
export function outcomesOf(
  history: readonly Point[],
  seconds: number,
): { name: string; lately: number; ever: number }[] {
  const last = history.at(-1);
  if (last === undefined) return [];
  const before = history.findLast(({ atMs }) => atMs <= last.atMs - seconds * 1000) ?? history[0];
  return Object.entries(last.outcomes)
    .map(([name, ever]) => ({ name, ever, lately: Math.max(0, ever - (before?.outcomes[name] ?? 0)) }))
    .sort((a, b) => b.lately - a.lately || b.ever - a.ever);
}

/** The mean of what the last seconds had. */
export function meanOf(history: readonly Point[], name: 'acceptedPerSecond' | 'settledPerSecond', seconds = 5): number {
  const some = history.slice(1).slice(-seconds);
  return some.length === 0 ? 0 : some.reduce((sum, point) => sum + point[name], 0) / some.length;
}
