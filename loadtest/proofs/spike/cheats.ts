import { setTimeout as sleep } from 'node:timers/promises';
import { pick } from '../../kit/random.ts';
import { book, randomUser, tryBooking } from './bookings.ts';
import { add, type Cheat, type Crowd, type Ending, noteView, USES } from './notes.ts';

/** Another event with a line of its own. Its admissions are tried at event 1. */
const OTHER_EVENT = 2;

/** Polls in a row of a cheat who polls too often. */
const POLLS = 20;

/** A visitor who waits. */
type Waiting = { token: string; position: number | undefined };

/** An admission, and the visitor token that got it. */
export type Admitted = { token: string; admission: { token: string; expiresAt: string }; position: number };

/** Waits for an admission to the other event. */
async function admissionElsewhere({ desk }: Crowd): Promise<{ visitor: string; admission: string }> {
  const { visitorToken } = await desk.join('', OTHER_EVENT);
  for (;;) {
    const view = await desk.poll(visitorToken, OTHER_EVENT);
    if (view.admission !== undefined) return { visitor: visitorToken, admission: view.admission.token };
    await sleep(view.askAgainSeconds * 1000);
  }
}

/** Tries of cheats while they wait, each once. */
export const whileWaiting: Partial<Record<Cheat, (crowd: Crowd, visitor: Waiting) => Promise<void>>> = {
  'no token': (crowd) => tryBooking(crowd, 'no token', ''),
  early: (crowd, { token }) => tryBooking(crowd, 'early', token),

  async 'joined twice'({ desk, notes }, { token, position }) {
    add(notes.tried, 'joined twice');
    const rejoined = await desk.join(token);
    if ((rejoined.position ?? 0) < (position ?? 0)) add(notes.gotIn, 'joined twice');
  },

  async 'too often'(crowd, { token, position }) {
    add(crowd.notes.tried, 'too often');
    for (let i = 0; i < POLLS; i += 1) noteView(crowd, await crowd.desk.poll(token), position, crowd.furthest);
  },

  async 'other event'(crowd) {
    crowd.otherAdmission ??= admissionElsewhere(crowd);
    const other = await crowd.otherAdmission;
    await tryBooking(crowd, 'other event', other.admission);
    add(crowd.notes.tried, 'other event');
    if (await crowd.desk.isKnown(other.visitor)) add(crowd.notes.gotIn, 'other event');
  },

  async stolen(crowd, { token }) {
    const stolen = crowd.stolenTokens.length === 0 ? undefined : pick(crowd.random, crowd.stolenTokens);
    add(crowd.notes.tried, 'stolen');
    const { admission, position } = await crowd.desk.poll(stolen ?? token);
    if (admission === undefined || position === undefined) return;
    await book(crowd, { token: admission.token, position, isHold: false, user: randomUser(crowd) });
  },
};

/** Books at the same time with one admission and with the admissions of three tabs. */
async function bookAtOnce(crowd: Crowd, cheat: 'shared' | 'tabs', { token, admission, position }: Admitted) {
  const { desk, notes } = crowd;
  const tabs = await Promise.all([0, 1, 2].map(() => desk.poll(token)));
  const others = tabs.map((tab) => (cheat === 'tabs' ? tab.admission?.token : undefined) ?? admission.token);
  const orders = [admission.token, ...others].map((admissionToken) =>
    book(crowd, { token: admissionToken, position, isHold: false, user: randomUser(crowd) }),
  );
  const booked = (await Promise.all(orders)).filter(({ seats }) => seats > 0).length;
  add(notes.tried, cheat, others.length);
  add(notes.gotIn, cheat, Math.max(0, booked - USES));
  return booked > 0 ? 'booked' : 'nothing left';
}

/** Tries of cheats whose turn has come, before they book. With an ending they do not book. */
export const onTurn: Partial<Record<Cheat, (crowd: Crowd, visitor: Admitted) => Promise<Ending | undefined>>> = {
  async forged(crowd, { admission }) {
    const [kind, event, generation, place, ...signature] = admission.token.split('.');
    await tryBooking(crowd, 'forged', [kind, event, generation, Number(place) + 1, ...signature].join('.'));
    return undefined;
  },

  async expired(crowd, { admission }) {
    await sleep(Math.max(0, Date.parse(admission.expiresAt) - Date.now()) + 50);
    await tryBooking(crowd, 'expired', admission.token);
    return 'ran out';
  },

  shared: (crowd, visitor) => bookAtOnce(crowd, 'shared', visitor),
  tabs: (crowd, visitor) => bookAtOnce(crowd, 'tabs', visitor),
};
