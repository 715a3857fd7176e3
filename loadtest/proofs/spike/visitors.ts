import { setTimeout as sleep } from 'node:timers/promises';
import type { Receipt, VisitorView } from '../../../shared/contract/waiting-room.ts';
import { DEMO_USERS } from '../../../shared/stores/postgres/users.ts';
import type { Booked, Desk } from './desk.ts';

/** Event 2 has a line of its own, whose admissions are tried at event 1. */
const OTHER_EVENT = 2;

/** Bookings that an admission is good for. */
export const USES = 1;

const MAX_SEATS = 4;

/** How often who finds nothing left tries again before leaving, and milliseconds between. */
const TRIES_AGAIN = 3;
const TRY_AGAIN_MS = 2_000;

/** Milliseconds by which this process may ask late, being busy with others, and still ask as told. */
const MOST_LATE_MS = 2_000;

/** Polls one after the other of who asks too often. */
const OFTEN = 20;

/** What cheats try. Each try that gets what it must not counts. */
export const cheats = {
  'no token': 'books while waiting, without an admission token',
  early: 'books while waiting, with the visitor token for an admission token',
  forged: 'books with an admission token of which one number was changed',
  expired: 'books once the admission has ended',
  replayed: 'books again with an admission that was used',
  shared: 'four people book with one admission at the same time',
  'other event': 'books with an admission to another event, and asks with a visitor token of it',
  tabs: 'asks from three tabs when the turn has come, and books with what each was given',
  'joined twice': 'joins again with the visitor token for a better place',
  'too often': `asks ${OFTEN} times in a row, not waiting as told`,
  stolen: 'asks with the visitor token of somebody else, and books with what it gives',
} as const;

export type Cheat = keyof typeof cheats;
type Plan = 'sell' | 'confirm' | 'walk' | 'leave' | 'absent' | Cheat;

const cheatNames = Object.keys(cheats) as Cheat[];

/** Of each 100 visitors: how many do what, besides one cheat of each kind in 200, and the rest who buys. */
const LEAVING = 4;
const ABSENT = 5;
const WALKING = 6;

function planOf(number: number): Plan {
  const cheat = cheatNames[number % 200];
  if (cheat !== undefined) return cheat;
  const of100 = Math.floor(number / 2) % 100;
  if (of100 < 100 - LEAVING - ABSENT - WALKING) return number % 2 === 0 ? 'sell' : 'confirm';
  if (of100 < 100 - ABSENT - WALKING) return 'leave';
  return of100 < 100 - WALKING ? 'absent' : 'walk';
}

type Ending = VisitorView['status'] | 'booked' | 'nothing left' | 'absent' | 'robbed' | 'ran out' | 'fault';

/** What visitors saw and were told, as far as the verdict needs it. Times are milliseconds since 1970. */
export function createNotes() {
  return {
    joined: 0,
    admitted: 0,
    soldSeats: 0,
    /** By arrival number, who came before the sale; and every position, with what is wrong about any. */
    drawn: new Map<number, number>(),
    positions: new Map<number, number>(),
    /** Who was let in although somebody who had been there before was told to wait after that, and the like. */
    outOfOrder: [] as string[],
    lostTurns: [] as string[],
    likelySoldOut: new Map<number, number>(),
    admittedAt: new Map<number, number>(),
    /** What was said of waits. Some were told in the same answer that seats will probably not reach them. */
    estimates: [] as ({ position: number; atMs: number; likelySoldOut: boolean } & NonNullable<VisitorView['wait']>)[],
    bookings: new Map<number, number>(),
    soldAt: [] as { atMs: number; seats: number }[],
    outcomes: [] as { atMs: number; ms: number }[],
    endings: new Map<Ending, number>(),
    tried: new Map<Cheat, number>(cheatNames.map((name) => [name, 0])),
    gotIn: new Map<Cheat, number>(cheatNames.map((name) => [name, 0])),
  };
}

export type Notes = ReturnType<typeof createNotes>;

const add = <Key>(counts: Map<Key, number>, key: Key, more = 1) => void counts.set(key, (counts.get(key) ?? 0) + more);

/** A crowd at event 1. `visit` is one visitor, from joining to the end. */
export function createCrowd(options: { desk: Desk; notes: Notes; random: () => number; turnSeconds: number }) {
  const { desk, notes, random, turnSeconds } = options;
  const onTimeMs = Math.min(MOST_LATE_MS, 250 * turnSeconds); // their pause between polls is half of a turn at the most
  /** The highest position of whom somebody knows that they were let in. */
  let furthest = 0;
  /** Visitor tokens that a thief may have got hold of. */
  const shown: string[] = [];
  let elsewhere: Promise<{ visitor: string; admission: string }> | undefined;

  const seatsWanted = () => 1 + Math.floor(random() * MAX_SEATS);
  const someUser = () => 1 + Math.floor(random() * DEMO_USERS);

  function seen(view: VisitorView, position: number | undefined, wasFurthest: number, name: string): void {
    if (view.position === undefined) return;
    if (position !== undefined && position !== view.position)
      notes.outOfOrder.push(`${name}: position ${position} became ${view.position}`);
    if (view.status === 'waiting' && view.position <= wasFurthest)
      notes.outOfOrder.push(`${name}: position ${view.position} waits, ${wasFurthest} was let in before it asked`);
    if (view.status === 'your_turn') furthest = Math.max(furthest, view.position);
    const { likelySoldOut = false } = view;
    if (view.wait !== undefined)
      notes.estimates.push({ position: view.position, atMs: Date.now(), likelySoldOut, ...view.wait });
    if (likelySoldOut && !notes.likelySoldOut.has(view.position)) notes.likelySoldOut.set(view.position, Date.now());
  }

  /** A booking under an admission, with fewer seats where not so many are left. */
  async function book(token: string, position: number, how: 'sell' | 'hold', user = someUser()): Promise<Booked> {
    const once = async (count: number) => {
      const booked = await (how === 'sell' ? desk.sell(token, count) : desk.hold(token, count, user));
      notes.outcomes.push({ atMs: Date.now(), ms: booked.ms });
      return booked;
    };
    const wanted = seatsWanted();
    let booked = await once(wanted);
    const isTooMany = booked.code === 'NO_ADJACENT_SEATS' || booked.code === 'SOLD_OUT';
    if (wanted > 1 && isTooMany) booked = await once(1);
    if (booked.seats > 0) {
      add(notes.bookings, position);
      if (how === 'sell') sold(booked.seats);
    }
    return booked;
  }

  function sold(seats: number): void {
    notes.soldSeats += seats;
    notes.soldAt.push({ atMs: Date.now(), seats });
  }

  /** A booking of whichever kind for which the admission is not good: every other answer tells that it came through. */
  async function tryBooking(cheat: Cheat, token: string): Promise<void> {
    add(notes.tried, cheat);
    const user = someUser();
    const booked = await (random() < 0.5 ? desk.sell(token, 1) : desk.hold(token, 1, user));
    if (booked.code !== 'ADMISSION_REQUIRED' && booked.code !== 'ADMISSION_INVALID') add(notes.gotIn, cheat);
  }

  /** An admission to the other event, the same for all who try it. */
  async function admissionElsewhere(): Promise<{ visitor: string; admission: string }> {
    const { visitorToken } = await desk.join('', OTHER_EVENT);
    for (;;) {
      const view = await desk.poll(visitorToken, OTHER_EVENT);
      if (view.admission !== undefined) return { visitor: visitorToken, admission: view.admission.token };
      await sleep(view.askAgainSeconds * 1000);
    }
  }

  /** What cheats try while they wait: once. */
  async function cheatWaiting(plan: Plan, token: string, position: number | undefined): Promise<void> {
    if (plan === 'no token') return tryBooking(plan, '');
    if (plan === 'early') return tryBooking(plan, token);
    if (plan === 'joined twice') {
      add(notes.tried, plan);
      const again = await desk.join(token);
      if ((again.position ?? 0) < (position ?? 0)) add(notes.gotIn, plan);
    }
    if (plan === 'too often') {
      add(notes.tried, plan);
      for (let i = 0; i < OFTEN; i += 1) seen(await desk.poll(token), position, furthest, plan); // `seen` notes what it won
    }
    if (plan === 'other event') {
      elsewhere ??= admissionElsewhere();
      const other = await elsewhere;
      await tryBooking(plan, other.admission);
      add(notes.tried, plan);
      if (await desk.isKnown(other.visitor)) add(notes.gotIn, plan);
    }
    if (plan === 'stolen') {
      const stolen = shown[Math.floor(random() * shown.length)] ?? token;
      add(notes.tried, plan);
      const view = await desk.poll(stolen);
      if (view.admission !== undefined && view.position !== undefined)
        await book(view.admission.token, view.position, 'sell');
    }
  }

  /** Whose turn has come: books, or tries what cheats try. */
  async function useTurn(plan: Plan, token: string, view: VisitorView): Promise<Ending> {
    const { admission, position } = view;
    if (admission === undefined || position === undefined) throw new Error('a turn without an admission');
    notes.admitted += 1;
    notes.admittedAt.set(position, Date.now());
    await sleep(200 + random() * 1_500);
    if (plan === 'forged') {
      const [kind, event, generation, place, ...rest] = admission.token.split('.');
      await tryBooking(plan, [kind, event, generation, Number(place) + 1, ...rest].join('.'));
    }
    if (plan === 'expired') {
      await sleep(Math.max(0, Date.parse(admission.expiresAt) - Date.now()) + 50);
      await tryBooking(plan, admission.token);
      return 'ran out';
    }
    if (plan === 'shared' || plan === 'tabs') {
      const tabs = await Promise.all([0, 1, 2].map(() => desk.poll(token)));
      const given = tabs.map((tab) => (plan === 'tabs' ? tab.admission?.token : undefined) ?? admission.token);
      const all = await Promise.all([admission.token, ...given].map((one) => book(one, position, 'sell')));
      const got = all.filter(({ seats }) => seats > 0).length;
      add(notes.tried, plan, given.length);
      add(notes.gotIn, plan, Math.max(0, got - USES));
      return got > 0 ? 'booked' : 'nothing left';
    }
    const user = someUser();
    const isHold = plan === 'walk' || plan === 'confirm';
    let booked = await book(admission.token, position, isHold ? 'hold' : 'sell', user);
    for (let again = 0; again < TRIES_AGAIN && booked.seats === 0 && booked.code !== 'ADMISSION_INVALID'; again += 1) {
      await sleep(TRY_AGAIN_MS); // somebody's hold may expire
      booked = await book(admission.token, position, isHold ? 'hold' : 'sell', user);
    }
    if (booked.code === 'ADMISSION_INVALID') return 'robbed'; // by one of the thieves, who booked no more than this one may
    if (booked.seats === 0) {
      await desk.leave(token);
      return 'nothing left';
    }
    if (plan === 'replayed') await tryBooking(plan, admission.token);
    if (plan === 'confirm') {
      await sleep(300 + random() * 2_000);
      if (await desk.confirm(booked.id ?? '', user)) sold(booked.seats);
    }
    return 'booked';
  }

  async function go(plan: Plan): Promise<Ending> {
    const name = `${plan} ${notes.joined}`;
    let wasFurthest = furthest;
    const { visitorToken: token, receipt, ...first } = await desk.join('');
    notes.joined += 1;
    if (plan === 'sell' || plan === 'confirm') shown[Math.floor(random() * 1_000)] = token;
    let view: VisitorView = first;
    let position: number | undefined;
    let askAtMs = Date.now();
    let hasTried = false;
    for (let polls = 0; ; polls += 1) {
      seen(view, position, wasFurthest, name);
      if (position === undefined && view.position !== undefined) place(view.position, receipt);
      position ??= view.position;
      if (view.status === 'your_turn') return useTurn(plan, token, view);
      if (view.status === 'open') throw new Error('the room is not on');
      if (view.status !== 'waiting' && view.status !== 'before_sale') {
        const late = Date.now() - askAtMs;
        if (view.status === 'turn_passed' && late < onTimeMs)
          notes.lostTurns.push(`${name}, asked ${Math.round(late)} ms later than told`);
        return view.status;
      }
      if (polls === 1) {
        if (plan === 'absent') return 'absent';
        if (plan === 'leave') {
          await desk.leave(token);
          return 'left';
        }
      }
      askAtMs = Date.now() + view.askAgainSeconds * 1000;
      if (polls > 0 && view.status === 'waiting' && !hasTried) {
        hasTried = true;
        await cheatWaiting(plan, token, position);
      }
      await sleep(Math.max(0, askAtMs - Date.now()));
      wasFurthest = furthest;
      view = await desk.poll(token);
    }
  }

  function place(position: number, receipt: Receipt | undefined): void {
    add(notes.positions, position);
    if (receipt !== undefined) notes.drawn.set(receipt.arrival, position);
  }

  return {
    /** One visitor; the number decides what for. */
    async visit(number: number): Promise<void> {
      const ending = await go(planOf(number)).catch((): Ending => 'fault'); // the desk has noted why
      add(notes.endings, ending);
    },
  };
}
