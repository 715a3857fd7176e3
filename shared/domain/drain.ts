/** Tickets a second that a queue is assumed to drain until it was measured. */
export const ASSUMED_DRAIN_PER_SECOND = 1_000;

/** Seconds over which an older measurement loses half its weight. */
const HALF_LIFE_SECONDS = 5;

/** Readings that are further apart are not compared: the queue may have been empty in between. */
const MAX_GAP_SECONDS = 5;

/**
 * Milliseconds in which tickets wait and none is settled, after which nothing drains: as long as the pipeline's own.
 */
const STALLED_MS = 10_000;

/**
 * Measures how fast a queue drains, from readings of its counter of settled tickets. Only time in which tickets were
 * waiting counts: an idle queue does not show how fast it could be.
 */
export function createDrainMeter() {
  let rate: number | undefined;
  let last: { settled: number; atMs: number } | undefined;
  let workers: number | undefined;
  /** The readings since the last progress: their count, and the times of the first and the last. */
  let stall: { settled: number; sinceMs: number; untilMs: number } | undefined;

  const isStalled = () => stall !== undefined && stall.untilMs - stall.sinceMs >= STALLED_MS;

  /** Only while tickets wait does an unchanged count show that none was settled between two readings. */
  function noteStall(settled: number, waiting: number, atMs: number): void {
    if (waiting === 0) stall = undefined;
    else if (stall?.settled === settled) stall.untilMs = atMs;
    else stall = { settled, sinceMs: atMs, untilMs: atMs };
  }

  return {
    /** Notes how many workers run. */
    noteWorkers(alive: number): void {
      workers = alive;
    },

    /** Whether nothing drains, because no worker runs. */
    isStopped: (): boolean => workers === 0,

    /**
     * Notes a reading of the counters.
     *
     * @param settled tickets that have their outcome, ever
     * @param waiting tickets that have none yet
     * @param atMs milliseconds of any clock that does not go back
     */
    observe(settled: number, waiting: number, atMs: number): void {
      noteStall(settled, waiting, atMs);
      if (last === undefined || waiting === 0 || settled < last.settled) {
        last = waiting === 0 ? undefined : { settled, atMs };
        return;
      }
      const seconds = (atMs - last.atMs) / 1000;
      if (seconds < 0.25) return;
      if (seconds > MAX_GAP_SECONDS) {
        last = { settled, atMs };
        return;
      }
      const measured = (settled - last.settled) / seconds;
      const weight = 0.5 ** (seconds / HALF_LIFE_SECONDS);
      rate = rate === undefined ? measured : rate * weight + measured * (1 - weight);
      last = { settled, atMs };
    },

    /**
     * Seconds until the ticket at this position of the queue has its outcome, rounded up to a tenth. Undefined while
     * nothing drains: no worker runs, the queue is paused, or PostgreSQL is unavailable.
     */
    etaSeconds(position: number): number | undefined {
      if (workers === 0 || isStalled()) return undefined;
      return Math.ceil((position / Math.max(rate ?? ASSUMED_DRAIN_PER_SECOND, 1)) * 10) / 10;
    },
  };
}

/** Events of a shard that are measured each by itself. Beyond it the oldest is dropped. */
const MAX_LANES = 1_000;

/**
 * Measures how fast a shard drains, and by itself each event whose backlog is deep: deep lanes share the workers, and
 * the tickets of other events pass them.
 *
 * @param deepAbove a lane is deep while more of its tickets wait
 */
export function createShardMeter({ deepAbove }: { deepAbove: number }) {
  const shard = createDrainMeter();
  /** The deep lanes, by event. */
  const lanes = new Map<number | undefined, { meter: DrainMeter; settled: number }>();

  return {
    noteWorkers: shard.noteWorkers,
    isStopped: shard.isStopped,

    /** Notes a reading of the shard's counters, as `DrainMeter.observe` does. */
    observe: shard.observe,

    /** Notes a reading of an event's counters. */
    observeLane(eventId: number | undefined, settled: number, waiting: number, atMs: number): void {
      if (waiting <= deepAbove) return void lanes.delete(eventId);
      const lane = lanes.get(eventId) ?? { meter: createDrainMeter(), settled };
      lane.settled = settled;
      lane.meter.observe(settled, waiting, atMs);
      lanes.set(eventId, lane);
      if (lanes.size > MAX_LANES) lanes.delete(lanes.keys().next().value);
    },

    /** Tickets of an event that were settled at the last reading while its lane is deep; otherwise 0. */
    lastSettled: (eventId: number | undefined): number => lanes.get(eventId)?.settled ?? 0,

    /** Seconds until the ticket at this position of its event's lane has its outcome, as `DrainMeter.etaSeconds`. */
    etaSeconds: (eventId: number | undefined, position: number): number | undefined =>
      shard.isStopped() ? undefined : (lanes.get(eventId)?.meter ?? shard).etaSeconds(position),
  };
}

export type ShardMeter = ReturnType<typeof createShardMeter>;

export type DrainMeter = ReturnType<typeof createDrainMeter>;
