/**
 * The option of Node that sets a process' clock off by so many milliseconds: JavaScript's, which is all that our code
 * and BullMQ read.
 */
export function shiftedClock(shiftMs: number): string {
  if (shiftMs === 0) return '';
  const code = `const now=Date.now,Real=Date;globalThis.Date=class extends Real{constructor(...a){a.length?super(...a):super(now()+${shiftMs})}static now(){return now()+${shiftMs}}}`;
  return `--import=data:text/javascript,${encodeURIComponent(code)}`;
}
