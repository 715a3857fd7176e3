/** Clocks that differ by less count as equal: a `Date` header has whole seconds. */
const SAME_CLOCK_MS = 3_000;

/** The server's clock as its answers show it: the clock of this machine may be an hour off. */
export function createClock() {
  let aheadMs = 0;
  /** Ignores a slow answer: its time is too old. */
  const set = (timeMs: number, sentAtMs: number): void => {
    if (Number.isNaN(timeMs) || Date.now() - sentAtMs > SAME_CLOCK_MS) return;
    const differenceMs = timeMs - Date.now();
    aheadMs = Math.abs(differenceMs) > SAME_CLOCK_MS ? differenceMs : 0;
  };
  return {
    /** Milliseconds since 1970. */
    now: (): number => Date.now() + aheadMs,
    /**
     * Reads the time of an answer: `now` in its body, by the clock that judges the moments beside it; else its `Date`
     * header, rounded up, so that no countdown shows a second too much, and the `Age` that a cache adds to it.
     *
     * @param sentAtMs when the request was sent, by this machine's clock
     */
    read({ headers }: Pick<Response, 'headers'>, now: string | undefined, sentAtMs: number): void {
      const ageMs = 1000 * (Number(headers.get('age') ?? 0) + 1);
      set(now === undefined ? Date.parse(headers.get('date') ?? '') + ageMs : Date.parse(now), sentAtMs);
    },
  };
}

export type Clock = ReturnType<typeof createClock>;
