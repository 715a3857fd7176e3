import { timeOf } from '../times.ts';

const NUMBER = new Intl.NumberFormat('en');

/** `12,345`; below 10 with one decimal, if it is no whole number. */
export const formatFigure = (number: number): string =>
  NUMBER.format(number < 10 ? Math.round(number * 10) / 10 : Math.round(number));

/** `0.4 s`, `12 s`, `3 min`, `2 h`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 120) return `${formatFigure(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** An estimate, or why there is none. */
export const etaText = (seconds: number | undefined): string =>
  seconds === undefined ? 'none: no worker runs' : formatSeconds(seconds);

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** The time of day in this browser's zone: `20:05`. */
export const clockText = (atMs: number): string => CLOCK.format(atMs);

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** A moment in this browser's zone: the time of day, and of another day than today its date before. */
export const whenText = (atMs: number): string =>
  DAY.format(atMs) === DAY.format(Date.now()) ? timeOf(atMs) : `${DAY.format(atMs)}, ${timeOf(atMs)}`;
