import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { batchKeyOf } from '../../shared/stores/redis/keys.ts';
import { createBook } from '../../workers/book-seats.ts';
import { createReleaseSeats } from '../../workers/expire-holds.ts';
import { createReconcile } from '../../workers/reconcile.ts';
import { createFreeUnsaved } from '../../workers/unsaved-seats.ts';
import { claimSeats, SEATS, seatsRequest } from '../support/seat-requests.ts';
import { useSystem } from '../support/system.ts';

// Between its claim and its outcome a ticket has seats in Redis that PostgreSQL does not know yet.

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 });

const book = (...requests: BookRequest[]) => createBook(system())(0, requests);
const outcomeOf = async ({ ticketId }: BookRequest) => (await system().outcomesOf([ticketId]))[0];
const differences = async () => (await auditEvent(1, system())).differences;

const claimed = (fields: Partial<BookRequest> = {}) => claimSeats(system().seats, fields);

async function limitSeats(seatLimit: number | null): Promise<void> {
  await system().prisma.event.update({ where: { id: 1 }, data: { seatLimit } });
  await system().seats.reopen(1);
}

beforeAll(() => system().stopWorkers());
beforeEach(() => system().reset());

describe('a claim that another booking defeats in PostgreSQL', () => {
  test('gives its buyer back all of its seats: the limit lets the next claim of the ticket through', async () => {
    await limitSeats(2);
    try {
      const wish = { zone: 1, row: 1, count: 2 };
      await book(seatsRequest({ userId: 2, wish }));
      await system().redis.del('{s0}:seats:1:1:1'); // Redis lost the sale
      const one = seatsRequest({ userId: 1, wish });
      await book(one);
      expect(await outcomeOf(one)).toMatchObject({ status: 'booked', booking: { seatsCount: 2 } });
      expect(await system().redis.hget('{s0}:buyers:1', '1')).toBe(` ${one.ticketId}:2`);
    } finally {
      await limitSeats(null);
    }
  });
});

test('a claim for a ticket of the version before, which did not record its event, is no orphan', async () => {
  const ticketId = newTicketId(0).replace(/^./, '0');
  await system().redis.hset(`{s0}:ticket:${ticketId}`, { seq: 1, kind: 'book', watchers: 'an-old-node' });
  const { one } = await claimed({ ticketId });
  const reconcile = createReconcile({ ...system(), shards: 1 });
  const atOnce = { seatsAtOnce: 1_000, minAgeMs: 0, equalPauseMs: 0 };
  expect([await reconcile(atOnce), await reconcile(atOnce)]).toEqual([0, 0]);
  await book(one);
  expect(await differences()).toEqual([]);
});

describe('a house that is restored while a claim is under way', () => {
  test('still has its seats: nobody else gets them, and its booking is saved', async () => {
    const { one } = await claimed();
    await system().seats.rebuild(1);
    const other = seatsRequest();
    await book(other);
    expect(await outcomeOf(other)).toMatchObject({ status: 'rejected', code: 'SEAT_TAKEN' });
    await book(one);
    expect(await outcomeOf(one)).toMatchObject({ status: 'booked', booking: { seats: SEATS } });
    expect(await differences()).toEqual([]);
  });

  test.each([false, true])(
    'gets its seats back where it is given up, and no next owner loses them (hold: %s)',
    async (hold) => {
      const { claim } = await claimed(hold ? { hold, userId: 1 } : {});
      await system().seats.rebuild(1);
      const freeUnsaved = createFreeUnsaved(system());
      const other = seatsRequest();
      await book(other);
      await freeUnsaved(claim, undefined);
      expect(await differences()).toEqual([]);
      const next = seatsRequest();
      await book(next);
      expect(await differences()).toEqual([]);
      expect(await system().prisma.seat.count()).toBe(SEATS.length);
      await freeUnsaved(claim, undefined);
      expect(await differences()).toEqual([]);
    },
  );
});

test('seats wished in another order are freed once where their sale is returned before the outcome', async () => {
  const { one, claim } = await claimed({ wish: { seats: ['1-1-3', '1-1-1'] } });
  await system().bookings.save([{ ...one, ...claim, seats: [...claim.seats] }]);
  const by = { name: 'admin token', address: '127.0.0.1' };
  await system().holds.change([{ ticketId: newTicketId(0), kind: 'return', bookingId: one.ticketId, by }]);
  await createReleaseSeats(system())([{ id: one.ticketId, eventId: 1 }]);
  await book(seatsRequest({ wish: { seats: ['1-1-1', '1-1-3'] } }));
  await book(one); // its job is delivered again
  expect(await differences()).toEqual([]);
});

describe('a flush that Redis receives twice', () => {
  const idempotency = { digest: 'a'.repeat(64), fingerprint: 'same' };
  const accept = (one: BookRequest, fields: object, fresh = true) =>
    system().tickets.accept(0, 'node', [{ ...one, kind: 'book', ...fields }], { maxQueued: 10, fresh });
  const secondsLeft = ({ ticketId }: BookRequest) => system().redis.ttl(batchKeyOf(0, ticketId));

  test('keeps the outcome that a repeated key got in between', async () => {
    const [first, repeated] = [seatsRequest(), seatsRequest()];
    await accept(first, { idempotency }); // the answer is lost
    expect(await accept(repeated, { idempotency })).toMatchObject({
      tickets: [{ ticketId: first.ticketId, enqueue: true }],
    });
    await book(first);
    const outcome = await outcomeOf(first);
    expect(outcome).toMatchObject({ status: 'booked' });
    await accept(first, { idempotency }); // the client of Redis sends the command again
    expect(await outcomeOf(first)).toEqual(outcome);
  });

  test.each([{}, { idempotency }])(
    'keeps its outcomes where the first call comes after the retry (%j)',
    async (fields) => {
      const one = seatsRequest();
      await accept(one, fields, false); // the retry overtakes the first call
      await book(one);
      const outcome = await outcomeOf(one);
      expect(outcome).toMatchObject({ status: 'booked' });
      const left = await secondsLeft(one);
      expect(left).toBeGreaterThan(0);
      await accept(one, fields);
      expect(await outcomeOf(one)).toEqual(outcome);
      expect(await secondsLeft(one)).toBeGreaterThan(left - 60);
    },
  );
});
