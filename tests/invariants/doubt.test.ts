import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import { type Booking, doneOutcome } from '../../shared/contract/tickets.ts';
import { DOUBT_OWNER } from '../../shared/domain/house.ts';
import { writeOutcome, writeRefused } from '../../shared/domain/outcome-text.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { createDoubtStore } from '../../shared/stores/doubts.ts';
import { createBookingStore } from '../../shared/stores/postgres/bookings.ts';
import { createHoldStore } from '../../shared/stores/postgres/holds.ts';
import { createHouseOpener } from '../../shared/stores/restore-house.ts';
import { createBook } from '../../workers/book-seats.ts';
import { createExpire, createReleaseSeats } from '../../workers/expire-holds.ts';
import { createReconcile } from '../../workers/reconcile.ts';
import { send } from '../support/client.ts';
import { SEATS, seatsRequest } from '../support/seat-requests.ts';
import { useSystem } from '../support/system.ts';

// PostgreSQL fails over to a standby that was late: it lacks bookings that clients were told. Their seats are not sold
// again, and neither is any seat of which nothing shows that it is free.

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 });

const OPERATOR = { name: 'admin token', address: '127.0.0.1' };

const hold = () => seatsRequest({ hold: true, userId: 1 });
const book = (...requests: BookRequest[]) => createBook(system())(0, requests);
const outcomeOf = async ({ ticketId }: BookRequest) => (await system().outcomesOf([ticketId]))[0];
const reconcile = (minAgeMs = 0) =>
  createReconcile({ ...system(), shards: 1 })({ seatsAtOnce: 1_000, minAgeMs, equalPauseMs: 0 });
const differences = async () => (await auditEvent(1, system())).differences;
const inDoubt = () => system().blocks.inDoubt(1);
const change = ({ ticketId: bookingId, userId }: BookRequest, kind: 'return' | 'cancel' | 'confirm') =>
  system().holds.change([{ ticketId: newTicketId(0), kind, bookingId, userId, by: OPERATOR }]);

/** PostgreSQL no longer has what it has saved of a booking. */
async function lose({ ticketId: id }: BookRequest): Promise<void> {
  await system().prisma.booking.deleteMany({ where: { id } });
  await system().prisma.seat.deleteMany({ where: { bookingId: id } });
  await system().prisma.buyer.deleteMany();
}

/** The seats as a ticket holds them of which PostgreSQL has no booking. */
async function heldBy({ ticketId }: BookRequest): Promise<void> {
  const seats = SEATS.map((_label, at) => at + 1).map((number) => {
    return { zone: 1, row: 1, number, bookingId: ticketId, status: 'HELD' as const };
  });
  await system().seats.mend(1, seats);
}

/** An hour has passed: Redis has dropped its batches. */
async function deleteBatches(): Promise<void> {
  for (const key of await system().redis.keys('{s0}:batch:*')) await system().redis.del(key);
}

/** No other buyer gets the seats, neither now nor after a wipe of Redis. */
async function expectNotSold(): Promise<void> {
  for (const wipe of [false, true]) {
    if (wipe) {
      await system().redis.flushdb();
      await system().seats.open(1);
    }
    const other = seatsRequest();
    await book(other);
    expect(await outcomeOf(other)).toMatchObject({ status: 'rejected' });
  }
  expect(await differences()).toEqual([]);
}

beforeAll(() => system().stopWorkers());
beforeEach(() => system().reset());

describe('a booking that a client was told and PostgreSQL has lost', () => {
  test.each([
    ['sold', seatsRequest()],
    ['held', hold()],
  ])('is not sold again (%s): its seats are blocked as in doubt', async (_what, one) => {
    await book(one);
    expect(await outcomeOf(one)).toMatchObject({ status: 'booked' });
    await lose(one);
    expect(await reconcile()).toBe(SEATS.length);
    expect(await inDoubt()).toEqual(SEATS);
    await expectNotSold();
  });

  test('is not sold again where its seats had been sold and returned before', async () => {
    const earlier = seatsRequest();
    await book(earlier);
    await change(earlier, 'return');
    await createReleaseSeats(system())([{ id: earlier.ticketId, eventId: 1 }]);
    const one = seatsRequest();
    await book(one);
    await lose(one);
    await reconcile();
    await expectNotSold();
  });

  test('is not sold again once all that Redis knew of its ticket has expired', async () => {
    const one = seatsRequest();
    await book(one);
    await lose(one);
    await deleteBatches();
    await reconcile();
    await expectNotSold();
  });

  test.each([
    ['is compared', async () => expect(await reconcile()).toBe(0)],
    ['was rebuilt before', () => system().seats.rebuild(1)],
  ])('is not sold again where only its confirmation was lost, and its hold ends: the house %s', async (_what, act) => {
    const one = hold();
    await book(one);
    await system().holds.change([{ ticketId: newTicketId(0), kind: 'confirm', bookingId: one.ticketId, userId: 1 }]);
    await system().seats.renew(1, [{ ticketId: one.ticketId, userId: 1, seats: SEATS, holdMs: 0 }]);
    await system().prisma.booking.update({ where: { id: one.ticketId }, data: { status: 'PENDING' } });
    await system().prisma.seat.updateMany({ where: { bookingId: one.ticketId }, data: { status: 'HELD' } });
    await act();
    await system().prisma.booking.update({ where: { id: one.ticketId }, data: { expiresAt: new Date(0) } });
    const releaseSeats = createReleaseSeats(system());
    await createExpire({ holds: system().holds, releaseSeats })();
    await reconcile();
    expect(await inDoubt()).toEqual(SEATS);
    await expectNotSold();
  });
});

describe('a hold that a client was told and PostgreSQL has lost, while it still has an earlier one of them', () => {
  test.each([
    ['compared', async () => expect(await reconcile()).toBe(0)],
    ['rebuilt', () => system().seats.rebuild(1)],
  ])('is not given away when the earlier one ends: the house was %s', async (_what, act) => {
    const earlier = hold();
    await book(earlier);
    await change(earlier, 'cancel');
    await createReleaseSeats(system())([{ id: earlier.ticketId, eventId: 1 }]);
    const one = hold();
    const ticket = { ticketId: one.ticketId, kind: 'book', eventId: 1, userId: 1 } as const;
    await system().tickets.accept(0, 'node', [ticket], { maxQueued: 100, fresh: true });
    await book(one);
    await lose(one);
    const lapsed = { status: 'PENDING', releasedAt: null, expiresAt: new Date(0) } as const;
    await system().prisma.booking.update({ where: { id: earlier.ticketId }, data: lapsed });
    const seats = SEATS.map((_label, at) => ({ eventId: 1, zone: 1, row: 1, number: at + 1 }));
    const owned = seats.map((seat) => ({ ...seat, status: 'HELD' as const, bookingId: earlier.ticketId }));
    await system().prisma.seat.createMany({ data: owned });
    await act();
    await createExpire({ holds: system().holds, releaseSeats: createReleaseSeats(system()) })();
    await reconcile();
    expect(await inDoubt()).toEqual(SEATS);
    await expectNotSold();
  });
});

describe('a house that is restored before reconciling has found what PostgreSQL lost', () => {
  const withAvoidSingles = async () => {
    const { avoidSingles } = await system().prisma.event.findUniqueOrThrow({ where: { id: 1 } });
    await system().prisma.event.update({ where: { id: 1 }, data: { avoidSingles: !avoidSingles } });
    await system().seats.reopen(1);
  };

  test.each([
    ['rebuilt', 'sold', seatsRequest(), () => system().seats.rebuild(1)],
    ['rebuilt', 'held', hold(), () => system().seats.rebuild(1)],
    ['written anew for a setting', 'sold', seatsRequest(), withAvoidSingles],
  ] as const)('is %s with the seats in doubt (%s)', async (_what, _status, one, restore) => {
    await book(one);
    await lose(one);
    await restore();
    expect(await inDoubt()).toEqual(SEATS);
    await expectNotSold();
  });

  test('frees seats whose ticket was refused, and keeps a seat whose claim is under way', async () => {
    const one = hold();
    await system().tickets.settle(0, new Map([[one.ticketId, writeRefused(2, 'SEAT_TAKEN', [])]]));
    await heldBy(one);
    const other = seatsRequest({ wish: { seats: ['1-2-1'] } });
    const ticket = { ticketId: other.ticketId, kind: 'book', eventId: 1 } as const;
    await system().tickets.accept(0, 'node', [ticket], { maxQueued: 100, fresh: true });
    await system().seats.claim(0, [other]);
    await system().seats.rebuild(1);
    expect(await inDoubt()).toEqual([]);
    expect(await differences()).toEqual([{ what: 'bit too many', where: '1-2-1' }]);
  });

  test('is restored with them where the first try failed after the house was closed', async () => {
    const one = seatsRequest();
    await book(one);
    await lose(one);
    const failing = { ...system().orphans, judge: () => Promise.reject(new Error('PostgreSQL is down')) };
    const opener = createHouseOpener({ ...system(), orphans: failing, shards: 1 });
    await expect(opener.rebuild(1)).rejects.toThrow('PostgreSQL is down');
    await system().seats.open(1);
    expect(await inDoubt()).toEqual(SEATS);
    await expectNotSold();
  });

  test('has no seat of an earlier generation after a clear', async () => {
    await book(seatsRequest());
    await system().clearEvent();
    await system().seats.rebuild(1);
    expect(await inDoubt()).toEqual([]);
    expect(await differences()).toEqual([]);
  });

  test('is restored with them where an earlier hold of them ended and is not yet recorded as released', async () => {
    const earlier = hold();
    await book(earlier);
    await change(earlier, 'cancel');
    await createReleaseSeats(system())([{ id: earlier.ticketId, eventId: 1 }]);
    const one = seatsRequest();
    await book(one);
    await lose(one);
    await system().prisma.booking.update({ where: { id: earlier.ticketId }, data: { releasedAt: null } });
    await system().seats.rebuild(1);
    expect(await inDoubt()).toEqual(SEATS);
    await expectNotSold();
  });

  test('has no seat of a booking that ended and that Redis has yet to free', async () => {
    const one = seatsRequest();
    await book(one);
    await change(one, 'return');
    await system().seats.rebuild(1);
    expect(await inDoubt()).toEqual([]);
    expect(await differences()).toEqual([]);
  });
});

describe('a seat that only Redis has as taken', () => {
  const refuse = ({ ticketId }: BookRequest) =>
    system().tickets.settle(0, new Map([[ticketId, writeRefused(2, 'SEAT_TAKEN', [])]]));
  const cancel = async (one: BookRequest) => {
    await book(one);
    await change(one, 'cancel');
    await system().prisma.booking.update({ where: { id: one.ticketId }, data: { releasedAt: new Date() } });
  };

  test.each([
    ['was refused', refuse],
    ['was given up', (one: BookRequest) => system().bookings.giveUp(one)],
    ['has ended', cancel],
  ])('is freed where the ticket that holds it %s', async (_what, end) => {
    const one = hold();
    await end(one);
    await heldBy(one);
    expect(await reconcile()).toBe(SEATS.length);
    expect(await inDoubt()).toEqual([]);
    expect(await differences()).toEqual([]);
    const other = seatsRequest();
    await book(other);
    expect(await outcomeOf(other)).toMatchObject({ status: 'booked' });
  });

  test('is not blocked where a clear has freed it and the house is not open anew yet', async () => {
    await book(seatsRequest());
    const { generation } = await system().prisma.event.findUniqueOrThrow({ where: { id: 1 } });
    await system().prisma.$transaction((transaction) => system().events.clear(1, generation, transaction));
    expect(await reconcile()).toBe(0);
    expect(await inDoubt()).toEqual([]);
    await system().seats.open(1);
    expect(await differences()).toEqual([]);
  });
});

describe('seats in doubt', () => {
  beforeEach(async () => {
    const one = seatsRequest();
    await book(one);
    await lose(one);
    await reconcile();
  });

  test('are not unblocked together with seats that an operator blocked', async () => {
    const { url } = system();
    await system().resumeWorkers();
    await send(url, 'POST', '/api/events/1/block', { seats: ['1-2-1'] });
    const { body } = await send(url, 'POST', '/api/events/1/unblock', { seats: ['1-2-1', ...SEATS] });
    expect(body).toMatchObject({ changed: 1 });
    await system().stopWorkers();
    expect(await inDoubt()).toEqual(SEATS);
    await expectNotSold();
  });

  test('are a problem of the pipeline until they are none', async () => {
    const codes = async () => {
      const { body } = await send(system().url, 'GET', '/healthz/pipeline');
      return (body.problems as { code: string }[]).map(({ code }) => code);
    };
    const shows = async (isShown: boolean) => {
      for (const endMs = Date.now() + 10_000; (await codes()).includes('seats_in_doubt') !== isShown; )
        if (Date.now() > endMs) throw new Error(`seats_in_doubt: not ${isShown}`);
    };
    await shows(true);
    await system().prisma.seat.deleteMany({ where: { bookingId: DOUBT_OWNER } });
    await system().seats.unblock(1, SEATS);
    await reconcile();
    await shows(false);
  });

  test('are in the audit trail, with what Redis had of them', async () => {
    const { body } = await send(system().url, 'GET', '/admin/trail?limit=5');
    const entry = (body.entries as { act: string }[]).find(({ act }) => act === 'doubtSeats');
    expect(entry).toMatchObject({ eventId: 1, by: 'reconcile', before: { '1-1-1': ['SOLD', null] } });
  });
});

describe('a booking that is read, and was not written now, is told after a commit that waits for the standby', () => {
  let commits = 0;
  /** The stores with a client that counts such commits. */
  function counting() {
    commits = 0;
    const prisma = new Proxy(system().prisma, {
      get(target, name) {
        if (name !== '$executeRaw') return Reflect.get(target, name);
        return (text: TemplateStringsArray, ...values: unknown[]) => {
          if (text.join('').includes('pg_logical_emit_message(true')) commits += 1;
          return target.$executeRaw(text, ...values);
        };
      },
    });
    return { bookings: createBookingStore({ prisma }), holds: createHoldStore({ prisma, trail: system().trail }) };
  }

  test.each([
    ['is saved again', 'save'],
    ['is looked up, as after a refusal', 'findRecordedResults'],
    ['is given up', 'giveUp'],
  ] as const)('where it %s', async (_what, act) => {
    const { bookings } = counting();
    const one = hold();
    const { generation } = await system().prisma.event.findUniqueOrThrow({ where: { id: 1 } });
    const claim = { ...one, generation, seats: SEATS };
    await bookings.findRecordedResults([one]);
    await bookings.save([claim]);
    expect(commits).toBe(0); // the usual path pays nothing
    await (act === 'giveUp' ? bookings.giveUp(one) : bookings[act]([claim]));
    expect(commits).toBe(1);
  });

  test.each(['confirm', 'cancel'] as const)('where a change was made before (%s)', async (kind) => {
    const { holds } = counting();
    const one = hold();
    await book(one);
    const again = () => holds.change([{ ticketId: newTicketId(0), kind, bookingId: one.ticketId, userId: 1 }]);
    await again();
    expect(commits).toBe(0);
    await again();
    expect(commits).toBe(1);
  });
});

describe('an operator settles seats in doubt', () => {
  async function bookAccepted(one: BookRequest): Promise<void> {
    const { ticketId, userId, idempotency } = one;
    const ticket = { ticketId, kind: 'book', eventId: 1, userId, idempotency } as const;
    await system().tickets.accept(0, 'node', [ticket], { maxQueued: 100, fresh: true });
    await book(one);
  }
  const doubts = () => createDoubtStore({ ...system(), shards: 1 });
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
    await createExpire({ holds: system().holds, releaseSeats: createReleaseSeats(system()) })();
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
    await createExpire({ holds: system().holds, releaseSeats: createReleaseSeats(system()) })();
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

  test('ends a booking whose end was lost, so that a later one of its seats is restored', async () => {
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
    await reconcile();
    expect(await inDoubt()).toEqual([]);
    const [end] = await doubts().lostEnds(1);
    expect(end).toMatchObject({ id: earlier.ticketId, status: 'RETURNED' });
    if (end === undefined) throw new Error('no end was lost');
    expect(await doubts().end(end, OPERATOR)).toEqual(SEATS);
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
