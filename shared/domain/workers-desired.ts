import { z } from 'zod';
import { MAX_WORKERS } from '../contract/limits.ts';

/** Tickets a second that one worker is assumed to settle until it is measured. */
const ASSUMED_RATE = 1_000;

/** Seconds in which waiting tickets should be settled. */
const DRAIN_SECONDS = 5;

/** The planned share of the capacity: the rest is a reserve for uneven arrivals. */
const PLANNED_SHARE = 0.8;

/**
 * Seconds over which an older measurement loses half its weight. Capacity falls slowly: starting workers take time of
 * the machine from the running ones.
 */
const ARRIVALS_HALF_LIFE_SECONDS = 2;
const CAPACITY_RISES_SECONDS = 2;
const CAPACITY_FALLS_SECONDS = 20;

/** Seconds of waiting work from which workers count as busy: less is in transit. */
const BUSY_SECONDS = 0.5;

/** Milliseconds for which a need counts: the number falls only if no need within them was larger. */
const NEED_MS = 10_000;

/**
 * Milliseconds before a sale for which workers are desired that its line will need: an autoscaler has to notice, and a
 * machine may have to start. `LINE_SECONDS`: those in which the people of a line should be able to book.
 */
const AHEAD_MS = 300_000;
const LINE_SECONDS = 60;

/** Readings closer together than this are ignored; readings further apart are not compared. */
const MIN_GAP_MS = 250;
const MAX_GAP_MS = 5_000;

const reading = z.object({
  /** Milliseconds, by one clock for all readers. */
  atMs: z.number(),
  /** Tickets accepted in total, settled in total, and waiting now. */
  accepted: z.number(),
  settled: z.number(),
  waiting: z.number(),
  /** Worker processes that run. */
  alive: z.number(),
});

export type WorkersReading = z.infer<typeof reading>;

/** A sale that has not started, and the people who wait for it in line. `startsMs`: by the clock of the readings. */
export type ComingSale = { startsMs: number; people: number };

/** The state between two readings. */
export const workersModel = z.object({
  last: reading.optional(),
  /** Tickets a second, smoothed. */
  arrivals: z.number(),
  /** Measured tickets a second that workers settled together, by the number of workers. */
  capacity: z.record(z.string(), z.number()),
  /** Recently needed numbers of workers, the oldest first. */
  needs: z.array(z.object({ atMs: z.number(), workers: z.number() })),
});

export type WorkersModel = z.infer<typeof workersModel>;

export const NO_WORKERS_SEEN: WorkersModel = { arrivals: 0, capacity: {}, needs: [] };

/**
 * The desired number of workers: the fewest whose capacity, less a reserve, settles arriving and waiting tickets. It
 * rises immediately and falls only if no need of the last 10 s was larger, so load in waves keeps its workers. Capacity
 * is measured for each number of workers, because on a full machine two do not settle twice as much as one. In the
 * minutes before a sale the workers that its line will need are desired too.
 */
export function workersDesired(
  model: WorkersModel,
  now: WorkersReading,
  { min, max }: { min: number; max: number },
  coming: readonly ComingSale[] = [],
): { desired: number; model: WorkersModel } {
  const gapMs = model.last === undefined ? Number.POSITIVE_INFINITY : now.atMs - model.last.atMs;
  const within = (workers: number) => Math.max(min, Math.min(max, workers));
  const isReset = gapMs < 0 || (model.last !== undefined && now.accepted < model.last.accepted);
  if (gapMs >= 0 && gapMs < MIN_GAP_MS && !isReset) return { desired: within(largest(model.needs)), model };

  const updated = isReset || gapMs > MAX_GAP_MS ? model : measured(model, now, gapMs / 1000);
  const load = updated.arrivals + now.waiting / DRAIN_SECONDS;
  const wanted = Math.max(load, peopleSoon(coming, now.atMs) / LINE_SECONDS) / PLANNED_SHARE;
  let workers = min;
  while (workers < max && capacityOf(updated.capacity, workers) < wanted) workers += 1;
  // An older need that is not larger no longer counts.
  const needs = model.needs.filter((need) => Math.abs(now.atMs - need.atMs) <= NEED_MS && need.workers > workers);
  needs.push({ atMs: now.atMs, workers });
  return { desired: within(largest(needs)), model: { ...updated, last: now, needs } };
}

/** The people in the lines of sales that start soon. */
const peopleSoon = (coming: readonly ComingSale[], nowMs: number): number =>
  coming
    .filter(({ startsMs }) => startsMs > nowMs && startsMs - nowMs <= AHEAD_MS)
    .reduce((sum, { people }) => sum + people, 0);

const largest = (needs: WorkersModel['needs']) => Math.max(0, ...needs.map(({ workers }) => workers));

const smoothed = (old: number, fresh: number, seconds: number, halfLifeSeconds: number) =>
  fresh + (old - fresh) * 0.5 ** (seconds / halfLifeSeconds);

/** The model with the arrivals and the capacity between two readings. */
function measured(model: WorkersModel, now: WorkersReading, seconds: number): WorkersModel {
  const last = model.last as WorkersReading;
  const arrived = (now.accepted - last.accepted) / seconds;
  const arrivals = smoothed(model.arrivals, arrived, seconds, ARRIVALS_HALF_LIFE_SECONDS);
  const drained = (now.settled - last.settled) / seconds;
  const { alive } = now;
  // Workers that settle nothing are blocked by a failure: this does not measure their capacity.
  if (drained <= 0 || alive < 1 || alive > MAX_WORKERS || alive !== last.alive) return { ...model, arrivals };
  const wereBusy = Math.min(now.waiting, last.waiting) >= drained * BUSY_SECONDS;
  const known = capacityOf(model.capacity, alive);
  const isMore = drained > known; // a lower bound of the capacity, busy or not
  if (!wereBusy && !isMore) return { ...model, arrivals };
  const halfLife = isMore ? CAPACITY_RISES_SECONDS : CAPACITY_FALLS_SECONDS;
  const learnt = smoothed(model.capacity[alive] ?? drained, drained, seconds, halfLife);
  return { ...model, arrivals, capacity: { ...model.capacity, [alive]: learnt } };
}

/** Tickets a second that workers settle together: measured, or in proportion to the nearest measured number. */
function capacityOf(capacity: WorkersModel['capacity'], workers: number): number {
  const counts = Object.keys(capacity).map(Number); // ascending, as integer keys of an object are
  const nearest = counts.filter((count) => count <= workers).at(-1) ?? counts[0];
  return workers * (nearest === undefined ? ASSUMED_RATE : (capacity[nearest] ?? 0) / nearest);
}
