import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import { DOUBT_OWNER } from '../../shared/domain/house.ts';
import { writeRefused } from '../../shared/domain/outcome-text.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { createBookingStore } from '../../shared/stores/postgres/bookings.ts';
import { createHoldStore } from '../../shared/stores/postgres/holds.ts';
import { createHouseOpener } from '../../shared/stores/restore-house.ts';
import { createExchange } from '../../workers/exchange-seats.ts';
import { createExpire, createReleaseSeats } from '../../workers/expire-holds.ts';
import { send } from '../support/client.ts';
import { lostBookingsIn } from '../support/lost-bookings.ts';
import { SEATS, seatsRequest } from '../support/seat-requests.ts';
import { useSystem } from '../support/system.ts';

// PostgreSQL fails over to a standby that was late: it lacks bookings that clients were told. Their seats are not sold
// again, and neither is any seat of which nothing shows that it is free.

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 });

const scenes = lostBookingsIn(system);
const { hold, book, outcomeOf, reconcile, differences, inDoubt, change, lose, heldBy } = scenes;
const { deleteBatches, expectNotSold } = scenes;

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
    await createExpire({ ...system(), releaseSeats: createReleaseSeats(system()) })();
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
    await createExpire({ ...system(), releaseSeats: createReleaseSeats(system()) })();
    await reconcile();
    expect(await inDoubt()).toEqual(SEATS);
    await expectNotSold();
  });
});

describe('a house that is restored before reconciling has found what PostgreSQL lost', () => {
  /** A restore that fails after the house was closed. */
  const failingRestore = async () => {
    const failing = { ...system().orphans, judge: () => Promise.reject(new Error('PostgreSQL is down')) };
    const opener = createHouseOpener({ ...system(), redis: system().redisShards, orphans: failing, shards: 1 });
    await expect(opener.rebuild(1)).rejects.toThrow('PostgreSQL is down');
  };

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
    await failingRestore();
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

  test.each([
    ['', () => system().seats.rebuild(1)],
    [' where another process finishes the restore', () => failingRestore().then(() => system().seats.open(1))],
  ])('has no seat of a booking that ended and that Redis has yet to free%s', async (_where, restore) => {
    const one = seatsRequest();
    await book(one);
    await change(one, 'return');
    await restore();
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
    await system().prisma.seatRelease.deleteMany();
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

  test('is freed where the exchange that took it was of a booking that has ended', async () => {
    const one = seatsRequest({ hold: true, userId: 1, wish: { zone: 1, row: 2, start: 0, count: 2 } });
    await book(one);
    const exchange = { ticketId: newTicketId(0), bookingId: one.ticketId, eventId: 1, wish: { seats: [...SEATS] } };
    const releaseSeats = createReleaseSeats(system());
    await createExchange({ ...system(), releaseSeats })(0, [{ ...exchange, grows: false, userId: 1 }]);
    expect(await system().bookings.find(one.ticketId)).toMatchObject({ seats: SEATS });
    await change(one, 'cancel');
    await system().prisma.seatRelease.deleteMany();
    expect(await reconcile()).toBe(SEATS.length);
    expect(await inDoubt()).toEqual([]);
    expect(await differences()).toEqual([]);
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
