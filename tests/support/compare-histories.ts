import { expect } from '@jest/globals';
import type { Redis } from 'ioredis';
import { groupBy } from '../../shared/domain/group-by.ts';
import type { PrismaClient } from '../../shared/platform/prisma.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { type BookingState, bookingState } from '../../shared/stores/postgres/booking-history.ts';
import { keysOf } from '../../shared/stores/redis/keys.ts';
import type { Model } from './booking-model.ts';
import { type Stage, type System, sweep } from './history-stage.ts';
import type { ModelBooking } from './model-state.ts';

/** Names of keys that belong to one event, except those that expire by themselves. */
const KEYS_OF_EVENTS = ['house', 'seats', 'held', 'blocked', 'lock', 'full', 'neat', 'area', 'counts', 'buyers'];

/**
 * Compares PostgreSQL with the models, and with Redis, which has nothing of an ended event.
 *
 * @param toldBefore the number of the last change of the feed before the histories
 */
export async function compare(stage: Stage, models: readonly Model[], toldBefore: number): Promise<void> {
  const { system, run, played } = stage;
  const { prisma, redis } = system();
  const saved = groupBy(
    await prisma.seat.findMany({ orderBy: { number: 'asc' } }),
    (seat) => `${seat.zone}-${seat.row}`,
  );
  for (const model of models) {
    const expected = model.owner.flatMap((id, seat) => (id === undefined ? [] : [{ number: seat + 1, bookingId: id }]));
    const seats = saved.get(`${model.place.zone}-${model.place.row}`) ?? [];
    expect(seats.map(({ number, bookingId }) => ({ number, bookingId }))).toEqual(expected);
  }
  played.lateSales += models.flatMap(({ bookings }) => bookings).filter(isLateSale).length;
  played.returns += models
    .flatMap(({ bookings }) => bookings.flatMap(({ changes }) => changes))
    .filter((k) => k === 'return').length;
  await sweep(stage, models); // ends the holds that have lapsed, and frees in Redis what ended last
  const told = await readTold(system(), toldBefore);
  const bookings = models.flatMap((model) => model.bookings);
  await expectHistories(prisma, bookings);
  expect(bookings.map(({ id }) => [id, told.get(id)])).toEqual(bookings.map(({ id, told: types }) => [id, types]));
  await expectOrders(prisma, models, told);
  if (!models.some(({ hasEnded }) => hasEnded)) await expectBuyerCounts(redis, models);
  await run.close();
  expect((await auditEvent(1, system())).differences).toEqual([]);
  expect(await prisma.seatRelease.count()).toBe(0);
  if (models.some(({ hasEnded }) => hasEnded)) {
    const keys = (await redis.keys('*')).map((key) => key.split(':')[1] ?? '');
    expect(keys.filter((name) => KEYS_OF_EVENTS.includes(name))).toEqual([]);
  }
}

const isLateSale = ({ changes }: ModelBooking) => /(expire|cancel|reduce),order/.test(changes.join());

/** None as both, none as neither: an order that is paid has sold its bookings, and any other has sold none. */
async function expectOrders(prisma: PrismaClient, models: readonly Model[], told: ToldTypes): Promise<void> {
  const references = models.flatMap(({ orders }) => orders.map(({ reference }) => reference));
  const rows = await prisma.order.findMany({ where: { paymentReference: { in: references } } });
  const sold = await prisma.booking.findMany({ where: { eventId: 1, orderId: { not: null } } });
  const soldBy = groupBy(sold, ({ orderId }) => orderId);
  const found = rows.map((row) => ({
    ...{ reference: row.paymentReference, payer: row.payer, isSale: row.toldBy === null, status: row.status },
    ...{ code: row.code, total: row.total, due: row.refundDue, refunded: row.refunded },
    sold: (soldBy.get(row.id) ?? []).map(({ id }) => id).sort(),
    told: told.get(row.id) ?? [],
  }));
  const expected = models.flatMap(({ orders }) =>
    orders.map(({ payer = null, code = null, total, refundDue, refunded, bookingIds, ...order }) => ({
      ...{ reference: order.reference, payer, isSale: order.isSale, status: order.status, code },
      ...{ total: moneyOf(total), due: moneyOf(refundDue), refunded: BigInt(refunded) },
      ...{ sold: code === null ? bookingIds : [], told: order.told },
    })),
  );
  const sorted = (orders: typeof found) => orders.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const keyOf = ({ reference, payer }: { reference: string; payer: number | null }) => `${reference} ${payer}`;
  expect(sorted(found)).toEqual(sorted(expected as typeof found));
}

/** The types of the changes of each booking and order, in the order of the feed. */
type ToldTypes = ReadonlyMap<string, string[]>;

/** Changes that one read of the feed has. */
const READ_AT_ONCE = 1_000;

/** Reads the feed behind a number as a reader does. */
async function readTold({ feed }: ReturnType<System>, after: number): Promise<ToldTypes> {
  const told = new Map<string, string[]>();
  const end = await feed.end();
  let next = after;
  while (next < end.last) {
    const page = await feed.page(next, end, {}, READ_AT_ONCE);
    if (page === 'expired') throw new Error('the epoch of the feed has changed');
    for (const { type, data } of page.changes) {
      const id = 'booking' in data ? data.booking.id : 'order' in data ? data.order.id : undefined;
      if (id !== undefined) told.set(id, [...(told.get(id) ?? []), type]);
    }
    next = page.next;
  }
  return told;
}

const moneyOf = (amount: number | undefined) => (amount === undefined ? null : BigInt(amount));

/** The seats of each buyer as Redis counts them for the limit. */
async function expectBuyerCounts(redis: Redis, models: readonly Model[]): Promise<void> {
  const claims = await redis.hgetall(`${keysOf(0).buyersStem}1`);
  const counted = Object.fromEntries(
    Object.entries(claims).map(([user, text]) => [
      user,
      [...text.matchAll(/:(\d+)/g)].reduce((sum, [, seats]) => sum + Number(seats), 0),
    ]),
  );
  const expected = models.flatMap((model) => [model.user(0), model.user(1)].map((id) => [id, model.liveSeatsOf(id)]));
  expect(counted).toEqual(Object.fromEntries(expected.filter(([, seats]) => seats !== 0)));
}

/** A change of a booking as PostgreSQL has it, and the booking as it is now. */
type StoredChange = { bookingId: string; kind: string; before: BookingState; after: BookingState };

/** Every booking has a row for each of its changes; from the booking as it is they lead back to its creation. */
async function expectHistories(prisma: PrismaClient, bookings: readonly ModelBooking[]): Promise<void> {
  const states = await prisma.$queryRaw<{ id: string; state: BookingState }[]>`
    SELECT id, ${bookingState} AS state FROM booking WHERE event_id = 1`;
  const stored = await prisma.$queryRaw<StoredChange[]>`
    SELECT booking_id AS "bookingId", kind, before, after FROM booking_change WHERE event_id = 1 ORDER BY id DESC`;
  const [stateOf, changesOf] = [new Map(states.map(({ id, state }) => [id, state])), groupBy(stored, byBooking)];
  expect(stored).toHaveLength(bookings.flatMap(({ changes }) => changes).length);
  for (const { id, taken, created, changes, lapsed } of bookings) {
    const newestFirst = changesOf.get(id) ?? [];
    expect(newestFirst.map(({ kind }) => kind).reverse()).toEqual(changes);
    // The test itself moves the end of a hold that lapses.
    // A cancellation makes the orders of sales with a payment and without one, as of those of a version before.
    const comparable = (state: BookingState | undefined) => ({
      ...state,
      orderId: undefined,
      ...(lapsed && { expiresAt: undefined }),
    });
    let state = stateOf.get(id);
    for (const { before, after } of newestFirst) {
      expect(comparable(after)).toEqual(comparable(state));
      state = before;
    }
    expect(state).toMatchObject({ status: created, prices: [5_000] });
    expect(state?.seats).toHaveLength(taken.length);
  }
}

const byBooking = ({ bookingId }: StoredChange) => bookingId;
