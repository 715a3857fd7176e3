import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Booking, booking, order } from '../../../shared/contract/tickets.ts';
import { below, between, chance, createRandom, pick, type Random } from '../../kit/random.ts';
import { type HouseSize, mixedWish, randomRow } from '../../kit/seat-wishes.ts';
import { giveUp, type Payment, type Possession } from './ledger.ts';
import { carryThrough, type Market, type Request, send } from './market.ts';

/*
 * Buyers who pay through a provider. It tells the shop's server of each payment late, several times, and in another
 * order than the buyer's changes.
 */

/** Buyers at a time, and the holds that one payment is for, at most. */
const PAYERS = 16;
const MAX_HOLDS = 3;

/** How often a payment is told at first, at most, and milliseconds over which these and the changes are spread. */
const MAX_TELLINGS = 3;
const SPREAD_MS = 400;

/** Milliseconds after the end of the holds in which a late payment is told. */
const LATE_MS = 2_500;

/** A payment for holds as it is told each time: its body never changes. */
type Told = { payment: Payment; request: Request };

/** A hold of a payer, and the seats that its buyer has by it. */
type Held = { held: Booking; possession: Possession };

type Payer = {
  market: Market;
  random: Random;
  userId: number;
  house: HouseSize;
  /** The secret of the shop's key. */
  token: string;
  newName: () => string;
};

const keyBody = z.object({ key: z.string() });

/** Makes the key of the shop's server. */
async function makeKey(market: Market): Promise<string> {
  const body = { name: `shop of event ${market.eventId}`, scopes: ['sell'] };
  const reply = await send(market, { method: 'POST', path: '/admin/keys', body, key: '' });
  return keyBody.parse(reply?.body).key;
}

/** Resolves after a while, or when buyers stop: what was begun is finished at once then. */
async function pause({ stopping }: Market, ms: number): Promise<void> {
  try {
    await sleep(Math.max(0, ms), undefined, { signal: stopping });
  } catch (fault) {
    if (!stopping.aborted) throw fault;
  }
}

/** Does something some time from now. */
async function later<Result>({ market, random }: Payer, act: () => Promise<Result>): Promise<Result> {
  await pause(market, random() * SPREAD_MS);
  return act();
}

const change = ({ market, newName }: Payer, method: 'POST' | 'DELETE', path: string, body: object) =>
  carryThrough(market, { method, path: `/api/bookings/${path}?wait=0`, body, key: newName() }, false);

async function holdSome(payer: Payer): Promise<Held[]> {
  const { market, random, userId, house, newName } = payer;
  const holds: Held[] = [];
  for (let left = 1 + below(random, MAX_HOLDS); left > 0; left -= 1) {
    const body = { eventId: market.eventId, userId, ...mixedWish(random, house) };
    const request: Request = { method: 'POST', path: '/api/bookings', body, key: newName() };
    const held = booking.safeParse((await carryThrough(market, request, chance(random, 0.5)))?.booking).data;
    if (held?.status === 'PENDING') holds.push({ held, possession: market.ledger.notePossession(held) });
  }
  return holds;
}

/** A payment for some holds: by the shop's server or by the buyer, some with a wrong amount, some without any. */
function newPayment({ market, random, userId, token, newName }: Payer, holds: readonly Held[]): Told {
  const bookingIds = holds.map(({ held }) => held.id);
  const paymentReference = `pay-${newName()}`;
  const total = holds.reduce((sum, { held }) => sum + (held.total ?? 0), 0);
  const amount = pick(random, [undefined, total, total, total, total, total, total + 1]);
  const byBuyer = chance(random, 0.3);
  const body = {
    bookingIds,
    paymentReference,
    ...(amount !== undefined && { amount }),
    ...((byBuyer || chance(random, 0.3)) && { userId }),
  };
  const request = { method: 'POST' as const, path: '/api/orders', body, key: '', token: byBuyer ? undefined : token };
  return { payment: market.ledger.notePayment(paymentReference, bookingIds), request };
}

/** Tells a payment until it is decided. @returns the bookings that it has sold, as they are then */
async function tell({ market }: Payer, { payment, request }: Told): Promise<Booking[]> {
  const reply = await send(market, request);
  if (reply === undefined) return []; // noted as unexpected
  const isPaid = reply.status === 200;
  const found = order.safeParse(isPaid ? reply.body : reply.body.order).data;
  if (found === undefined || (!isPaid && reply.status !== 409)) {
    market.ledger.unexpected.push(`payment ${payment.reference}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return [];
  }
  const code = isPaid ? undefined : String(reply.body.code);
  payment.answers.push({ orderId: found.id, isPaid, code });
  return isPaid ? found.bookings.filter(({ status }) => status === 'CONFIRMED') : [];
}

/** Milliseconds until a payment is told: at once, soon, or after the holds have ended. */
function delayOf(random: Random, holds: readonly Held[]): number {
  const kind = random();
  if (kind < 0.4) return 0;
  if (kind < 0.65) return between(random, SPREAD_MS, 2_000);
  const ends = holds.map(({ held }) => Date.parse(held.expiresAt ?? ''));
  return Math.max(...ends) - Date.now() + random() * LATE_MS;
}

/** A change of a hold by its buyer, at about the time of its payment; undefined where there is none. */
function changeOfHold(payer: Payer, holds: readonly Held[]): (() => Promise<unknown>) | undefined {
  const { market, random, userId, house } = payer;
  const { held, possession } = pick(random, holds);
  const { id, seats } = held;
  const choice = random();
  const wish = { ...randomRow(random, house), count: seats.length };
  if (choice < 0.4) return undefined;
  giveUp(possession);
  if (choice < 0.6 || !market.changesSeats) return () => change(payer, 'DELETE', id, { userId });
  if (choice < 0.8) return () => change(payer, 'POST', `${id}/exchange`, { userId, ...wish });
  return () => change(payer, 'POST', `${id}/release`, { userId, seats: seats.slice(0, 1) });
}

/** Returns a sold booking or one of its seats, or exchanges it, as an operator. */
function changeSold(payer: Payer, { id, seats }: Booking): Promise<unknown> {
  const { market, random, userId, house } = payer;
  const kind = random();
  if (kind < 0.4 || !market.changesSeats) return change(payer, 'POST', `${id}/return`, {});
  if (kind < 0.6) return change(payer, 'POST', `${id}/return`, { seats: seats.slice(0, 1) });
  const wish = { ...randomRow(random, house), count: seats.length };
  return change(payer, 'POST', `${id}/exchange`, { userId, ...wish });
}

/** Holds seats and pays for them, perhaps twice; what is sold may be changed, while the payment is told again. */
async function payOnce(payer: Payer): Promise<void> {
  const { market, random } = payer;
  const holds = await holdSome(payer);
  if (holds.length === 0) return;
  const told = [newPayment(payer, holds)];
  if (chance(random, 0.15)) told.push(newPayment(payer, holds.slice(0, 1 + below(random, holds.length))));
  await pause(market, delayOf(random, holds));
  const changeHold = changeOfHold(payer, holds);
  const tellings = told.flatMap((one) => Array.from({ length: 1 + below(random, MAX_TELLINGS) }, () => one));
  await Promise.all([
    ...tellings.map((one) => later(payer, () => tell(payer, one))),
    ...(changeHold === undefined ? [] : [later(payer, changeHold)]),
  ]);
  const sold = (await Promise.all(told.map((one) => tell(payer, one)))).flat();
  for (const { possession } of holds) if (sold.length > 0) giveUp(possession);
  const [first, ...kept] = sold;
  if (first === undefined) return;
  for (const one of kept) market.ledger.notePossession(one);
  if (chance(random, 0.5)) return void market.ledger.notePossession(first);
  await Promise.all([
    later(payer, () => changeSold(payer, first)),
    ...told.map((one) => later(payer, () => tell(payer, one))),
  ]);
}

/** Sends buyers who pay through a provider until the market stops. */
export async function sendPayers(market: Market, { users, house }: { users: number; house: HouseSize }): Promise<void> {
  const token = await makeKey(market);
  const payUntilStopped = async (number: number) => {
    const random = createRandom(market.seed * 1_000 + 500 + number);
    let names = 0;
    const newName = () => {
      names += 1;
      return `chaos-${market.eventId}-${market.seed}-payer-${number}-${names}`;
    };
    while (!market.stopping.aborted) {
      await payOnce({ market, random, userId: 1 + below(random, users), house, token, newName });
      await pause(market, random() * SPREAD_MS);
    }
  };
  await Promise.all(Array.from({ length: PAYERS }, (_, number) => payUntilStopped(number)));
}
