import { setTimeout as sleep } from 'node:timers/promises';
import { DEMO_USERS } from '../../../shared/stores/postgres/users.ts';
import { below } from '../../kit/random.ts';
import type { Booked } from './desk.ts';
import { add, type Cheat, type Crowd, noteSale } from './notes.ts';

const MAX_SEATS = 4;

/** How often a visitor who finds no seats tries again before leaving, and the milliseconds between. */
const RETRIES = 3;
const RETRY_MS = 2_000;

export const randomUser = ({ random }: Crowd): number => 1 + below(random, DEMO_USERS);

/** A booking under an admission. */
type Order = { token: string; position: number; isHold: boolean; user: number };

/** Books seats under an admission, and one seat where not so many are left. */
export async function book(crowd: Crowd, { token, position, isHold, user }: Order): Promise<Booked> {
  const { desk, notes, random } = crowd;
  const order = async (count: number) => {
    const booked = await (isHold ? desk.hold(token, count, user) : desk.sell(token, count));
    notes.outcomes.push({ atMs: Date.now(), ms: booked.ms });
    return booked;
  };
  const wanted = 1 + below(random, MAX_SEATS);
  let booked = await order(wanted);
  const isTooMany = booked.code === 'NO_ADJACENT_SEATS' || booked.code === 'SOLD_OUT';
  if (wanted > 1 && isTooMany) booked = await order(1);
  if (booked.seats > 0) {
    add(notes.bookings, position);
    if (!isHold) noteSale(notes, booked.seats);
  }
  return booked;
}

/** Books seats, and tries again while none are left: a hold of another visitor may expire. */
export async function bookPatiently(crowd: Crowd, order: Order): Promise<Booked> {
  let booked = await book(crowd, order);
  for (let retry = 0; retry < RETRIES && booked.seats === 0 && booked.code !== 'ADMISSION_INVALID'; retry += 1) {
    await sleep(RETRY_MS);
    booked = await book(crowd, order);
  }
  return booked;
}

/** Books one seat with an invalid admission. Every answer but a refusal of the admission means that it got in. */
export async function tryBooking(crowd: Crowd, cheat: Cheat, token: string): Promise<void> {
  const { desk, notes, random } = crowd;
  add(notes.tried, cheat);
  const user = randomUser(crowd);
  const booked = await (random() < 0.5 ? desk.sell(token, 1) : desk.hold(token, 1, user));
  if (booked.code !== 'ADMISSION_REQUIRED' && booked.code !== 'ADMISSION_INVALID') add(notes.gotIn, cheat);
}
