import { formatNumber } from '../format.ts';
import type { VisitorStatus, VisitorView } from './visit-state.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** `1 person`, `12,345 people`. */
export const peopleText = (count: number): string => `${formatNumber(count)} ${count === 1 ? 'person' : 'people'}`;

/** An estimate, rounded to minutes; from 20 minutes on to five minutes, and from an hour on to half hours. */
export function waitText(seconds: number): string {
  if (seconds < 0.75 * MINUTE) return 'less than a minute';
  const { amount, unit } = rounded(seconds);
  if (unit === 'hour' && amount === '1') return 'about an hour';
  return `about ${amount} ${plural(amount, unit)}`;
}

/** The range of an estimate: `9 to 14 minutes`, `50 minutes to 1½ hours`. None where both ends read the same. */
export function rangeText(fromSeconds: number, toSeconds: number): string | undefined {
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
  const roundedMinutes = 5 * Math.round(minutes / 5);
  if (roundedMinutes < 60) return { amount: String(roundedMinutes), unit: 'minute' };
  const halfHours = Math.round((2 * seconds) / HOUR);
  return { amount: `${formatNumber(Math.floor(halfHours / 2))}${halfHours % 2 === 1 ? '½' : ''}`, unit: 'hour' };
}

const plural = (amount: string, unit: string) => (amount === '1' ? unit : `${unit}s`);

const HEADINGS: Record<VisitorStatus, string> = {
  open: 'No need to wait',
  before_sale: 'You are early',
  waiting: 'You are in line',
  your_turn: 'It is your turn',
  turn_passed: 'Your turn has passed',
  left: 'You have left the line',
  sold_out: 'Sold out',
  ended: 'The event is over',
};

export const headingOf = (status: VisitorStatus): string => HEADINGS[status];

/** The title of the browser's tab. The number of people comes first: a tab shows only a few characters. */
export function tabTitleOf(view: VisitorView | undefined): string {
  if (view === undefined) return 'Waiting room · Frontrow';
  const { status, ahead } = view;
  if (status === 'waiting' && ahead !== undefined) return `${formatNumber(ahead)} ahead · Frontrow`;
  return `${headingOf(status)}${status === 'your_turn' ? '!' : ''} · Frontrow`;
}

/** Milliseconds between two announcements of a line that only moves. */
const QUIET_MS = 60_000;

export type Announcement = { text: string; state: string; atMs: number };

/** The text for a screen reader: a change of state at once, and a line that only moves at most once a minute. */
export function announce(last: Announcement | undefined, view: VisitorView, nowMs: number): Announcement {
  const { status, ahead, wait, paused, stopped, message, likelySoldOut } = view;
  const state = [status, paused, stopped, likelySoldOut, ahead === undefined].join();
  if (last?.state === state && (status !== 'waiting' || nowMs - last.atMs < QUIET_MS)) return last;
  const sentences = [headingOf(status)];
  if (ahead !== undefined && status === 'waiting') sentences.push(`${peopleText(ahead)} ahead of you`);
  if (stopped) sentences.push(message.replace(/\.$/, ''));
  else if (paused) sentences.push('Admission is paused');
  else if (wait !== undefined && status === 'waiting') sentences.push(`Estimated wait: ${waitText(wait.seconds)}`);
  if (likelySoldOut) sentences.push('It will probably be sold out before your turn');
  return { text: `${sentences.join('. ')}.`, state, atMs: nowMs };
}
