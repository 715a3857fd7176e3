import type { VisitorView } from '../../../shared/contract/waiting-room.ts';
import type { Desk } from './desk.ts';

/** The tries of cheats. A try that gets more than it may is counted. */
export const cheats = {
  'no token': 'books while waiting, without an admission token',
  early: 'books while waiting, with the visitor token as the admission token',
  forged: 'books with an admission token in which one number was changed',
  expired: 'books after the admission has ended',
  replayed: 'books again with an admission that was used',
  shared: 'four people book with one admission at the same time',
  'other event': 'books with an admission to another event, and polls with a visitor token of it',
  tabs: 'polls from three tabs when the turn has come, and books with the admission of each',
  'joined twice': 'joins again with the visitor token for a better position',
  'too often': 'polls twenty times in a row without waiting',
  stolen: "polls with another visitor's token, and books with its admission",
} as const;

export type Cheat = keyof typeof cheats;

export const cheatNames = Object.keys(cheats) as Cheat[];

/** Bookings that an admission allows. */
export const USES = 1;

/** How a visitor ends. */
export type Ending = VisitorView['status'] | 'booked' | 'nothing left' | 'absent' | 'robbed' | 'ran out' | 'fault';

type Estimate = { position: number; atMs: number; likelySoldOut: boolean } & NonNullable<VisitorView['wait']>;

/** Facts that visitors saw, for the verdict. Times are milliseconds since 1970. */
export function createNotes() {
  return {
    joined: 0,
    /** Views that visitors got by the line, without a request of their own. */
    read: 0,
    admitted: 0,
    soldSeats: 0,
    /** Positions of visitors who came before the sale, by arrival number. */
    drawn: new Map<number, number>(),
    /** How many visitors have each position. */
    positions: new Map<number, number>(),
    /** Contradictions of the order in which visitors were admitted. */
    outOfOrder: [] as string[],
    lostTurns: [] as string[],
    likelySoldOut: new Map<number, number>(),
    admittedAt: new Map<number, number>(),
    estimates: [] as Estimate[],
    bookings: new Map<number, number>(),
    soldAt: [] as { atMs: number; seats: number }[],
    outcomes: [] as { atMs: number; ms: number }[],
    endings: new Map<Ending, number>(),
    tried: new Map<Cheat, number>(cheatNames.map((name) => [name, 0])),
    gotIn: new Map<Cheat, number>(cheatNames.map((name) => [name, 0])),
  };
}

export type Notes = ReturnType<typeof createNotes>;

export const add = <Key>(counts: Map<Key, number>, key: Key, times = 1): void =>
  void counts.set(key, (counts.get(key) ?? 0) + times);

export function noteSale(notes: Notes, seats: number): void {
  notes.soldSeats += seats;
  notes.soldAt.push({ atMs: Date.now(), seats });
}

/** The visitors of one run. */
export type Crowd = {
  desk: Desk;
  notes: Notes;
  random: () => number;
  /** Whether visitors poll while they wait, instead of reading the line. */
  polls: boolean;
  /** Milliseconds by which a visitor may poll late, because this process is busy, and keep the turn. */
  onTimeMs: number;
  /** The highest position that is known to be admitted. */
  furthest: number;
  /** Visitor tokens that a thief may have. */
  stolenTokens: string[];
  /** An admission to the other event, shared by all who try it. */
  otherAdmission: Promise<{ visitor: string; admission: string }> | undefined;
};

/** Notes an answer about a visitor, and its contradictions. `furthest`: the highest position admitted before it. */
export function noteView(crowd: Crowd, view: VisitorView, position: number | undefined, furthest: number): void {
  const { notes } = crowd;
  if (view.position === undefined) return;
  if (position !== undefined && position !== view.position)
    notes.outOfOrder.push(`position ${position} became ${view.position}`);
  if (view.status === 'waiting' && view.position <= furthest)
    notes.outOfOrder.push(`position ${view.position} waits, ${furthest} was admitted before its poll`);
  if (view.status === 'your_turn') crowd.furthest = Math.max(crowd.furthest, view.position);
  const { likelySoldOut = false } = view;
  if (view.wait !== undefined)
    notes.estimates.push({ position: view.position, atMs: Date.now(), likelySoldOut, ...view.wait });
  if (likelySoldOut && !notes.likelySoldOut.has(view.position)) notes.likelySoldOut.set(view.position, Date.now());
}
