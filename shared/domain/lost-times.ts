/*
 * BullMQ stores when a schedule or a retry is due by the clock of the worker that stores it. A worker whose clock is ahead stores times that
 * no other worker reaches for as long: these count as lost. One whose clock is behind leaves what is due where it is. All times are milliseconds of Redis' clock.
 */

/** Milliseconds by which clocks may differ, and a busy worker may be late. */
const SLACK_MS = 5_000;

/** Milliseconds after which a schedule whose next turn did not come counts as lost. */
const OVERDUE_MS = 60_000;

/** The time from which on what is due within `pauseMs` at the latest counts as lost. */
export const lostFromMs = (nowMs: number, pauseMs: number): number => nowMs + pauseMs + SLACK_MS;

/** The time until which what was due, and no worker took up, counts as late. */
export const lateUntilMs = (nowMs: number): number => nowMs - SLACK_MS;

/** Whether a schedule does not come to its next turn: it is far ahead, or should long have come. */
export const isScheduleLost = (nextMs: number, nowMs: number, intervalMs: number): boolean =>
  nextMs >= lostFromMs(nowMs, intervalMs) || nextMs <= nowMs - OVERDUE_MS;
