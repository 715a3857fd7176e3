/** Ticks of a turn of the wheel: more than the seconds after which any visitor asks again. */
const SLOTS = 64;

/** Visitors by the second in which they ask next. */
export function createWheel() {
  const slots: number[][] = Array.from({ length: SLOTS }, () => []);
  let now = 0;
  return {
    /** Notes that a visitor asks after so many seconds: in the first tick that is no earlier. */
    put(visitor: number, seconds: number): void {
      const ticks = Math.min(SLOTS - 1, Math.max(1, Math.ceil(seconds)));
      (slots[(now + ticks) % SLOTS] as number[]).push(visitor);
    },
    /** The visitors who ask in the next tick. */
    next(): number[] {
      now += 1;
      const due = slots[now % SLOTS] as number[];
      slots[now % SLOTS] = [];
      return due;
    },
  };
}
