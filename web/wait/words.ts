import { numberInWords } from '../words.ts';
import type { VisitorStatus, VisitorView } from './visit.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** `1 person`, `12,345 people`. */
export const peopleInWords = (count: number): string => `${numberInWords(count)} ${count === 1 ? 'person' : 'people'}`;

/** An estimate of seconds, no more exact than it deserves: minutes, from 20 minutes on fives, from an hour on halves. */
export function waitInWords(seconds: number): string {
  if (seconds < 0.75 * MINUTE) return 'less than a minute';
  const { amount, unit } = rounded(seconds);
  if (unit === 'hour' && amount === '1') return 'about an hour';
  return `about ${amount} ${plural(amount, unit)}`;
}

/** The range of an estimate: `9 to 14 minutes`, `50 minutes to 1½ hours`. None where both ends read the same. */
export function rangeInWords(fromSeconds: number, toSeconds: number): string | undefined {
  if (toSeconds < 0.75 * MINUTE) return undefined;
  const to = rounded(toSeconds);
  if (fromSeconds < 0.75 * MINUTE) return `up to ${to.amount} ${plural(to.amount, to.unit)}`;
  const from = rounded(fromSeconds);
  if (from.unit === to.unit && from.amount === to.amount) return undefined;
  const unitOfFrom = from.unit === to.unit ? '' : ` ${plural(from.amount, from.unit)}`;
  return `${from.amount}${unitOfFrom} to ${to.amount} ${plural(to.amount, to.unit)}`;
}

type Rounded = { amount: string; unit: 'minute' | 'hour' };

function rounded(seconds: number): Rounded {
  const minutes = Math.max(1, Math.round(seconds / MINUTE));
  if (minutes < 20) return { amount: String(minutes), unit: 'minute' };
  const fives = 5 * Math.round(minutes / 5);
  if (fives < 60) return { amount: String(fives), unit: 'minute' };
  const halves = Math.round((2 * seconds) / HOUR);
  return { amount: `${numberInWords(Math.floor(halves / 2))}${halves % 2 === 1 ? '½' : ''}`, unit: 'hour' };
}

const plural = (amount: string, unit: string) => (amount === '1' ? unit : `${unit}s`);

/** How far a visitor has come, 0 to 1, from the people who were ahead at first. Never less than `before`. */
export function progressOf(aheadAtStart: number, ahead: number, before: number): number {
  const now = aheadAtStart <= 0 ? 1 : 1 - ahead / aheadAtStart;
  return Math.min(1, Math.max(0, before, now));
}

const HEADINGS: Record<VisitorStatus, string> = {
  open: 'No need to wait',
  before_sale: 'You are early',
  waiting: 'You are in line',
  your_turn: 'It is your turn',
  turn_passed: 'Your turn has passed',
  left: 'You have left the line',
  sold_out: 'Sold out',
};

export const headingOf = (status: VisitorStatus): string => HEADINGS[status];

/** What stands in the browser's tab: first what matters, for a tab shows little. */
export function tabTitleOf(view: VisitorView | undefined): string {
  if (view === undefined) return 'Waiting room · Frontrow';
  const { status, ahead } = view;
  if (status === 'waiting' && ahead !== undefined) return `${numberInWords(ahead)} ahead · Frontrow`;
  return `${headingOf(status)}${status === 'your_turn' ? '!' : ''} · Frontrow`;
}

/** Milliseconds between two announcements of a line that only moves. */
const QUIET_MS = 60_000;

export type Announcement = { text: string; state: string; atMs: number };

/** What a screen reader says next: every change of state at once, a line that only moves at most once a minute. */
export function announce(before: Announcement | undefined, view: VisitorView, nowMs: number): Announcement {
  const { status, ahead, wait, paused, stopped, message, likelySoldOut } = view;
  const state = [status, paused, stopped, likelySoldOut, ahead === undefined].join();
  if (before?.state === state && (status !== 'waiting' || nowMs - before.atMs < QUIET_MS)) return before;
  const sentences = [headingOf(status)];
  if (ahead !== undefined && status === 'waiting') sentences.push(`${peopleInWords(ahead)} ahead of you`);
  if (stopped) sentences.push(message.replace(/\.$/, ''));
  else if (paused) sentences.push('Letting in is paused');
  else if (wait !== undefined && status === 'waiting') sentences.push(`Estimated wait: ${waitInWords(wait.seconds)}`);
  if (likelySoldOut) sentences.push('It will probably be sold out before your turn');
  return { text: `${sentences.join('. ')}.`, state, atMs: nowMs };
}
