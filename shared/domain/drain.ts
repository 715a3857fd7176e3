/** Tickets a second that a queue is assumed to drain until it was measured. */
export const ASSUMED_DRAIN_PER_SECOND = 1_000;

/** Seconds over which an older measurement loses half its weight. */
const HALF_LIFE_SECONDS = 5;

/** Looks further apart than this say nothing: the queue may have been empty in between. */
const MAX_GAP_SECONDS = 5;

/**
 * Milliseconds in which tickets wait and none is settled, after which nothing drains: as long as the pipeline's own.
 */
const STALLED_MS = 10_000;

/**
 * Measures how fast a queue drains, from looks at its counter of settled tickets. Only time in which tickets were waiting
 * counts: an idle queue says nothing about how fast it could go.
 */
export function createDrainMeter() {
  let rate: number | undefined;
  let last: { settled: number; atMs: number } | undefined;
  let workers: number | undefined;
  /** The looks since the last progress: the count that stands still, and the first and the last of them. */
  let still: { settled: number; sinceMs: number; untilMs: number } | undefined;

  const isStalled = () => still !== undefined && still.untilMs - still.sinceMs >= STALLED_MS;

  /** The count stands still only while tickets wait: then none was settled between two looks, however far apart. */
  function noteStill(settled: number, waiting: number, atMs: number): void {
    if (waiting === 0) still = undefined;
    else if (still?.settled === settled) still.untilMs = atMs;
    else still = { settled, sinceMs: atMs, untilMs: atMs };
  }

  return {
    /** Notes how many workers run. */
    noteWorkers(alive: number): void {
      workers = alive;
    },

    /** Whether nothing drains, because no worker runs. */
    isStopped: (): boolean => workers === 0,

    /**
     * Notes a look at the counters.
     *
     * @param settled tickets that have their outcome, ever
     * @param waiting tickets that have none yet
     * @param atMs milliseconds of any clock that does not go back
     */
    observe(settled: number, waiting: number, atMs: number): void {
      noteStill(settled, waiting, atMs);
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
     * Seconds until the ticket at this position has its outcome, rounded up to a tenth; undefined while nothing drains:
     * no worker runs, or none has settled a ticket for a while, as where its queue is paused or PostgreSQL is down.
     */
    etaSeconds(position: number): number | undefined {
      if (workers === 0 || isStalled()) return undefined;
      return Math.ceil((position / Math.max(rate ?? ASSUMED_DRAIN_PER_SECOND, 1)) * 10) / 10;
    },
  };
}

export type DrainMeter = ReturnType<typeof createDrainMeter>;
