import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { ChangeRequest } from '../../shared/contract/jobs.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { createSeatStore } from '../../shared/stores/seats.ts';
import { createBook } from '../../workers/book-seats.ts';
import { createChange } from '../../workers/change-bookings.ts';
import { createReleaseSeats } from '../../workers/expire-holds.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

// Two jobs at once: whatever holds up each of its jobs has soon taken both.
const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10, WORKER_CONCURRENCY: 2 });

const post = (path: string, body?: unknown) => send(system().url, 'POST', path, body);
const hold = (eventId: number, userId = 1, waitSeconds = 20) =>
  post(`/api/bookings?wait=${waitSeconds}`, { eventId, userId, count: 1 });
const create = async () =>
  Number((await post('/api/events', { name: 'Club night', zones: [{ rows: 5, seatsPerRow: 10 }] })).body.id);
const close = (...eventIds: number[]) => system().redis.del(eventIds.map((eventId) => `{s0}:house:${eventId}`));
const isOpen = async (eventId: number) => (await system().redis.exists(`{s0}:house:${eventId}`)) === 1;
const bookedOf = (eventId: number) => system().prisma.booking.count({ where: { eventId } });

/** Runs a job until it succeeds, as its queue does. */
const again = (job: () => Promise<unknown>) =>
  until(
    () =>
      job().then(
        () => true,
        () => false,
      ),
    10_000,
  );

/** Ends what keeps the house of `stuck` closed. */
let mend = async (): Promise<unknown> => undefined;

/** Ways in which the house of an event does not open. */
const ways = {
  /** A session that restores it, and never ends. */
  async 'is locked'(eventId: number) {
    const client = await connectPostgres({ connectionString: system().databaseUrl });
    await client.query("SELECT pg_advisory_lock(hashtext('frontrow house'), $1)", [eventId]);
    mend = () => client.end();
  },
  /** A seat that no row has: restoring it fails. */
  async 'cannot be restored'(eventId: number) {
    const { prisma } = system();
    await prisma.$executeRaw`
      INSERT INTO seat (event_id, zone, row, number, status, booking_id)
      VALUES (${eventId}::int, 1, 1, 0, 'SOLD', ${newTicketId(0)}::uuid)`;
    mend = () => prisma.$executeRaw`DELETE FROM seat WHERE event_id = ${eventId}::int AND number = 0`;
  },
};

let stuck = 0;
let other = 0;
beforeAll(async () => {
  [stuck, other] = [await create(), await create()];
});
afterEach(async () => {
  await mend();
});

describe.each(Object.keys(ways) as (keyof typeof ways)[])('an event whose house %s', (way) => {
  test('holds up no booking of another event, and is booked once its house opens', async () => {
    await close(stuck, other);
    await ways[way](stuck);
    const before = await bookedOf(stuck);
    for (let user = 1; user <= 6; user += 1) expect((await hold(stuck, user, 0)).status).toBe(202);
    expect(await hold(other)).toMatchObject({ status: 201 });
    for (let user = 7; user <= 12; user += 1) expect((await hold(stuck, user, 0)).status).toBe(202);
    expect(await hold(other)).toMatchObject({ status: 201 });
    expect(await isOpen(stuck)).toBe(false);
    expect(await bookedOf(stuck)).toBe(before);
    await mend();
    await until(async () => (await bookedOf(stuck)) === before + 12, 30_000);
  });

  test('holds up no request of another event in its batch', async () => {
    await system().stopWorkers();
    await close(stuck, other);
    await ways[way](stuck);
    const request = (eventId: number) => ({
      ticketId: newTicketId(0),
      eventId,
      wish: { count: 1 },
      hold: true,
      userId: 1,
    });
    const requests = [request(stuck), request(other)];
    await expect(createBook(system())(0, requests)).rejects.toThrow();
    const [ofStuck, ofOther] = await system().outcomesOf(requests.map(({ ticketId }) => ticketId));
    expect(ofStuck).toBeUndefined();
    expect(ofOther).toMatchObject({ status: 'booked' });
    await mend();
    await again(() => createBook(system())(0, requests));
    expect(await system().outcomesOf(requests.map(({ ticketId }) => ticketId))).toMatchObject([
      { status: 'booked' },
      ofOther,
    ]);
    await system().resumeWorkers();
  });

  test('holds up no change of a booking of another event', async () => {
    const ids = [(await hold(stuck)).body.id, (await hold(other)).body.id].map(String);
    await system().stopWorkers();
    await close(stuck, other);
    await ways[way](stuck);
    const requests = ids.map(
      (bookingId): ChangeRequest => ({ ticketId: newTicketId(0), kind: 'extend', bookingId, userId: 1 }),
    );
    const change = createChange({ ...system(), releaseSeats: createReleaseSeats(system()) });
    await expect(change(0, requests)).rejects.toThrow();
    const tickets = requests.map(({ ticketId }) => ticketId);
    expect(await system().outcomesOf(tickets)).toMatchObject([undefined, { status: 'extended' }]);
    await mend();
    await again(() => change(0, requests));
    expect(await system().outcomesOf(tickets)).toMatchObject([{ status: 'extended' }, { status: 'extended' }]);
    await system().resumeWorkers();
  });

  test('holds up no house that a new worker opens', async () => {
    await system().stopWorkers();
    await close(stuck, other);
    await ways[way](stuck);
    await system().resumeWorkers();
    await until(() => isOpen(other), 20_000);
    expect(await isOpen(stuck)).toBe(false);
  });
});

test('a restore that fails after jobs stopped waiting for it is reported by the next of them', async () => {
  const prisma = new Proxy(system().prisma, {
    get: (target, name) =>
      name === '$transaction'
        ? async () => {
            await sleep(1_100);
            throw new Error('its rows are broken');
          }
        : Reflect.get(target, name),
  });
  const seats = createSeatStore({ ...system(), redis: system().redisShards, prisma, shards: 1 });
  await expect(seats.openSoon(other)).rejects.toThrow(/is not open yet$/);
  await expect(seats.open(other)).rejects.toThrow('its rows are broken');
  await expect(seats.openSoon(other)).rejects.toThrow(/not open yet; the last restore failed: its rows are broken$/);
});
