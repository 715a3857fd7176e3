import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Queue, UnrecoverableError, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import { BLOCK_OWNER } from '../../shared/domain/house.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { openQueue } from '../../shared/queues/queue.ts';
import { auditEvent, steadyAudit } from '../../shared/stores/audit.ts';
import { createBook } from '../../workers/book-seats.ts';
import { createReconcile } from '../../workers/reconcile.ts';
import { createSweep } from '../../workers/sweep.ts';
import { send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 3, ROWS: 4, SEATS_PER_ROW: 10 });

const differences = async () => (await auditEvent(1, system())).differences;
const book = (requests: BookRequest[]) => createBook(system())(0, requests);
const request = (wish: BookRequest['wish'], fields: Partial<BookRequest> = {}): BookRequest => ({
  ticketId: newTicketId(0),
  eventId: 1,
  wish,
  hold: false,
  ...fields,
});
const outcomeOf = async (ticketId: string) => (await system().outcomesOf([ticketId]))[0];

beforeAll(() => system().stopWorkers());
beforeEach(() => system().reset());

describe('a job that failed for good', () => {
  let bullmq: Redis;
  beforeAll(() => {
    bullmq = new Redis(system().redisUrl, { maxRetriesPerRequest: null, replyMapping: 'legacy' });
  });
  afterAll(() => bullmq.disconnect());

  const sweep = async () => {
    const { redis, log } = system();
    const queues = ['booking', 'control'].map((name) => openQueue(name as 'booking', '{s0}', redis, log));
    const [booking, control] = queues as [(typeof queues)[0], (typeof queues)[0]];
    await createSweep({ ...system(), queues: [{ booking, control: control as never }] })();
    await Promise.all(queues.map((queue) => queue.close()));
  };

  /** Takes the jobs of a queue as a dying worker does, and lets them fail. */
  async function failAll(name: string): Promise<number> {
    const worker = new Worker(name, null, { connection: bullmq, prefix: '{s0}' });
    let failed = 0;
    for (;;) {
      const job = await worker.getNextJob('token', { block: false });
      if (job === undefined) break;
      await job.moveToFailed(new UnrecoverableError('its worker died twice'), 'token', false);
      failed += 1;
    }
    await worker.close();
    return failed;
  }

  async function waiting(name: string) {
    const queue = new Queue(name, { connection: bullmq, prefix: '{s0}' });
    const jobs = await queue.getJobs(['waiting']);
    await queue.close();
    return jobs;
  }

  test('is split: its requests are enqueued one by one, and the invalid one fails alone', async () => {
    const batch = Array.from({ length: 3 }, () => request({ zone: 1, row: 1, count: 1 }));
    await system().tickets.accept(
      0,
      'node',
      batch.map(({ ticketId }) => ({ ticketId, kind: 'book' })),
      { maxQueued: 100, fresh: true },
    );
    const queue = openQueue('booking', '{s0}', system().redis, system().log);
    await queue.add('book', { requests: batch });
    await queue.close();
    const [poison, ...others] = batch.map(({ ticketId }) => ticketId);
    expect(await failAll('booking')).toBe(1);
    await sweep();
    const jobs = await waiting('booking');
    expect(jobs.map((job) => job.data.requests.length)).toEqual([1, 1, 1]);
    for (const job of jobs) {
      const [one] = job.data.requests as BookRequest[];
      if (one && one.ticketId !== poison) {
        await book([one]);
        await job.remove();
      }
    }
    await failAll('booking');
    await sweep();
    expect(await outcomeOf(poison ?? '')).toEqual({ kind: 'book', status: 'failed', code: 'INTERNAL' });
    for (const ticketId of others) expect(await outcomeOf(ticketId)).toMatchObject({ status: 'booked' });
    expect(await differences()).toEqual([]);
  });

  test('cannot be saved by a worker that resumes late, and its seats are released', async () => {
    const { ticketId } = (await send(system().url, 'POST', '/reserve', { zone: 1, row: 1, count: 2 })).body;
    const late = (await waiting('booking'))[0]?.data.requests[0] as BookRequest;
    const [decision] = await system().seats.claim(0, [late]); // it claimed and was frozen there
    if (decision?.kind !== 'got') throw new Error('not claimed');
    await failAll('booking');
    await sweep();
    expect(await outcomeOf(String(ticketId))).toMatchObject({ status: 'failed' });
    expect(await differences()).toEqual([]);
    const saved = await system().bookings.save([{ ...late, generation: decision.generation, seats: decision.seats }]);
    expect(saved.get(late.ticketId)).toBe('failed');
    await book([late]);
    expect(await system().prisma.seat.count()).toBe(0);
    expect(await outcomeOf(String(ticketId))).toMatchObject({ status: 'failed' });
    expect(await differences()).toEqual([]);
    expect(await send(system().url, 'GET', `/api/bookings/${ticketId}`)).toMatchObject({ status: 404 });
  });

  test('that was saved before it failed is settled as booked', async () => {
    const { ticketId } = (await send(system().url, 'POST', '/reserve', { zone: 1, row: 1, count: 2 })).body;
    const one = (await waiting('booking'))[0]?.data.requests[0] as BookRequest;
    const [decision] = await system().seats.claim(0, [one]);
    if (decision?.kind !== 'got') throw new Error('not claimed');
    await system().bookings.save([{ ...one, generation: decision.generation, seats: decision.seats }]);
    await failAll('booking');
    await sweep();
    expect(await outcomeOf(String(ticketId))).toMatchObject({ status: 'booked' });
    expect(await differences()).toEqual([]);
  });

  test('settles the tickets of changes too', async () => {
    const one = request({ zone: 1, row: 1, count: 1 }, { hold: true, userId: 1 });
    await book([one]);
    const { body } = await send(system().url, 'POST', `/api/bookings/${one.ticketId}/extend?wait=0`, { userId: 1 });
    await failAll('control');
    await sweep();
    expect(await outcomeOf(String(body.ticketId))).toEqual({ kind: 'extend', status: 'failed', code: 'INTERNAL' });
  });
});

describe('reconciling', () => {
  const reconcile = (options: { seatsAtOnce?: number; minAgeMs?: number; equalPauseMs?: number } = {}) =>
    createReconcile({ ...system(), shards: 1 })({ seatsAtOnce: 1_000, minAgeMs: 0, ...options });

  const plants: [string, () => Promise<unknown>][] = [
    ['a lost bit', () => system().redis.setbit('{s0}:seats:1:1:1', 4, 0)],
    ['a lost row', () => system().redis.del('{s0}:seats:1:1:1')],
    ['a lost lock of a held seat', () => system().redis.del('{s0}:lock:1:1:1:5')],
    ['a held seat with a lock of another ticket', () => system().redis.set('{s0}:lock:1:1:1:5', newTicketId(0))],
    ['a bit without an owner', () => system().redis.setbit('{s0}:seats:1:2:2', 3, 1)],
    [
      'a held seat of a deleted ticket',
      async () => {
        await system().redis.setbit('{s0}:seats:1:2:2', 3, 1);
        await system().redis.setbit('{s0}:held:1:2:2', 3, 1);
        await system().redis.set('{s0}:lock:1:2:2:4', newTicketId(0));
      },
    ],
    [
      'a block that is not in PostgreSQL',
      async () => {
        const status = 'BLOCKED' as const;
        await system().seats.mend(1, [{ zone: 3, row: 1, number: 1, owner: BLOCK_OWNER, status }]);
      },
    ],
  ];

  const soldInRedis = () => system().redis.setbit('{s0}:held:1:1:1', 4, 0);
  const uncorrected: typeof plants = [['a held seat that shows as sold', soldInRedis]];

  test.each([...plants, ...uncorrected])('and an audit find %s, without work in progress', async (_what, plant) => {
    await book([request({ seats: ['1-1-5', '1-1-6'] }, { hold: true, userId: 1 }), request({ zone: 2, count: 3 })]);
    const { body } = await send(system().url, 'POST', '/reserve', { zone: 3, row: 3, start: 0, count: 2 });
    await system().seats.claim(0, [
      request({ zone: 3, row: 3, start: 0, count: 2 }, { ticketId: String(body.ticketId) }),
    ]);
    const audit = async () => (await steadyAudit(1, { ...system(), shards: 1 }, 10)).differences;
    expect(await differences()).not.toEqual([]);
    expect(await audit()).toEqual([]);
    await plant();
    expect((await audit()).map(({ what }) => what)).not.toEqual([]);
  });

  test.each(plants)('corrects %s', async (_what, plant) => {
    await book([request({ seats: ['1-1-5', '1-1-6'] }, { hold: true, userId: 1 }), request({ zone: 2, count: 3 })]);
    expect(await differences()).toEqual([]);
    await plant();
    expect((await differences()).length).toBeGreaterThan(0);
    expect(await reconcile()).toBeGreaterThan(0);
    expect(await differences()).toEqual([]);
    expect(await reconcile()).toBe(0);
  });

  test('leaves a seat as it is that Redis has as sold and PostgreSQL as held', async () => {
    await book([request({ seats: ['1-1-5', '1-1-6'] }, { hold: true, userId: 1 })]);
    await soldInRedis();
    expect(await reconcile()).toBe(0);
    expect((await differences()).map(({ what, where }) => `${what} ${where}`)).toEqual(['wrong status 1-1-5']);
  });

  test('waits until a difference is old, and forgets one that disappeared', async () => {
    await book([request({ zone: 1, row: 1, start: 0, count: 1 })]);
    await system().redis.setbit('{s0}:seats:1:1:1', 0, 0);
    expect(await reconcile({ minAgeMs: 60_000 })).toBe(0);
    expect(await system().seatDifferences.labels(1)).toEqual(['1-1-1']);
    await system().redis.setbit('{s0}:seats:1:1:1', 0, 1);
    expect(await reconcile({ minAgeMs: 60_000 })).toBe(0);
    expect(await system().seatDifferences.labels(1)).toEqual([]);
  });

  test('never touches a claim in progress, however long it takes', async () => {
    const { ticketId } = (await send(system().url, 'POST', '/reserve', { zone: 1, row: 1, start: 0, count: 2 })).body;
    const one = request({ zone: 1, row: 1, start: 0, count: 2 }, { ticketId: String(ticketId) });
    const [decision] = await system().seats.claim(0, [one]);
    expect(await reconcile()).toBe(0);
    if (decision?.kind !== 'got') throw new Error('not claimed');
    await system().bookings.save([{ ...one, generation: decision.generation, seats: decision.seats }]);
    expect(await differences()).toEqual([]);
  });

  test('leaves a house alone that was equal, until it changes or a while has passed', async () => {
    await book([request({ zone: 1, row: 1, start: 0, count: 1 })]);
    const loseBit = () => system().redis.setbit('{s0}:seats:1:1:1', 0, 0);
    expect(await reconcile()).toBe(0);
    await loseBit();
    expect(await reconcile()).toBe(0);
    await book([request({ zone: 2, row: 2, start: 0, count: 1 })]);
    expect(await reconcile()).toBe(1); // at once: the version of the seats has changed
    expect(await reconcile()).toBe(0);
    await loseBit();
    expect(await reconcile()).toBe(0);
    expect(await reconcile({ equalPauseMs: 0 })).toBe(1);
    expect(await differences()).toEqual([]);
  });

  test('compares a house again and again while a claim in it is under way', async () => {
    const { ticketId } = (await send(system().url, 'POST', '/reserve', { zone: 1, row: 1, start: 0, count: 1 })).body;
    await system().seats.claim(0, [request({ zone: 1, row: 1, start: 0, count: 1 }, { ticketId: String(ticketId) })]);
    expect(await reconcile()).toBe(0);
    await system().redis.setbit('{s0}:seats:1:2:2', 3, 1);
    expect(await reconcile()).toBe(1);
  });

  test('corrects a wrong counter of a house that has no other difference', async () => {
    await book([request({ zone: 1, row: 1, start: 0, count: 3 })]);
    await system().redis.hincrby('{s0}:counts:1', 'taken:1', 2);
    expect((await differences()).map(({ what }) => what)).toEqual(['counts']);
    await reconcile();
    expect(await differences()).toEqual([]);
  });

  test('checks all rows of all events, slice by slice, and begins again', async () => {
    const another = await system().events.nextId();
    await system().events.create(another, {
      name: 'Another',
      currency: 'EUR',
      zones: [{ rows: 3, seatsPerRow: 9, price: 1 }],
    });
    await system().seats.open(another);
    await book([request({ zone: 3, row: 4, start: 9, count: 1 })]);
    await system().redis.setbit('{s0}:seats:1:3:4', 9, 0);
    let changed = 0;
    for (let runs = 0; runs < 12 && changed === 0; runs += 1) changed += await reconcile({ seatsAtOnce: 20 });
    expect(changed).toBe(1);
    expect(await differences()).toEqual([]);
  });

  test('finds the one of 120 houses that has changed in a single run', async () => {
    const { prisma, seats, redis } = system();
    const ids = (
      await prisma.$queryRaw<{ id: number }[]>`
        WITH created AS (INSERT INTO event (name) SELECT 'Night ' || n FROM generate_series(1, 120) AS n RETURNING id),
          zoned AS (INSERT INTO zone (event_id, number, rows, seats_per_row) SELECT id, 1, 1, 8 FROM created)
        SELECT id FROM created ORDER BY id`
    ).map(({ id }) => id);
    for (const id of ids) await seats.open(id);
    const allSeats = 8 * ids.length + 1_000;
    expect(await reconcile({ seatsAtOnce: allSeats })).toBe(0);
    for (const id of ids.slice(-1)) {
      await book([request({ zone: 1, row: 1, start: 0, count: 1 }, { eventId: id })]);
      await redis.setbit(`{s0}:seats:${id}:1:1`, 0, 0);
    }
    expect(await reconcile({ seatsAtOnce: allSeats })).toBe(1);
    await prisma.$executeRaw`UPDATE event SET cancelled_at = now() WHERE id = ANY(${ids}::int[])`;
  });
});
