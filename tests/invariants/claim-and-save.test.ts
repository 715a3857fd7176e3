import { beforeEach, describe, expect, test } from '@jest/globals';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import type { OneWish } from '../../shared/contract/reserve.ts';
import { BLOCK_OWNER, type Zone } from '../../shared/domain/house.ts';
import { writeOutcome, writeRefused } from '../../shared/domain/outcome-text.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { batchKeyOf } from '../../shared/stores/redis/keys.ts';
import { createBook } from '../../workers/book-seats.ts';
import { createChange } from '../../workers/change-bookings.ts';
import { createReleaseSeats } from '../../workers/expire-holds.ts';
import { useSystem } from '../support/system.ts';

const SEATS = 20;
const system = useSystem({ ZONES: 2, ROWS: 3, SEATS_PER_ROW: SEATS });

const request = (wish: OneWish): BookRequest => ({ ticketId: newTicketId(0), eventId: 1, wish, hold: false });
const book = (requests: BookRequest[]) => createBook(system())(0, requests);
const outcomeOf = async ({ ticketId }: BookRequest) => (await system().outcomesOf([ticketId]))[0];

/** Returns a booking that was sold, and frees its seats. */
async function free({ ticketId, eventId }: BookRequest): Promise<void> {
  const by = { name: 'admin token', address: '127.0.0.1' };
  await system().holds.change([{ ticketId: newTicketId(0), kind: 'return', bookingId: ticketId, by }]);
  await createReleaseSeats(system())([{ id: ticketId, eventId }]);
}

const differences = async () => (await auditEvent(1, system())).differences;

beforeEach(async () => {
  await system().clearEvent();
  await system().seats.open(1);
});

describe('I1: a seat has at most one live booking', () => {
  test('two simultaneous batches for one row sell each seat once', async () => {
    const batches = Array.from({ length: 8 }, () =>
      Array.from({ length: 10 }, () => request({ zone: 1, row: 1, count: 1 })),
    );
    await Promise.all(batches.map(book));
    const outcomes = await Promise.all(batches.flat().map(outcomeOf));
    const sold = outcomes.flatMap((outcome) => (outcome?.status === 'booked' ? outcome.booking.seats : []));
    expect(new Set(sold).size).toBe(SEATS);
    expect(sold).toHaveLength(SEATS);
    expect(await differences()).toEqual([]);
  });

  test('a seat that is sold in PostgreSQL only is not sold again: the request gets another seat', async () => {
    const first = request({ zone: 1, row: 1, start: 9, count: 2 });
    await book([first]);
    // Redis restarts with old data, without the seats.
    for (const bit of [9, 10]) await system().redis.setbit('{s0}:seats:1:1:1', bit, 0);
    await system().seats.recount(1, (await system().events.layout(1))?.zones[0] as Zone);
    const [second, third] = [request({ zone: 1, row: 1, count: 2 }), request({ zone: 2, row: 1, count: 2 })];
    await book([second, third]);
    const outcome = await outcomeOf(second);
    expect(outcome).toMatchObject({ status: 'booked', booking: { zone: 1, row: 1, seatsCount: 2 } });
    expect(await outcomeOf(third)).toMatchObject({ status: 'booked', booking: { zone: 2 } });
    expect(await differences()).toEqual([]);
  });

  test.each([true, false])('a seat whose bit was lost is not sold again (held: %s)', async (hold) => {
    const first = { ...request({ zone: 1, row: 1, start: 9, count: 2 }), hold };
    await book([first]);
    await system().redis.setbit('{s0}:seats:1:1:1', 9, 0);
    const second = request({ zone: 1, row: 1, start: 9, count: 1 });
    await book([second]);
    expect(await outcomeOf(second)).toMatchObject({ kind: 'book', status: 'rejected', code: 'SEAT_TAKEN' });
    expect(await system().redis.getbit('{s0}:seats:1:1:1', 9)).toBe(1);
  });
});

describe('I7: with a seat limit a request without a buyer books nothing', () => {
  test.each(['knows the limit', 'does not know the limit'])('the script %s, and PostgreSQL does', async (script) => {
    const earlier = request({ zone: 1, row: 2, count: 1 });
    await book([earlier]);
    const { event } = system().prisma;
    await event.update({ where: { id: 1 }, data: { seatLimit: 2 } });
    await system().seats.open(1);
    if (script !== 'knows the limit') await system().redis.hset('{s0}:house:1', 'seatLimit', 0);
    const nobody = request({ zone: 1, row: 1, count: 1 });
    const anna = { ...request({ zone: 1, row: 1, count: 2 }), hold: true, userId: 1 };
    // Its job is delivered again after Redis lost the ticket.
    await system().redis.del(batchKeyOf(0, earlier.ticketId));
    const [decision] = await system().seats.claim(0, [nobody]);
    expect(decision?.kind).toBe(script === 'knows the limit' ? 'refused' : 'got');
    await book([nobody, anna, earlier]);
    expect(await outcomeOf(nobody)).toMatchObject({ status: 'rejected', code: 'BUYER_REQUIRED' });
    expect(await outcomeOf(anna)).toMatchObject({ status: 'booked' });
    expect(await outcomeOf(earlier)).toMatchObject({ status: 'booked', booking: { id: earlier.ticketId } });
    await event.update({ where: { id: 1 }, data: { seatLimit: null } });
    await system().seats.open(1);
    expect(await differences()).toEqual([]);
  });
});

describe('I12: with SELL_BY=server a sale needs a trusted server', () => {
  const bookStrictly = (requests: BookRequest[]) => createBook({ ...system(), sellBy: 'server' as const })(0, requests);

  test('holds continue, and sold seats stay sold when their job is delivered again', async () => {
    const earlier = request({ zone: 1, row: 1, count: 1 });
    await book([earlier]);
    await system().redis.del(batchKeyOf(0, earlier.ticketId));
    const nobody = request({ zone: 1, row: 2, count: 1 });
    const server = { ...request({ zone: 1, row: 2, count: 1 }), soldBy: 'admin token' };
    const hold = { ...request({ zone: 1, row: 2, count: 1 }), hold: true, userId: 1 };
    await bookStrictly([earlier, nobody, server, hold, nobody]);
    expect(await outcomeOf(earlier)).toMatchObject({ status: 'booked', booking: { id: earlier.ticketId } });
    expect(await outcomeOf(nobody)).toMatchObject({ status: 'rejected', code: 'FORBIDDEN' });
    expect(await outcomeOf(server)).toMatchObject({ status: 'booked', booking: { status: 'CONFIRMED' } });
    expect(await outcomeOf(hold)).toMatchObject({ status: 'booked', booking: { status: 'PENDING' } });
    expect(await differences()).toEqual([]);
  });

  test.each([
    ['a hold is not confirmed', false, 'rejected'],
    ['an earlier confirmation stays', true, 'confirmed'],
  ])('%s', async (_, delivered, status) => {
    const hold = { ...request({ zone: 1, row: 1, count: 1 }), hold: true, userId: 1 };
    await book([hold]);
    const confirm = { ticketId: newTicketId(0), kind: 'confirm' as const, bookingId: hold.ticketId, userId: 1 };
    if (delivered) await system().holds.change([confirm]); // the worker died before it settled
    const releaseSeats = createReleaseSeats(system());
    await createChange({ ...system(), releaseSeats, sellBy: 'server' })(0, [confirm]);
    expect(await outcomeOf({ ...hold, ticketId: confirm.ticketId })).toMatchObject({ status });
    const { status: statusNow } = (await system().bookings.find(hold.ticketId)) ?? {};
    expect(statusNow).toBe(delivered ? 'CONFIRMED' : 'PENDING');
  });
});

describe('I2: a ticket reaches one outcome, which never changes', () => {
  test('a retried job gives the same seats', async () => {
    const requests = Array.from({ length: 30 }, () => request({ zone: 1, row: 1, count: 1 }));
    await book(requests);
    const first = await Promise.all(requests.map(outcomeOf));
    await book(requests);
    await Promise.all([book(requests), book(requests.toReversed())]);
    expect(await Promise.all(requests.map(outcomeOf))).toEqual(first);
    expect(first.filter((outcome) => outcome?.status === 'rejected')).toHaveLength(30 - SEATS);
  });

  test('a ticket that is twice in a batch gets its seats once', async () => {
    const one = request({ zone: 1, row: 1, count: 2 });
    await book([one, request({ zone: 1, row: 2, count: 2 }), one]);
    expect(await outcomeOf(one)).toMatchObject({ status: 'booked', booking: { seatsCount: 2 } });
    expect(await differences()).toEqual([]);
  });

  test.each(['claim', 'save'])(
    'a worker that takes over from one that died after %s gives the same seats',
    async (step) => {
      const requests = [request({ zone: 1, count: 3 }), request({ zone: 1, row: 1, start: 0, count: 1 })];
      const decisions = await system().seats.claim(0, requests);
      const claims = requests.map(({ ticketId, eventId }, i) => {
        const decision = decisions[i];
        if (decision?.kind !== 'got') throw new Error('not claimed');
        return {
          ticketId,
          eventId,
          generation: decision.generation,
          seats: decision.seats,
          hold: false,
        };
      });
      if (step === 'save') await system().bookings.save(claims);
      await book(requests);
      for (const [i, one] of requests.entries()) {
        expect(await outcomeOf(one)).toMatchObject({ status: 'booked', booking: { seats: claims[i]?.seats } });
      }
      expect(await differences()).toEqual([]);
    },
  );

  test('a refusal is stored too: seats that are released later do not change it', async () => {
    const holder = request({ zone: 1, row: 1, start: 0, count: 1 });
    await book([holder]);
    const refused = request({ zone: 1, row: 1, start: 0, count: 1 });
    expect(await system().seats.claim(0, [refused])).toMatchObject([
      { kind: 'refused', outcome: { code: 'SEAT_TAKEN' } },
    ]);
    await free(holder);
    expect(await system().seats.claim(0, [refused])).toMatchObject([
      { kind: 'refused', outcome: { code: 'SEAT_TAKEN' } },
    ]);
  });

  test('the first outcome stays', async () => {
    const one = request({ count: 1 });
    await system().tickets.settle(0, new Map([[one.ticketId, writeRefused(1, 'SOLD_OUT', [])]]));
    const failed = writeOutcome({ kind: 'book', status: 'failed', code: 'INTERNAL' });
    await system().tickets.settle(0, new Map([[one.ticketId, failed]]));
    expect(await outcomeOf(one)).toEqual({ kind: 'book', status: 'rejected', code: 'SOLD_OUT' });
  });
});

test('I3: no outcome is shown before it is committed in PostgreSQL', async () => {
  const shown: { booked: boolean; saved: boolean }[] = [];
  const { bookings, tickets } = system();
  const watched = createBook({
    ...system(),
    tickets: {
      ...tickets,
      async settle(shard, outcomes) {
        for (const [id, outcome] of outcomes) {
          shown.push({ booked: outcome.status === 'booked', saved: (await bookings.find(id)) !== undefined });
        }
        return tickets.settle(shard, outcomes);
      },
    },
  });
  await watched(
    0,
    Array.from({ length: SEATS + 5 }, () => request({ zone: 1, row: 1, count: 1 })),
  );
  expect(shown).toHaveLength(SEATS + 5);
  for (const { booked, saved } of shown) expect(saved).toBe(booked);
});

describe('I4: Redis equals PostgreSQL once corrected', () => {
  test('a wiped Redis is never taken for an empty house', async () => {
    await book([request({ zone: 1, row: 1, start: 0, count: 5 })]);
    await system().redis.flushdb();
    const [same, other] = [
      request({ zone: 1, row: 1, start: 4, count: 1 }),
      request({ zone: 1, row: 1, start: 5, count: 1 }),
    ];
    await book([same, other]);
    expect(await outcomeOf(same)).toMatchObject({ kind: 'book', status: 'rejected', code: 'SEAT_TAKEN' });
    expect(await outcomeOf(other)).toMatchObject({ status: 'booked' });
    expect(await differences()).toEqual([]);
  });

  const changes: [string, (ticketId: string) => Promise<number>, string[]][] = [
    ['selling', (ticketId) => system().seats.renew(1, [{ ticketId, seats: ['1-1-1'], holdMs: 0 }]), ['SOLD', 'HELD']],
    [
      'unblocking',
      async () => {
        const blocked = { eventId: 1, zone: 1, row: 1, number: 4, status: 'BLOCKED' as const, bookingId: BLOCK_OWNER };
        await system().prisma.seat.create({ data: blocked });
        return system().seats.unblock(1, ['1-1-4']);
      },
      ['HELD', 'HELD'],
    ],
    [
      'blocking',
      () => {
        const status = 'BLOCKED' as const;
        return system().seats.mend(1, [{ zone: 1, row: 1, number: 3, owner: BLOCK_OWNER, status }]);
      },
      ['HELD', 'HELD', 'BLOCKED'],
    ],
  ];

  test.each(changes)('%s while the house is closed is applied once it is open', async (_what, change, expected) => {
    const held = { ...request({ zone: 1, row: 1, start: 0, count: 2 }), hold: true };
    await book([held]);
    await system().redis.del('{s0}:house:1');
    expect(await change(held.ticketId)).toBe(1);
    const zone = (await system().events.layout(1))?.zones[0];
    if (zone === undefined) throw new Error('no zone');
    const taken = await system().seats.takenIn(1, [{ zone, row: 1 }]);
    expect(taken.map(({ status }) => status)).toEqual(expected);
  });

  test('a ticket that is claimed again after its booking was saved keeps the booking and leaks no seat', async () => {
    const one = request({ zone: 1, row: 1, count: 2 });
    await book([one]);
    const first = await outcomeOf(one);
    await system().redis.del(batchKeyOf(0, one.ticketId));
    await book([one]);
    expect(await outcomeOf(one)).toEqual(first);
    expect(await differences()).toEqual([]);
  });

  test('a repeated clear does not delete later sales', async () => {
    const house = await system().events.readHouse(1);
    const clear = () =>
      system().prisma.$transaction((transaction) => system().events.clear(1, house?.generation ?? 0, transaction));
    expect(await clear()).toEqual({ bookings: 0, seats: 0 });
    await system().seats.open(1);
    await book([request({ zone: 1, row: 1, count: 2 })]);
    expect(await clear()).toBeUndefined();
    expect(await system().prisma.seat.count()).toBe(2);
  });

  test('a claim from before a clear is not saved after it, and is claimed again', async () => {
    const one = request({ zone: 1, row: 1, start: 3, count: 2 });
    const [decision] = await system().seats.claim(0, [one]);
    if (decision?.kind !== 'got') throw new Error('not claimed');
    await system().clearEvent();
    const { generation, seats } = decision;
    const saved = await system().bookings.save([
      { ticketId: one.ticketId, eventId: 1, generation, seats, hold: false },
    ]);
    expect(saved.get(one.ticketId)).toBe('stale');
    expect(await system().prisma.seat.count()).toBe(0);
    await book([one]);
    expect(await outcomeOf(one)).toMatchObject({ status: 'booked', booking: { startIndex: 3, seatsCount: 2 } });
    expect(await differences()).toEqual([]);
  });
});

test('I11: a claim that cannot be saved fails alone, and its seats are released', async () => {
  const requests = Array.from({ length: 5 }, () => request({ zone: 1, row: 1, count: 1 }));
  const poison = requests[2] as BookRequest;
  await system().prisma.$executeRawUnsafe(
    `ALTER TABLE booking ADD CONSTRAINT poison CHECK (id <> '${poison.ticketId}')`,
  );
  await book(requests);
  await system().prisma.$executeRawUnsafe('ALTER TABLE booking DROP CONSTRAINT poison');
  expect(await outcomeOf(poison)).toEqual({ kind: 'book', status: 'failed', code: 'INTERNAL' });
  for (const one of requests) if (one !== poison) expect(await outcomeOf(one)).toMatchObject({ status: 'booked' });
  expect(await differences()).toEqual([]);
});

test('workers that save the same claims in different orders never wait for each other in a circle', async () => {
  const { bookings, prisma } = system();
  const { generation } = await prisma.event.findUniqueOrThrow({ where: { id: 1 } });
  for (let round = 0; round < 20; round += 1) {
    await prisma.seat.deleteMany();
    const claims = Array.from({ length: 6 * SEATS }, (_, i) => {
      const row = Math.floor(i / SEATS);
      const seats = [`${Math.floor(row / 3) + 1}-${(row % 3) + 1}-${(i % SEATS) + 1}`];
      return { ticketId: newTicketId(0), eventId: 1, generation, hold: false, seats };
    });
    const orders = [claims, claims.toReversed(), claims, claims.toReversed()];
    const results = await Promise.all(orders.map((claimsInOrder) => bookings.save(claimsInOrder)));
    for (const saved of results)
      for (const result of saved.values())
        expect(typeof result === 'object' && ('createdAt' in result || 'booking' in result)).toBe(true);
  }
});
