import type { Overview } from '../../../shared/contract/overview.ts';

/** The counts of one overview, and the rates since the one before. */
export type Point = {
  atMs: number;
  queue: NonNullable<Overview['queue']>;
  outcomes: NonNullable<Overview['outcomes']>;
  /** Fewer workers ran than were desired. */
  isShort: boolean;
  acceptedPerSecond: number;
  settledPerSecond: number;
};

/** Overviews that a page keeps: a quarter of an hour. */
const MAX_POINTS = 900;

/**
 * The history with one overview more, the oldest first. An overview is left out where Redis is unavailable, or where
 * it is older than the last: then another process answers, whose clock is behind.
 */
export function withOverview(history: readonly Point[], overview: Overview): Point[] {
  const { queue, outcomes = {}, atMs, workers } = overview;
  const last = history.at(-1);
  if (queue === undefined || (last !== undefined && atMs <= last.atMs)) return [...history];
  const perSecond = (name: 'accepted' | 'settled') =>
    last === undefined ? 0 : Math.max(0, (1000 * (queue[name] - last.queue[name])) / (atMs - last.atMs));
  const point = {
    atMs,
    queue,
    outcomes,
    isShort: (workers?.alive ?? 0) < (workers?.desired ?? 0),
    acceptedPerSecond: perSecond('accepted'),
    settledPerSecond: perSecond('settled'),
  };
  return [...history, point].slice(-MAX_POINTS);
}

/** How often tickets had each outcome, in the last seconds and in total, the most frequent first. */
export function outcomesOf(
  history: readonly Point[],
  seconds: number,
): { name: string; recent: number; total: number }[] {
  const last = history.at(-1);
  if (last === undefined) return [];
  const start = history.findLast(({ atMs }) => atMs <= last.atMs - seconds * 1000) ?? history[0];
  return Object.entries(last.outcomes)
    .map(([name, total]) => ({ name, total, recent: Math.max(0, total - (start?.outcomes[name] ?? 0)) }))
    .sort((a, b) => b.recent - a.recent || b.total - a.total);
}

/** The mean of a rate over the last points. The first point of a history has no rate. */
export function meanOf(history: readonly Point[], name: 'acceptedPerSecond' | 'settledPerSecond', count = 5): number {
  const points = history.slice(1).slice(-count);
  return points.length === 0 ? 0 : points.reduce((sum, point) => sum + point[name], 0) / points.length;
}
