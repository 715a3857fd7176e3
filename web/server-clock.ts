/** Clocks that differ by less count as equal: a `Date` header has whole seconds. */
const SAME_CLOCK_MS = 3_000;

let aheadMs = 0;

/** The server's clock in milliseconds since 1970, as its answers showed it: this machine's clock may be an hour off. */
export const serverNow = (): number => Date.now() + aheadMs;

/**
 * Reads the server's clock from the `Date` header of an answer. Rounds up, so that no countdown shows a second too
 * much.
 *
 * @param sentAtMs when the request was sent, by this machine's clock
 */
export function readClock({ headers }: Response, sentAtMs: number): void {
  setClock(Date.parse(headers.get('date') ?? '') + 1000, sentAtMs);
}

/** As `readClock`, where the answer's body has the time. A slow answer is ignored: its time is too old. */
export function setClock(timeMs: number, sentAtMs: number): void {
  if (Date.now() - sentAtMs > SAME_CLOCK_MS) return;
  const differenceMs = timeMs - Date.now();
  aheadMs = Math.abs(differenceMs) > SAME_CLOCK_MS ? differenceMs : 0;
}
