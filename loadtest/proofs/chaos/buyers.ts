import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { DEFAULT_MAX_SEATS } from '../../../shared/contract/limits.ts';
import { booking } from '../../../shared/contract/tickets.ts';
import { openClient } from '../../kit/client.ts';
import { followBySocket } from '../../kit/followers.ts';
import { below, chance, createRandom, type Random } from '../../kit/random.ts';
import { mixedWish } from '../../kit/seat-wishes.ts';
import { giveUp, type Ledger, type Possession } from './ledger.ts';
import { ANSWER_TIMEOUT_MS, carryThrough, type Market, type Request } from './market.ts';
import { sendPayers } from './payments.ts';
import { AREA, HOUSE } from './rig.ts';

/** Buyers at a time, and the longest pause of each between two requests. */
const BUYERS = 24;
const MAX_THINK_MS = 150;

/** Users of the buyers: so many that HOLD_COOLDOWN, which refuses a hold, is rare. */
const USERS = 2_000;

/** The share of sold bookings that an operator returns. */
const RETURNED_SHARE = 0.15;

/** The share of requests for places of the area. */
const AREA_SHARE = 0.15;

/** Rows that many buyers want, and the whole house. */
const HOT_ROWS = { zones: 1, rows: 3, seatsPerRow: HOUSE.SEATS_PER_ROW };
const WHOLE_HOUSE = { zones: HOUSE.ZONES, rows: HOUSE.ROWS, seatsPerRow: HOUSE.SEATS_PER_ROW };

type Buyer = { market: Market; random: Random; newKey: () => string };

/** Lets a hold expire, cancels it, or extends and confirms it. */
async function decide({ market, random, newKey }: Buyer, possession: Possession, userId: number): Promise<void> {
  const path = `/api/bookings/${possession.bookingId}`;
  const change = (verb: 'cancel' | 'extend' | 'confirm') => {
    const [method, target] = verb === 'cancel' ? (['DELETE', path] as const) : (['POST', `${path}/${verb}`] as const);
    const request: Request = { method, path: `${target}?wait=0`, body: { userId }, key: newKey() };
    return carryThrough(market, request, chance(random, 0.3));
  };
  const choice = random();
  if (choice < 0.2) return;
  if (choice < 0.45) {
    giveUp(possession);
    await change('cancel');
    return;
  }
  if (choice < 0.55) {
    const extended = await change('extend');
    if (extended?.booking?.expiresAt) possession.until = Date.parse(extended.booking.expiresAt);
  }
  const confirmed = await change('confirm');
  if (confirmed?.booking?.status === 'CONFIRMED') possession.until = Number.POSITIVE_INFINITY;
}

/** Returns a sold booking as an operator. */
async function returnBooking({ market, newKey }: Buyer, possession: Possession): Promise<void> {
  giveUp(possession);
  const path = `/api/bookings/${possession.bookingId}/return?wait=0`;
  await carryThrough(market, { method: 'POST', path, body: {}, key: newKey() }, false);
}

/** Reserves or holds seats, and decides about them. */
async function buyOnce(buyer: Buyer): Promise<void> {
  const { market, random, newKey } = buyer;
  const wish = chance(random, AREA_SHARE)
    ? { zone: AREA.zone, count: 1 + below(random, DEFAULT_MAX_SEATS) }
    : mixedWish(random, chance(random, 0.2) ? HOT_ROWS : WHOLE_HOUSE);
  const userId = 1 + below(random, USERS);
  const { eventId } = market;
  const request =
    eventId !== DEFAULT_EVENT || chance(random, 0.6)
      ? { path: '/api/bookings', body: { eventId, userId, ...wish } }
      : { path: '/reserve', body: wish };
  const view = await carryThrough(market, { method: 'POST', key: newKey(), ...request }, chance(random, 0.5));
  const booked = booking.safeParse(view?.booking).data;
  if (booked?.status !== 'PENDING' && booked?.status !== 'CONFIRMED') return;
  const possession = market.ledger.notePossession(booked);
  if (booked.status === 'PENDING') {
    await sleep(random() * MAX_THINK_MS);
    await decide(buyer, possession, userId);
  }
  if (possession.until === Number.POSITIVE_INFINITY && chance(random, RETURNED_SHARE))
    await returnBooking(buyer, possession);
}

async function buyUntilStopped(market: Market, number: number): Promise<void> {
  let keys = 0;
  const newKey = () => {
    keys += 1;
    return `chaos-${market.eventId}-${market.seed}-buyer-${number}-${keys}`;
  };
  const buyer: Buyer = { market, random: createRandom(market.seed * 1_000 + number), newKey };
  while (!market.stopping.aborted) {
    await buyOnce(buyer);
    await sleep(buyer.random() * MAX_THINK_MS);
  }
}

/**
 * Sends buyers who reserve or hold, confirm, extend, cancel or let holds expire, and an operator who returns bookings,
 * over both APIs, with idempotency keys, and buyers who pay through a provider. Their answers go into the ledger. They
 * buy until `stop`, and finish what they began.
 *
 * @param options.changesSeats whether those who pay also exchange seats, and release and return parts of bookings
 */
export function sendBuyers(
  urls: readonly string[],
  seed: number,
  ledger: Ledger,
  { eventId = DEFAULT_EVENT, changesSeats = true } = {},
): { stop: () => Promise<void> } {
  const listeners: Market['listeners'] = new Map();
  const client = openClient(urls, { timeoutMs: ANSWER_TIMEOUT_MS });
  const follower = followBySocket(urls, (view) => listeners.get(view.ticketId)?.(view));
  const end = new AbortController();
  setMaxListeners(0, end.signal); // each pause of a payer listens
  const market: Market = { client, follower, listeners, ledger, eventId, seed, changesSeats, stopping: end.signal };
  const buyers = Array.from({ length: BUYERS }, (_, number) => buyUntilStopped(market, number));
  const payers = sendPayers(market, { users: USERS, house: WHOLE_HOUSE });
  return {
    async stop(): Promise<void> {
      end.abort();
      await Promise.all([...buyers, payers]);
      await follower.close();
      await client.close();
    },
  };
}
