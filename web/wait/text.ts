import { formatNumber } from '../format.ts';
import { texts } from '../texts/texts.ts';
import type { VisitorStatus, VisitorView } from './visit-state.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** An estimate, rounded to minutes; from 20 minutes on to five minutes, and from an hour on to half hours. */
export function waitText(seconds: number): string {
  if (seconds < 0.75 * MINUTE) return texts.wait.lessThanAMinute;
  const { amount, unit } = rounded(seconds);
  if (unit === 'hour' && amount === '1') return texts.wait.aboutAnHour;
  return texts.wait.about(amount, unit);
}

/** The range of an estimate: `9 to 14 minutes`, `50 minutes to 1½ hours`. None where both ends read the same. */
export function rangeText(fromSeconds: number, toSeconds: number): string | undefined {
  if (toSeconds < 0.75 * MINUTE) return undefined;
  const to = rounded(toSeconds);
  if (fromSeconds < 0.75 * MINUTE) return texts.wait.upTo(to.amount, to.unit);
  const from = rounded(fromSeconds);
  if (from.unit === to.unit && from.amount === to.amount) return undefined;
  return texts.wait.range(from.amount, from.unit, to.amount, to.unit);
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

export const headingOf = (status: VisitorStatus): string => texts.wait.headings[status];

/** The title of the browser's tab. The number of people comes first: a tab shows only a few characters. */
export function tabTitleOf(view: VisitorView | undefined, site = 'Frontrow'): string {
  if (view === undefined) return `${texts.wait.waitingRoom} · ${site}`;
  const { status, ahead } = view;
  if (status === 'waiting' && ahead !== undefined) return `${texts.wait.aheadTab(ahead)} · ${site}`;
  return `${headingOf(status)}${status === 'your_turn' ? '!' : ''} · ${site}`;
}

/** Milliseconds between two announcements of a line that only moves. */
const QUIET_MS = 60_000;

export type Announcement = { text: string; state: string; atMs: number };

/** The text for a screen reader: a change of state at once, and a line that only moves at most once a minute. */
export function announce(last: Announcement | undefined, view: VisitorView, nowMs: number): Announcement {
  const { status, ahead, wait, paused, stopped, likelySoldOut } = view;
  const { peopleAhead, stopped: stoppedText, announcePaused, announceWait, announceLikelySoldOut } = texts.wait;
  const state = [status, paused, stopped, likelySoldOut, ahead === undefined].join();
  if (last?.state === state && (status !== 'waiting' || nowMs - last.atMs < QUIET_MS)) return last;
  const sentences = [headingOf(status)];
  if (ahead !== undefined && status === 'waiting') sentences.push(peopleAhead(ahead));
  if (stopped) sentences.push(stoppedText.replace(/\.$/, ''));
  else if (paused) sentences.push(announcePaused);
  else if (wait !== undefined && status === 'waiting') sentences.push(announceWait(waitText(wait.seconds)));
  if (likelySoldOut) sentences.push(announceLikelySoldOut);
  return { text: `${sentences.join('. ')}.`, state, atMs: nowMs };
}
