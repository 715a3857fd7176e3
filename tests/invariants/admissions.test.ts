import { describe, expect, jest, test } from '@jest/globals';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import { STEP_LEASE_MS } from '../../shared/domain/line.ts';
import { createRoomTokens } from '../../shared/domain/room-tokens.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { createLoops } from '../../shared/platform/loops.ts';
import { createRoomStore } from '../../shared/stores/rooms.ts';
import { createAdmissions } from '../../workers/admissions.ts';
import { createBook } from '../../workers/book-seats.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { useSystem } from '../support/system.ts';
import { eventWithRoom, lineState, newEvent, setRoom, visitorAt } from '../support/visitors.ts';

const system = useSystem({ ZONES: 1, ROWS: 10, SEATS_PER_ROW: 50 }, { redis: ownRedis });

const roomStore = () => system().rooms;

const roomOn = (change: Record<string, unknown> = {}) => eventWithRoom(system().url, change);

const hold = (event: number, headers: Record<string, string>) =>
  send(system().url, 'POST', '/api/bookings?wait=10', { eventId: event, userId: 1, count: 1 }, headers);

const stateOf = (event: number) => lineState(roomStore(), event);

test('a worker that stops leaves its lines to another one at once', async () => {
  const event = await roomOn({ peoplePerMinute: 60 });
  for (let i = 0; i < 30; i += 1) await visitorAt(system().url, event).join();
  await system().stopWorkers();
  const { redisShards, replicated, prisma, shards } = { ...system(), shards: 1 };
  /** A worker that only admits visitors, under a name of its own. */
  const admitter = () => {
    const rooms = createRoomStore({
      redis: redisShards,
      scripts: system().scripts,
      replicated,
      prisma,
      events: system().events,
      shards,
    });
    let attempts = 0;
    const advance: typeof rooms.advance = (...args) => {
      attempts += 1;
      return rooms.advance(...args);
    };
    const { events, seats, log } = system();
    const loops = createLoops({ log });
    const admissions = createAdmissions({ rooms: { ...rooms, advance }, events, seats, loops, log });
    return { attempts: () => attempts, close: () => admissions.close().finally(() => loops.close()) };
  };
  const lineNow = async () => {
    const [stepper, stepMs] = await system().redis.hmget(`{s0}:room:${event}`, 'stepper', 'stepMs');
    return { stepper, stepMs: Number(stepMs) };
  };
  /** Milliseconds from the last step of a worker that stops to the first one of another. */
  const handOver = async (): Promise<number> => {
    const before = await lineNow();
    const first = admitter();
    await until(async () => (await lineNow()).stepMs > before.stepMs + STEP_LEASE_MS, 30_000);
    const second = admitter();
    await until(() => second.attempts() > 0, 30_000); // it waits now until the lease of the first is over
    const { stepper } = await lineNow();
    await first.close();
    const released = await lineNow();
    await until(async () => ![null, stepper].includes((await lineNow()).stepper ?? null), 30_000);
    const taken = await lineNow();
    await second.close();
    return taken.stepMs - released.stepMs;
  };
  // A busy machine may hold a worker up, but not each time.
  let shortestMs = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 10 && shortestMs >= 0.8 * STEP_LEASE_MS; tries += 1)
    shortestMs = Math.min(shortestMs, await handOver());
  await system().resumeWorkers();
  expect(shortestMs).toBeLessThan(0.8 * STEP_LEASE_MS);
});

describe('an admission', () => {
  /** An admission token that expires this many milliseconds from now, by Redis' clock. */
  async function admissionOf(event: number, endsInMs: number): Promise<Record<string, string>> {
    const room = await roomStore().find(event);
    if (room === undefined) throw new Error('no room');
    const [seconds] = await system().redis.time();
    const untilMs = Number(seconds) * 1000 + endsInMs;
    const admission = { eventId: event, generation: room.generation, position: 1, untilMs, uses: 15 };
    return { 'x-admission-token': createRoomTokens(room.secret).signAdmission(admission) };
  }

  /** Runs `act` while this process' clock is off. */
  async function withClockOff<Result>(offMs: number, work: () => Promise<Result>): Promise<Result> {
    const realNow = Date.now;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => realNow() + offMs);
    try {
      return await work();
    } finally {
      clock.mockRestore();
    }
  }

  test.each([3_600_000, -3_600_000])("expires by Redis' clock, with the API's clock %d ms off", async (offMs) => {
    const event = await roomOn();
    const good = await admissionOf(event, 60_000);
    const over = await admissionOf(event, -60_000);
    await withClockOff(offMs, async () => {
      expect(await hold(event, good)).toMatchObject({ status: 201 });
      expect(await hold(event, over)).toMatchObject({ status: 403, body: { code: 'ADMISSION_INVALID' } });
      const visitor = visitorAt(system().url, event);
      await visitor.join();
      const { now = '', admission } = await visitor.until('your_turn');
      const lastsMs = Date.parse(admission?.expiresAt ?? '') - Date.parse(now);
      expect(lastsMs).toBeGreaterThan(300_000);
      expect(lastsMs).toBeLessThan(361_000);
    });
  });

  test("the sale begins by Redis' clock, with the API's clock off", async () => {
    const onSaleAt = new Date(Date.now() + 1_000_000).toISOString();
    const event = await newEvent(system().url, { onSaleAt });
    await setRoom(system().url, { mode: 'on' }, event);
    const visitor = visitorAt(system().url, event);
    await visitor.join();
    await withClockOff(3_600_000, async () => {
      await until(async () => Date.parse((await visitor.poll()).now ?? '') < Date.parse(onSaleAt), 15_000);
      expect(await visitor.poll()).toMatchObject({ status: 'before_sale', askAgainSeconds: 30 });
    });
  });

  test('that has expired uses up no idempotency key; an earlier accepted request is answered again', async () => {
    const event = await roomOn();
    const key = { 'idempotency-key': `key-of-event-${event}-anew` };
    const over = await admissionOf(event, -60_000);
    expect(await hold(event, { ...over, ...key })).toMatchObject({ body: { code: 'ADMISSION_INVALID' } });
    const booked = await hold(event, { ...(await admissionOf(event, 60_000)), ...key });
    expect(booked).toMatchObject({ status: 201 });
    expect(await hold(event, { ...over, ...key })).toMatchObject({ status: 201, body: { id: booked.body.id } });
  });

  const requestUnder = (event: number, admission: BookRequest['admission']): BookRequest => ({
    ticketId: newTicketId(0),
    eventId: event,
    wish: { count: 1 },
    hold: true,
    userId: 1,
    admission,
  });
  const outcomeOf = async ({ ticketId }: BookRequest) => (await system().outcomesOf([ticketId]))[0];
  const accept = ({ ticketId }: BookRequest, admittedUntilMs: number) =>
    system().tickets.accept(0, 'node', [{ ticketId, kind: 'book', userId: 1, admittedUntilMs }], {
      maxQueued: 1_000,
      fresh: true,
    });
  const book = (request: BookRequest) => createBook({ ...system(), rooms: roomStore() })(0, [request]);

  test('is checked when the request is accepted, however late it is claimed; else at the claim', async () => {
    const event = await roomOn();
    const { generation } = await stateOf(event);
    const over = { generation, position: 1, uses: 9, untilMs: Date.now() - 60_000 };
    const queued = requestUnder(event, over); // it expired while it waited
    await accept(queued, Date.now() + 60_000);
    await book(queued);
    expect(await outcomeOf(queued)).toMatchObject({ status: 'booked' });
    const unjudged = requestUnder(event, over);
    await book(unjudged);
    expect(await outcomeOf(unjudged)).toMatchObject({ status: 'rejected', code: 'ADMISSION_INVALID' });
  });

  test('of a line that a clear ended books nothing, even before Redis knows of the clear', async () => {
    const event = await roomOn();
    const { generation } = await stateOf(event);
    const late = requestUnder(event, { generation, position: 1, uses: 9, untilMs: Date.now() + 600_000 });
    await accept(late, Date.now() + 600_000);
    const { events, prisma } = system();
    const { generation: house = 0 } = (await events.readHouse(event)) ?? {};
    await prisma.$transaction(async (transaction) => {
      await events.clear(event, house, transaction);
      await roomStore().end(event, transaction);
    });
    await book(late);
    expect(await outcomeOf(late)).toMatchObject({ status: 'rejected', code: 'ADMISSION_INVALID' });
    expect(await prisma.seat.count({ where: { eventId: event } })).toBe(0);
  });

  test('books after Redis lost the line: a worker restores it', async () => {
    const event = await roomOn();
    const admission = { ...(await stateOf(event)), position: 1, uses: 9, untilMs: Date.now() + 600_000 };
    const { generation, position, uses, untilMs } = admission;
    await system().redis.del(`{s0}:room:${event}`);
    const request = requestUnder(event, { generation, position, uses, untilMs });
    await book(request);
    expect(await outcomeOf(request)).toMatchObject({ status: 'booked' });
  });
});
