import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import { writeRefused } from '../../shared/domain/outcome-text.ts';
import { fieldOfTicket, newBatch } from '../../shared/domain/ticket-id.ts';
import { connected, openRedis } from '../../shared/platform/redis.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { batchKeyOf, keysOf } from '../../shared/stores/redis/keys.ts';
import { createBook } from '../../workers/book-seats.ts';
import { createSweep } from '../../workers/sweep.ts';
import { send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

/*
 * The ledger of batches (docs/architecture/ledger.md): whatever happens in the middle of a batch, each of its tickets
 * reaches one outcome (I2), nobody reads a neighbour's (I9), and its record ends after the last outcome and not before.
 */

const system = useSystem({ ZONES: 3, ROWS: 4, SEATS_PER_ROW: 10 });

const NODE = 'the-node-that-accepts';
const HOUR = 3_600;
const TEN_MINUTES = 600;

const requestsOf = (count: number, fields: Partial<BookRequest> = {}): BookRequest[] => {
  const nextId = newBatch(0);
  return Array.from({ length: count }, () => ({
    ticketId: nextId(),
    eventId: 1,
    wish: { zone: 1, row: 1, count: 1 },
    hold: false,
    ...fields,
  }));
};
const idsOf = (requests: readonly BookRequest[]) => requests.map(({ ticketId }) => ticketId);
async function accept(requests: readonly BookRequest[], { fresh = true } = {}) {
  const tickets = requests.map((request) => ({ ...request, kind: 'book' as const }));
  const accepted = await system().tickets.accept(0, NODE, tickets, { maxQueued: 1_000, fresh });
  if (accepted === 'overloaded') throw new Error('overloaded');
  return accepted.tickets;
}
async function acceptedBatch(count: number): Promise<BookRequest[]> {
  const requests = requestsOf(count);
  await accept(requests);
  return requests;
}
const book = (requests: readonly BookRequest[]) => createBook(system())(0, requests);
const outcomesOf = (requests: readonly BookRequest[]) => system().outcomesOf(idsOf(requests));
const statusesOf = async (requests: readonly BookRequest[]) =>
  (await outcomesOf(requests)).map((outcome) => outcome?.status);
const keyOf = ([request]: readonly BookRequest[]) => batchKeyOf(0, request?.ticketId ?? '');
const unsettledIn = (batch: readonly BookRequest[]) => system().redis.hget(keyOf(batch), 'unsettled').then(Number);

/** Seconds until the record of a batch ends; -1 where it does not. */
const secondsLeft = (batch: readonly BookRequest[]) => system().redis.ttl(keyOf(batch));
async function expectToLast(batch: readonly BookRequest[], seconds: number): Promise<void> {
  const left = await secondsLeft(batch);
  expect(left).toBeLessThanOrEqual(seconds);
  expect(left).toBeGreaterThan(seconds - 60);
}

/** Every record of tickets, and all claims, that have no end. */
async function endlessRecords(): Promise<string[]> {
  const { redis } = system();
  const keys = [...(await redis.keys('{s0}:batch:*')), ...(await redis.keys('{s0}:ticket:*'))];
  const seconds = await Promise.all(keys.map((key) => redis.ttl(key)));
  return [...keys.filter((_key, i) => seconds[i] === -1), ...(await redis.zrange(keysOf(0).claiming, '0', '-1'))];
}

async function expectInOrder(sold: number): Promise<void> {
  expect(await system().prisma.seat.count()).toBe(sold);
  expect((await auditEvent(1, system())).differences).toEqual([]);
  expect(await endlessRecords()).toEqual([]);
}

/** Sweeps a job of these requests that has failed for good. */
async function sweep(requests: readonly BookRequest[]): Promise<void> {
  const job = { name: 'book', data: { ledger: true, requests }, reason: 'died twice', remove: () => Promise.resolve() };
  const queueOf = (failed: unknown[]) => ({
    failed: () => Promise.resolve(failed),
    offerDue: () => Promise.resolve(),
  });
  await createSweep({ ...system(), queues: [{ booking: queueOf([job]), control: queueOf([]) }] as never })();
}

const REFUSED = writeRefused(1, 'SOLD_OUT', []);

beforeAll(() => system().stopWorkers());
beforeEach(() => system().reset());

describe('a batch', () => {
  test('whose flush is tried again has each ticket once, in its place', async () => {
    const batch = requestsOf(3);
    const first = await accept(batch);
    expect(await accept(batch, { fresh: false })).toEqual(first);
    expect(first.map((ticket) => (ticket as { place: number }).place)).toEqual([1, 2, 3]);
    expect(await unsettledIn(batch)).toBe(3);
    await book(batch);
    const late = await accept(batch, { fresh: false }); // its first answer was lost for as long as a booking takes
    expect(late).toEqual(first.map((ticket) => ({ ...(ticket as object), enqueue: false })));
    expect(await unsettledIn(batch)).toBe(0);
    await expectToLast(batch, HOUR);
    await expectInOrder(3);
  });

  test('whose first call comes twice does not count as longer in the queue', async () => {
    const { redis } = system();
    const { sequence, settled, waiting } = keysOf(0);
    const before = Number(await redis.get(sequence)) - Number(await redis.get(settled));
    await redis.lpush(waiting, 'a job'); // while the queue is empty, all tickets count as settled
    const requests = await acceptedBatch(3);
    await accept(requests);
    await redis.del(waiting);
    await book(requests);
    expect(Number(await redis.get(sequence)) - Number(await redis.get(settled))).toBe(before);
  });

  test('whose job is delivered twice is settled once', async () => {
    const batch = await acceptedBatch(3);
    await book(batch);
    const outcomes = await outcomesOf(batch);
    await book(batch);
    expect(await outcomesOf(batch)).toEqual(outcomes);
    expect(await system().redis.get(keysOf(0).settled)).toBe('3');
    expect(await unsettledIn(batch)).toBe(0);
    await expectInOrder(3);
  });

  test('that two workers process at the same time is settled once', async () => {
    const batch = await acceptedBatch(5);
    await Promise.all([book(batch), book(batch), book([...batch].reverse())]);
    expect(await statusesOf(batch)).toEqual(batch.map(() => 'booked'));
    expect(await system().redis.get(keysOf(0).settled)).toBe('5');
    await expectInOrder(5);
  });

  test('that is split over two jobs lasts until the second one is settled', async () => {
    const batch = await acceptedBatch(4);
    await book(batch.slice(0, 2));
    expect(await statusesOf(batch)).toEqual(['booked', 'booked', undefined, undefined]);
    expect(await unsettledIn(batch)).toBe(2);
    expect(await secondsLeft(batch)).toBe(-1);
    await book(batch.slice(2));
    expect(await statusesOf(batch)).toEqual(batch.map(() => 'booked'));
    await expectToLast(batch, HOUR);
    await expectInOrder(4);
  });

  test('whose tickets travel with those of another batch in one job keeps its own record', async () => {
    const [batch, other] = [await acceptedBatch(2), await acceptedBatch(3)];
    await book([batch[0], ...other, batch[1]] as BookRequest[]);
    expect([await unsettledIn(batch), await unsettledIn(other)]).toEqual([0, 0]);
    expect(await statusesOf([...batch, ...other])).toEqual(Array.from({ length: 5 }, () => 'booked'));
    await expectInOrder(5);
  });

  test('whose job is partly settled gives the other tickets their outcome, and the settled keep theirs', async () => {
    const batch = await acceptedBatch(3);
    const [first] = idsOf(batch);
    await system().tickets.settle(0, new Map([[first ?? '', REFUSED]]));
    await book(batch);
    expect(await statusesOf(batch)).toEqual(['rejected', 'booked', 'booked']);
    expect(await system().tickets.settle(0, new Map([[first ?? '', REFUSED]]))).toBe(0);
    expect(await unsettledIn(batch)).toBe(0);
    await expectInOrder(2);
  });

  test('of which a ticket is swept while its batch is half done loses no other ticket', async () => {
    const batch = await acceptedBatch(3);
    const [first, swept, last] = batch as [BookRequest, BookRequest, BookRequest];
    await book([first]);
    await system().seats.claim(0, [swept]); // its worker died here, twice
    await sweep([swept]);
    expect(await statusesOf(batch)).toEqual(['booked', 'failed', undefined]);
    expect(await secondsLeft(batch)).toBe(-1);
    await book([swept, last]); // the frozen worker resumes late
    expect(await statusesOf(batch)).toEqual(['booked', 'failed', 'booked']);
    await expectToLast(batch, HOUR);
    await expectInOrder(2);
  });

  test('publishes its outcomes to the node that accepted it, and one to another node that watches it', async () => {
    const batch = await acceptedBatch(3);
    const [, watched] = idsOf(batch);
    await system().tickets.watch(0, 'another-node', [watched ?? '']);
    const subscriber = openRedis(system().redisUrl, 'subscriber', system().log);
    const published: [string, string[]][] = [];
    subscriber.on('message', (channel: string, message: string) => {
      published.push([channel, message.split('\n').map((line) => line.split(' ', 1)[0] ?? '')]);
    });
    const channels = [NODE, 'another-node'].map((node) => `${keysOf(0).channelStem}${node}`);
    try {
      await connected(subscriber);
      await subscriber.subscribe(...channels);
      await book(batch);
      await subscriber.unsubscribe(...channels); // in order: all messages before it have arrived
    } finally {
      subscriber.disconnect();
    }
    const idsOn = (channel: string | undefined) => published.flatMap(([on, ids]) => (on === channel ? ids : []));
    expect(idsOn(channels[0]).sort()).toEqual(idsOf(batch).sort());
    expect(idsOn(channels[1])).toEqual([watched]);
  });

  test.each([
    { step: 'acceptance', before: () => Promise.resolve() },
    { step: 'the claim', before: (batch: BookRequest[]) => system().seats.claim(0, batch) },
  ])('that a wipe of Redis takes after $step has every outcome, and ends', async ({ before }) => {
    const batch = await acceptedBatch(3);
    await before(batch);
    await system().redis.flushdb();
    await system().seats.open(1);
    await book(batch.slice(0, 1));
    await book(batch);
    expect(await statusesOf(batch)).toEqual(['booked', 'booked', 'booked']);
    await expectInOrder(3);
  });

  test('that a wipe takes is kept for a day while one of its tickets has no outcome', async () => {
    const batch = await acceptedBatch(3);
    await system().redis.flushdb();
    await system().seats.open(1);
    await system().seats.claim(0, batch);
    await book(batch.slice(0, 1));
    await expectToLast(batch, 24 * HOUR);
    await book(batch.slice(1));
    await expectToLast(batch, HOUR);
    await expectInOrder(3);
  });

  test('that lacks a ticket gets no end by its claim while another has no outcome', async () => {
    const batch = await acceptedBatch(3);
    const [lost] = batch as [BookRequest];
    await system().redis.hdel(keyOf(batch), fieldOfTicket(lost.ticketId));
    await system().seats.claim(0, [lost]);
    expect(await secondsLeft(batch)).toBe(-1);
    await book(batch);
    expect(await statusesOf(batch)).toEqual(['booked', 'booked', 'booked']);
  });

  test('that a wipe takes before it is settled ends all the same', async () => {
    const batch = await acceptedBatch(3);
    await system().redis.flushdb();
    await system().tickets.settle(0, new Map(idsOf(batch).map((id) => [id, REFUSED])));
    expect(await statusesOf(batch)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await secondsLeft(batch)).toBeGreaterThan(0);
    expect(await endlessRecords()).toEqual([]);
  });
});

describe('the record of a batch', () => {
  test('has no end while one of its tickets has no outcome, however many the others are', async () => {
    const batch = await acceptedBatch(10);
    for (const request of batch.slice(0, 9)) {
      await book([request]);
      await book([request]); // a repeated settlement counts once
      expect(await secondsLeft(batch)).toBe(-1);
    }
    await book(batch.slice(9));
    await expectToLast(batch, HOUR);
    await expectInOrder(10);
  });

  test('has no end while a ticket is claimed and not saved', async () => {
    const batch = await acceptedBatch(2);
    await system().seats.claim(0, batch.slice(0, 1));
    await book(batch.slice(1));
    expect(await secondsLeft(batch)).toBe(-1);
    await book(batch.slice(0, 1));
    await expectInOrder(2);
  });

  test('ends after ten minutes where all were refused, after an hour where one was not', async () => {
    const [refused, mixed] = [await acceptedBatch(3), await acceptedBatch(3)];
    await system().tickets.settle(0, new Map(idsOf(refused).map((id) => [id, REFUSED])));
    await expectToLast(refused, TEN_MINUTES);
    await book(mixed.slice(0, 1));
    await system().tickets.settle(0, new Map(idsOf(mixed.slice(1)).map((id) => [id, REFUSED])));
    await expectToLast(mixed, HOUR);
    await expectInOrder(1);
  });

  test('keeps a key for a day where it booked, and for ten minutes where it was refused', async () => {
    const idempotency = (name: string) => ({ digest: `digest-of-${name}`, fingerprint: 'request' });
    const [booked, refused] = requestsOf(2) as [BookRequest, BookRequest];
    booked.idempotency = idempotency('booked');
    refused.idempotency = idempotency('refused');
    await accept([booked, refused]);
    await book([booked]);
    await system().tickets.settle(0, new Map([[refused.ticketId, REFUSED]]));
    const { redis } = system();
    await redis.del(keyOf([booked])); // the batch has ended, and the key has not
    expect(await statusesOf([booked])).toEqual(['booked']);
    expect(await accept([booked], { fresh: false })).toMatchObject([{ ticketId: booked.ticketId, enqueue: false }]);
    expect(await redis.ttl(`${keysOf(0).ticketStem}${booked.ticketId}`)).toBeGreaterThan(24 * HOUR - 60);
    expect(await redis.ttl(`${keysOf(0).idempotencyStem}digest-of-booked`)).toBeGreaterThan(24 * HOUR - 60);
    expect(await redis.ttl(`${keysOf(0).idempotencyStem}digest-of-refused`)).toBeLessThanOrEqual(TEN_MINUTES);
    await expectInOrder(1);
  });
});

describe('an id that differs in its random part from one that is known', () => {
  /** Every neighbour of an id: another digit in one place of its last 15. */
  const neighboursOf = (id: string): string[] =>
    [...id].flatMap((digit, at) => {
      if (at < id.length - 16 || digit === '-') return [];
      const other = (Number.parseInt(digit, 16) ^ 1).toString(16);
      return [id.slice(0, at) + other + id.slice(at + 1)];
    });

  test('reads nothing, as a ticket, a claim or over HTTP', async () => {
    const batch = await acceptedBatch(2);
    const [queued, settled] = batch as [BookRequest, BookRequest];
    await system().seats.claim(0, [queued]);
    await book([settled]);
    for (const { ticketId } of batch) {
      const neighbours = neighboursOf(ticketId);
      expect(neighbours).toHaveLength(15);
      const { tickets } = await system().tickets.watch(0, 'another-node', neighbours);
      expect(tickets).toEqual(neighbours.map(() => undefined));
      for (const id of neighbours) {
        expect(await system().tickets.claimOf(0, id)).toBeUndefined();
        expect(await send(system().url, 'GET', `/api/tickets/${id}`)).toMatchObject({ status: 404 });
      }
    }
    expect(await system().tickets.claimOf(0, queued.ticketId)).toBeDefined();
  });

  test('that is settled changes no ticket and no end', async () => {
    const batch = await acceptedBatch(1);
    const [{ ticketId }] = batch as [BookRequest];
    const [neighbour = ''] = neighboursOf(ticketId);
    await system().tickets.settle(0, new Map([[neighbour, REFUSED]]));
    expect(await statusesOf(batch)).toEqual([undefined]);
    expect(await secondsLeft(batch)).toBe(-1);
    await book(batch);
    expect(await statusesOf(batch)).toEqual(['booked']);
    await expectInOrder(1);
  });
});
