import { z } from 'zod';
import { MAX_WORKERS } from '../contract/limits.ts';

/** Tickets a second that one worker is assumed to settle until some were seen at work. */
const ASSUMED_RATE = 1_000;

/** Seconds in which what waits should be settled. */
const DRAIN_SECONDS = 5;

/** The share of what workers can do that is planned with: the rest is for what comes unevenly. */
const PLANNED_SHARE = 0.8;

/**
 * Seconds over which an older measurement loses half its weight. Capacity falls slowly: while workers start, those that are there have
 * less of the machine.
 */
const ARRIVALS_HALF_LIFE_SECONDS = 2;
const CAPACITY_RISES_SECONDS = 2;
const CAPACITY_FALLS_SECONDS = 20;

/** Seconds of work that wait where workers have all they can do: less is only on its way through. */
const BUSY_SECONDS = 0.5;

/** Milliseconds for which a need counts: workers go only when none within them was larger. */
const NEED_MS = 10_000;

/** Looks closer together than this are left out; looks further apart say nothing of what was between them. */
const MIN_GAP_MS = 250;
const MAX_GAP_MS = 5_000;

const look = z.object({
  /** Milliseconds of one clock for all who look. */
  atMs: z.number(),
  /** Tickets that were accepted, ever; those that have their outcome; those that wait for it. */
  accepted: z.number(),
  settled: z.number(),
  waiting: z.number(),
  /** Worker processes that run. */
  alive: z.number(),
});

export type WorkersReading = z.infer<typeof look>;

/** What is remembered from look to look. */
export const workersModel = z.object({
  last: look.optional(),
  /** Tickets a second, smoothed. */
  arrivals: z.number(),
  /** Tickets a second that so many workers settled together, by their number, where it was seen. */
  capacity: z.record(z.string(), z.number()),
  /** Workers that were needed lately, the oldest first. */
  needs: z.array(z.object({ atMs: z.number(), workers: z.number() })),
});

export type WorkersModel = z.infer<typeof workersModel>;

export const NO_WORKERS_SEEN: WorkersModel = { arrivals: 0, capacity: {}, needs: [] };

/**
 * How many workers there should be: the fewest whose capacity, with a share in reserve, is what arrives and what waits. The number rises
 * at once and falls only when nothing within 10 s needed more, so load that comes in waves keeps its workers. Capacity is
 * measured for each number of workers, because on a full machine two do not settle twice as much as one.
 */
export function workersDesired(
  before: WorkersModel,
  now: WorkersReading,
  { min, max }: { min: number; max: number },
): { desired: number; model: WorkersModel } {
  const gapMs = before.last === undefined ? Number.POSITIVE_INFINITY : now.atMs - before.last.atMs;
  const within = (workers: number) => Math.max(min, Math.min(max, workers));
  const isReset = gapMs < 0 || (before.last !== undefined && now.accepted < before.last.accepted);
  if (gapMs >= 0 && gapMs < MIN_GAP_MS && !isReset) return { desired: within(largest(before.needs)), model: before };

  const seen = isReset || gapMs > MAX_GAP_MS ? before : measured(before, now, gapMs / 1000);
  const wanted = (seen.arrivals + now.waiting / DRAIN_SECONDS) / PLANNED_SHARE;
  let workers = min;
  while (workers < max && capacityOf(seen.capacity, workers) < wanted) workers += 1;
  // One that is older and not larger than this never counts again.
  const needs = before.needs.filter((need) => Math.abs(now.atMs - need.atMs) <= NEED_MS && need.workers > workers);
  needs.push({ atMs: now.atMs, workers });
  return { desired: within(largest(needs)), model: { ...seen, last: now, needs } };
}

const largest = (needs: WorkersModel['needs']) => Math.max(0, ...needs.map(({ workers }) => workers));

const smoothed = (old: number, fresh: number, seconds: number, halfLifeSeconds: number) =>
  fresh + (old - fresh) * 0.5 ** (seconds / halfLifeSeconds);

/** What two looks tell of arrivals, and of what the workers can do. */
function measured(before: WorkersModel, now: WorkersReading, seconds: number): WorkersModel {
  const last = before.last as WorkersReading;
  const arrived = (now.accepted - last.accepted) / seconds;
  const arrivals = smoothed(before.arrivals, arrived, seconds, ARRIVALS_HALF_LIFE_SECONDS);
  const drained = (now.settled - last.settled) / seconds;
  const { alive } = now;
  // Workers that settle nothing have lost what they need: that says nothing of what they can do.
  if (drained <= 0 || alive < 1 || alive > MAX_WORKERS || alive !== last.alive) return { ...before, arrivals };
  const wereBusy = Math.min(now.waiting, last.waiting) >= drained * BUSY_SECONDS;
  const known = capacityOf(before.capacity, alive);
  const isMore = drained > known; // they can do as much at least, busy or not
  if (!wereBusy && !isMore) return { ...before, arrivals };
  const halfLife = isMore ? CAPACITY_RISES_SECONDS : CAPACITY_FALLS_SECONDS;
  const learnt = smoothed(before.capacity[alive] ?? drained, drained, seconds, halfLife);
  return { ...before, arrivals, capacity: { ...before.capacity, [alive]: learnt } };
}

/** Tickets a second that so many workers settle: as was seen, else in proportion to the nearest number below, or above, that was. */
function capacityOf(capacity: WorkersModel['capacity'], workers: number): number {
  const counts = Object.keys(capacity).map(Number); // ascending, as whole numbers among an object's keys are
  const nearest = counts.filter((count) => count <= workers).at(-1) ?? counts[0];
  return workers * (nearest === undefined ? ASSUMED_RATE : (capacity[nearest] ?? 0) / nearest);
}
