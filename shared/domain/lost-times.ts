/*
 * BullMQ stores the time at which a retry is due by the clock of the worker that stores it. A worker
 * whose clock is ahead stores times that other workers reach only much later: these count as lost. A worker whose
 * clock is behind does not take due jobs. All times are milliseconds of Redis' clock.
 */

/** Milliseconds by which clocks may differ, and a busy worker may be late. */
const SLACK_MS = 5_000;

/** The time from which a job that should be due within `pauseMs` counts as lost. */
export const lostFromMs = (nowMs: number, pauseMs: number): number => nowMs + pauseMs + SLACK_MS;

/** The time before which a due job that no worker took counts as late. */
export const lateUntilMs = (nowMs: number): number => nowMs - SLACK_MS;
