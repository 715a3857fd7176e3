import type { LoadPoint } from '../../../shared/contract/overview.ts';
import type { Point } from './history.ts';

/** The times that charts can show, and the seconds between two of their points: a chart has at most 900. */
export const RANGES = [
  { minutes: 15, name: '15 min', stepSeconds: 1 },
  { minutes: 60, name: '1 h', stepSeconds: 10 },
  { minutes: 360, name: '6 h', stepSeconds: 60 },
] as const;

export type Range = (typeof RANGES)[number];

/** Milliseconds without any point after which a line is interrupted: points that are kept are ten seconds apart. */
const GAP_MS = 35_000;

/** A point of a chart. Null: nothing was recorded since the last one, or there is none before it. */
export type Plotted = {
  atMs: number;
  depth: number | null;
  acceptedPerSecond: number | null;
  settledPerSecond: number | null;
};

/**
 * The points of a chart up to the newest, the oldest first: those that the server kept, then those that this page has
 * seen. Of several within a step the deepest queue is shown, so that no peak is lost, and the mean rates.
 */
export function seriesOf(
  kept: readonly LoadPoint[],
  seen: readonly Point[],
  { minutes, stepSeconds }: Range,
): Plotted[] {
  const live = seen.map(({ atMs, queue: { depth, accepted, settled } }) => ({ atMs, depth, accepted, settled }));
  const liveFromMs = live[0]?.atMs ?? Number.POSITIVE_INFINITY;
  const samples = [...kept.filter(({ atMs }) => atMs < liveFromMs), ...live];
  const endMs = samples.at(-1)?.atMs ?? 0;
  const stepMs = stepSeconds * 1000;
  const steps: { last: (typeof samples)[number]; depth: number }[] = [];
  for (const sample of samples) {
    if (sample.atMs < endMs - minutes * 60_000 - GAP_MS) continue;
    const current = steps.at(-1);
    if (current !== undefined && Math.floor(current.last.atMs / stepMs) === Math.floor(sample.atMs / stepMs)) {
      current.last = sample;
      current.depth = Math.max(current.depth, sample.depth);
    } else {
      steps.push({ last: sample, depth: sample.depth });
    }
  }
  return steps.flatMap(({ last, depth }, i): Plotted[] => {
    const before = steps[i - 1]?.last;
    const passedMs = before === undefined ? 0 : last.atMs - before.atMs;
    if (before === undefined || passedMs > Math.max(GAP_MS, 2 * stepMs)) {
      const gap = { atMs: last.atMs - 1, depth: null, acceptedPerSecond: null, settledPerSecond: null };
      return [gap, { ...gap, atMs: last.atMs, depth }];
    }
    // Counters begin again after a wipe of Redis.
    const rate = (name: 'accepted' | 'settled') => Math.max(0, (1000 * (last[name] - before[name])) / passedMs);
    return [{ atMs: last.atMs, depth, acceptedPerSecond: rate('accepted'), settledPerSecond: rate('settled') }];
  });
}
