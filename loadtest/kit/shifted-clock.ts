/** An option of Node that shifts JavaScript's clock, which our code and BullMQ read, by so many milliseconds. */
export function shiftedClock(shiftMs: number): string {
  if (shiftMs === 0) return '';
  const code = `
    const now = Date.now, RealDate = Date;
    globalThis.Date = class extends RealDate {
      constructor(...parts) { parts.length ? super(...parts) : super(now() + ${shiftMs}) }
      static now() { return now() + ${shiftMs} }
    }`;
  return `--import=data:text/javascript,${encodeURIComponent(code)}`;
}
