import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import { type Booking, doneOutcome } from '../../shared/contract/tickets.ts';
import { writeOutcome } from '../../shared/domain/outcome-text.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { createDoubtStore } from '../../shared/stores/doubts.ts';
import { createExpire, createReleaseSeats } from '../../workers/expire-holds.ts';
import { lostBookingsIn } from '../support/lost-bookings.ts';
import { SEATS, seatsRequest } from '../support/seat-requests.ts';
import { useSystem } from '../support/system.ts';

// An operator restores or frees the seats of bookings that clients were told and PostgreSQL lost.

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 });

const scenes = lostBookingsIn(system);
const { OPERATOR, hold, book, outcomeOf, reconcile, differences, inDoubt, lose } = scenes;
const { deleteBatches, expectNotSold } = scenes;

beforeAll(() => system().stopWorkers());
beforeEach(() => system().reset());

describe('an operator settles seats in doubt', () => {
  async function bookAccepted(one: BookRequest): Promise<void> {
    const { ticketId, userId, idempotency } = one;
    const ticket = { ticketId, kind: 'book', eventId: 1, userId, idempotency } as const;
    await system().tickets.accept(0, 'node', [ticket], { maxQueued: 100, fresh: true });
    await book(one);
  }
  const doubts = () => createDoubtStore({ ...system(), redis: system().redisShards, shards: 1 });
  const entryOf = async (act: string) => (await system().trail.page(undefined, 5)).find((entry) => entry.act === act);

  test.each([
    ['sold', seatsRequest(), 'CONFIRMED'],
    ['held', hold(), 'PENDING'],
    ['sold under a key', seatsRequest({ idempotency: { digest: 'digest', fingerprint: 'print' } }), 'CONFIRMED'],
  ])('restores a booking as it was told (%s)', async (_what, one, status) => {
    const { ticketId, idempotency } = one;
    await bookAccepted(one);
    const before = await system().bookings.find(ticketId);
    await lose(one);
    await reconcile();
    if (idempotency !== undefined) await deleteBatches();
    const [doubt] = await doubts().list(1);
    expect(doubt).toMatchObject({ label: '1-1-1', told: { id: ticketId, status, seats: SEATS } });
    if (doubt?.told === undefined) throw new Error('not told');
    await system().prisma.zone.updateMany({ data: { price: { increment: 100 } } }); // the told prices stay
    await doubts().restore(doubt.told, OPERATOR);
    expect(await system().bookings.find(ticketId)).toEqual(before);
    expect(await inDoubt()).toEqual([]);
    expect(await differences()).toEqual([]);
    expect(await entryOf('restoreSeats')).toMatchObject({ by: OPERATOR.name, after: { id: ticketId } });
    await expect(doubts().restore(doubt.told, OPERATOR)).rejects.toThrow('not in doubt: 1-1-1 1-1-2');
  });

  /** A hold whose client is told a change of it that PostgreSQL does not have. */
  async function heldAndTold(kind: 'confirm' | 'cancel', status: Booking['status']): Promise<BookRequest> {
    const one = hold();
    await book(one);
    const booking = await system().bookings.find(one.ticketId);
    if (booking === undefined) throw new Error('not booked');
    const ticketId = newTicketId(0);
    await system().tickets.accept(0, 'node', [{ ticketId, kind }], { maxQueued: 100, fresh: true });
    await system().tickets.settle(0, new Map([[ticketId, writeOutcome(doneOutcome(kind, { ...booking, status }))]]));
    return one;
  }

  test('restores a confirmed hold as sold', async () => {
    const one = await heldAndTold('confirm', 'CONFIRMED');
    await lose(one);
    await reconcile();
    expect((await doubts().list(1))[0]).toMatchObject({ told: { id: one.ticketId, status: 'CONFIRMED' } });
  });

  test('restores a confirmed hold whose confirmation alone was lost, so that it expired', async () => {
    const one = await heldAndTold('confirm', 'CONFIRMED');
    await system().seats.renew(1, [{ ticketId: one.ticketId, userId: 1, seats: SEATS, holdMs: 0 }]);
    await system().prisma.booking.update({ where: { id: one.ticketId }, data: { expiresAt: new Date(0) } });
    await createExpire({ ...system(), releaseSeats: createReleaseSeats(system()) })();
    await reconcile();
    const [doubt] = await doubts().list(1);
    if (doubt?.told === undefined) throw new Error('not told');
    await doubts().restore(doubt.told, OPERATOR);
    expect(await system().bookings.find(one.ticketId)).toMatchObject({ status: 'CONFIRMED', seats: SEATS });
    const history = await system().history.ofBooking(one.ticketId, undefined, 10);
    expect(history?.entries.map(({ kind, status }) => [kind, status])).toEqual([
      ['create', 'PENDING'],
      ['expire', 'EXPIRED'],
      ['restore', 'CONFIRMED'],
    ]);
    expect(await differences()).toEqual([]);
    await expectNotSold();
  });

  test('learns that a lost hold was let go, and does not hear of one that PostgreSQL has ended', async () => {
    const ended = hold();
    await book(ended);
    await system().prisma.booking.update({ where: { id: ended.ticketId }, data: { expiresAt: new Date(0) } });
    await createExpire({ ...system(), releaseSeats: createReleaseSeats(system()) })();
    const one = await heldAndTold('cancel', 'CANCELLED');
    await lose(one);
    await reconcile();
    expect((await doubts().list(1))[0]).toMatchObject({ told: { id: one.ticketId, status: 'CANCELLED' } });
  });

  test('frees seats that nobody was told', async () => {
    const one = seatsRequest();
    await book(one);
    await lose(one);
    await reconcile();
    expect(await doubts().free(1, ['1-1-1', '1-2-9'], OPERATOR)).toEqual(['1-1-1']);
    expect(await inDoubt()).toEqual(['1-1-2']);
    expect(await differences()).toEqual([]);
    expect(await entryOf('freeSeats')).toMatchObject({ after: { seats: ['1-1-1'] } });
    const other = seatsRequest({ wish: { seats: ['1-1-1'] } });
    await book(other);
    expect(await outcomeOf(other)).toMatchObject({ status: 'booked' });
  });

  describe('of an event that limits the seats of a buyer', () => {
    const setLimit = async (seatLimit: number | null) => {
      await system().prisma.event.update({ where: { id: 1 }, data: { seatLimit } });
      await system().seats.reopen(1);
    };
    const claimsOf = async (userId: number) => system().redis.hget('{s0}:buyers:1', String(userId));
    beforeEach(() => setLimit(2));
    afterEach(() => setLimit(null));

    test('lowers the count of a buyer by the seats that it frees', async () => {
      const one = hold();
      await bookAccepted(one);
      await lose(one);
      await reconcile();
      expect(await claimsOf(1)).toBe(` ${one.ticketId}:2`);
      await doubts().free(1, ['1-1-1'], OPERATOR);
      expect(await claimsOf(1)).toBe(` ${one.ticketId}:1`);
      await doubts().free(1, ['1-1-2'], OPERATOR);
      expect(await claimsOf(1)).toBeNull();
      const other = hold();
      await book(other);
      expect(await outcomeOf(other)).toMatchObject({ status: 'booked' });
    });

    test('counts a booking that it restores, once, also where a rebuild had forgotten it', async () => {
      for (const act of [async () => undefined, () => system().seats.rebuild(1)]) {
        await system().reset();
        const one = hold();
        await bookAccepted(one);
        await lose(one);
        await reconcile();
        await act();
        const [doubt] = await doubts().list(1);
        if (doubt?.told === undefined) throw new Error('not told');
        await doubts().restore(doubt.told, OPERATOR);
        expect(await claimsOf(1)).toBe(` ${one.ticketId}:2`);
        const other = hold();
        await book({ ...other, wish: { seats: ['1-2-1'] } });
        expect(await outcomeOf(other)).toMatchObject({ status: 'rejected', code: 'SEAT_LIMIT' });
        expect(await differences()).toEqual([]);
      }
    });
  });

  test('restores and frees seats of an event that has ended, in PostgreSQL alone', async () => {
    const [one, other] = [seatsRequest(), seatsRequest({ wish: { seats: ['1-2-1'] } })];
    await bookAccepted(one);
    await bookAccepted(other);
    await lose(one);
    await lose(other);
    await reconcile();
    await system().prisma.event.update({ where: { id: 1 }, data: { endsAt: new Date(0) } });
    await system().seats.close(1);
    const [doubt] = await doubts().list(1);
    if (doubt?.told === undefined) throw new Error('not told');
    await doubts().restore(doubt.told, OPERATOR);
    expect(await doubts().free(1, ['1-2-1'], OPERATOR)).toEqual(['1-2-1']);
    expect(await system().bookings.find(one.ticketId)).toMatchObject({ status: 'CONFIRMED' });
    expect(await inDoubt()).toEqual([]);
    expect(await system().redis.keys('{s0}:*:1*')).toEqual([]);
    expect(await differences()).toEqual([]);
    await system().prisma.event.update({ where: { id: 1 }, data: { endsAt: null } });
  });

  /** Makes a sale that of an order. */
  async function orderOf({ id: bookingId, total = 0 }: Booking): Promise<string> {
    const id = newTicketId(0);
    const paid = { status: 'PAID', eventId: 1, total, refundDue: 0, currency: 'EUR', toldBy: 'key shop' } as const;
    const { prisma } = system();
    await prisma.order.create({ data: { id, paymentReference: id, bookingIds: [bookingId], ...paid } });
    await prisma.booking.update({ where: { id: bookingId }, data: { orderId: id, paymentReference: id } });
    return id;
  }

  test('ends a booking whose end was lost, its money is due, and a later one of its seats is restored', async () => {
    const earlier = seatsRequest();
    await bookAccepted(earlier);
    const sold = await system().bookings.find(earlier.ticketId);
    if (sold === undefined) throw new Error('not booked');
    const ticketId = newTicketId(0);
    const told = writeOutcome(doneOutcome('return', { ...sold, status: 'RETURNED' }));
    await system().tickets.accept(0, 'node', [{ ticketId, kind: 'return' }], { maxQueued: 100, fresh: true });
    await system().tickets.settle(0, new Map([[ticketId, told]]));
    await system().prisma.seat.deleteMany(); // a later buyer gets them, and then PostgreSQL knows only the first sale
    await system().seats.rebuild(1);
    await doubts().free(1, SEATS, OPERATOR);
    const one = seatsRequest();
    await bookAccepted(one);
    await lose(one);
    const seats = SEATS.map((_label, at) => ({ eventId: 1, zone: 1, row: 1, number: at + 1 }));
    const owned = seats.map((seat) => ({ ...seat, status: 'SOLD' as const, bookingId: earlier.ticketId }));
    await system().prisma.seat.createMany({ data: owned });
    const order = await orderOf(sold);
    await reconcile();
    expect(await inDoubt()).toEqual([]);
    const [end] = await doubts().lostEnds(1);
    expect(end).toMatchObject({ id: earlier.ticketId, status: 'RETURNED' });
    if (end === undefined) throw new Error('no end was lost');
    expect(await doubts().end(end, OPERATOR)).toEqual(SEATS);
    const due = { status: 'REFUND_DUE', refundDue: BigInt(sold.total ?? 0) };
    expect(await system().prisma.order.findUnique({ where: { id: order } })).toMatchObject(due);
    expect(await doubts().lostEnds(1)).toEqual([]);
    const [doubt] = await doubts().list(1);
    if (doubt?.told === undefined) throw new Error('not told');
    await doubts().restore(doubt.told, OPERATOR);
    expect(await system().bookings.find(one.ticketId)).toMatchObject({ status: 'CONFIRMED' });
    expect(await system().bookings.find(earlier.ticketId)).toMatchObject({ status: 'RETURNED' });
    await expectNotSold();
  });

  test('knows of no booking once Redis has forgotten it', async () => {
    const one = seatsRequest();
    await book(one);
    await lose(one);
    await reconcile();
    await deleteBatches();
    expect(await doubts().list(1)).toEqual(SEATS.map((label) => ({ label, told: undefined })));
  });
});
