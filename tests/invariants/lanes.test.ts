import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { MAX_BATCH_REQUESTS } from '../../shared/contract/limits.ts';
import { writeRefused } from '../../shared/domain/outcome-text.ts';
import { newBatch } from '../../shared/domain/ticket-id.ts';
import { openQueue } from '../../shared/queues/queue.ts';
import { keysOf } from '../../shared/stores/redis/keys.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

/*
 * Lanes (docs/architecture/pipeline.md): the tickets of an event with a deep backlog wait by themselves, deep lanes
 * take turns, and the tickets of other events pass them.
 */

const system = useSystem({ ZONES: 3, ROWS: 4, SEATS_PER_ROW: 10 });
const keys = keysOf(0);
const QUIET = 2;
const HERD = 1;
const OTHER_HERD = 3;

/** BullMQ's score of a priority. */
const scoreOf = (priority: number) => String(priority * 2 ** 32);

/** Records tickets of an event. Returns their ids, places and lane. */
async function accept(eventId: number, count: number) {
  const nextId = newBatch(0);
  const requests = Array.from({ length: count }, () => ({ ticketId: nextId(), kind: 'book' as const, eventId }));
  const accepted = await system().tickets.accept(0, 'node', requests, { maxQueued: 100_000, fresh: true });
  if (accepted === 'overloaded') throw new Error('overloaded');
  const places = accepted.tickets.map((ticket) => (typeof ticket === 'object' ? ticket.place : Number.NaN));
  return { ids: requests.map(({ ticketId }) => ticketId), places, lane: accepted.lanes.get(eventId), accepted };
}

const settle = (ids: readonly string[]) =>
  system().tickets.settle(0, new Map(ids.map((id) => [id, writeRefused(1, 'SOLD_OUT', [])])));

const queue = () => openQueue('booking', keys.tag, system().redis, system().log).bullmq;

beforeEach(async () => {
  await queue().pause();
  // A job that never comes keeps the queue from being empty: these tickets have no jobs.
  await system().redis.zadd(keys.delayed, '9000000000000000', 'never');
});
afterEach(async () => {
  await system().redis.del(keys.prioritized, keys.delayed, keys.lanes);
  await system().redis.set(keys.settled, (await system().redis.get(keys.sequence)) ?? 0);
  await queue().resume();
});

test('only the jobs of a deep lane have a priority, which grows with its tickets', async () => {
  expect((await accept(HERD, MAX_BATCH_REQUESTS)).lane).toMatchObject({ waitedBefore: 0, priority: undefined });
  expect((await accept(HERD, 20)).lane).toMatchObject({ waitedBefore: 500, priority: 1 });
  expect((await accept(HERD, 500)).lane).toMatchObject({ waitedBefore: 520, priority: 26 });
  expect((await accept(QUIET, 10)).lane).toMatchObject({ waitedBefore: 0, priority: undefined });
});

test('deep lanes take turns: one that becomes deep begins where the queue is now', async () => {
  await accept(HERD, 500);
  for (let i = 0; i < 10; i += 1) await accept(HERD, 500);
  await system().redis.zadd(keys.prioritized, scoreOf(100), 'the next job');
  await accept(OTHER_HERD, 500);
  expect((await accept(OTHER_HERD, 500)).lane?.priority).toBe(125);
  expect((await accept(HERD, 500)).lane?.priority).toBe(275);
});

test('priorities never fall while the shard is busy, and stay within the bound of BullMQ', async () => {
  await accept(HERD, 520);
  await system().redis.hset(keys.lanes, 'priority', 2_097_150);
  for (let i = 0; i < 2; i += 1) expect((await accept(HERD, 500)).lane?.priority).toBe(2_097_152);
});

test('a lane counts its own tickets: places, and those that are settled', async () => {
  await accept(HERD, 600);
  const [first, second] = [await accept(QUIET, 2), await accept(QUIET, 1)];
  const positions = () =>
    system()
      .tickets.watch(0, '', [...first.ids, ...second.ids])
      .then(({ tickets }) => tickets.map((ticket) => ticket && [ticket.place - ticket.settled, ticket.waiting]));
  expect(await positions()).toEqual([
    [1, 3],
    [2, 3],
    [3, 3],
  ]);
  await settle(first.ids);
  expect(await positions()).toEqual([
    [-1, 1],
    [0, 1],
    [1, 1],
  ]);
  expect(second.lane).toMatchObject({ waitedBefore: 2 });
});

test('a lane that has drained is quiet again, and an idle shard keeps no lanes', async () => {
  const all = [await accept(HERD, 500), await accept(HERD, 500)];
  expect(all[1]?.lane?.priority).toBeDefined();
  await settle(all.flatMap(({ ids }) => ids));
  const last = await accept(HERD, 1);
  expect(last.lane).toMatchObject({ waitedBefore: 0, priority: undefined });
  expect(await system().redis.hkeys(keys.lanes)).toEqual(['given:1', 'settled:1']);
  // Places go on: a ticket of before the shard was idle never seems to wait again.
  expect(last.places[0]).toBeGreaterThan(Math.max(...all.flatMap(({ places }) => places)));
});

test('a quiet event is decided while most of a herd waits, and its buyer reads that', async () => {
  const created = await send(system().url, 'POST', '/api/events', {
    name: 'Quiet',
    zones: [{ rows: 2, seatsPerRow: 10 }],
  });
  const eventId = Number(created.body.id);
  const HERD_SIZE = 1_500;
  const reserve = () => send(system().url, 'POST', '/reserve', { zone: 1, count: 1 }, { prefer: 'wait=0' });
  for (let sent = 0; sent < HERD_SIZE; sent += 100) await Promise.all(Array.from({ length: 100 }, reserve));
  expect(await system().redis.zcard(keys.prioritized)).toBeGreaterThan(0);
  const { status, body } = await send(system().url, 'POST', '/api/bookings', { eventId, userId: 1, count: 1 });
  expect({ status, body }).toMatchObject({ status: 202, body: { position: 1 } });
  const settledBefore = Number(await system().redis.get(keys.settled));
  await queue().resume();
  const outcome = await send(system().url, 'GET', `/api/tickets/${body.ticketId}?wait=30`);
  expect(outcome.body).toMatchObject({ status: 'booked' });
  const settled = Number(await system().redis.get(keys.settled)) - settledBefore;
  expect(settled).toBeLessThan(HERD_SIZE);
  const isSettled = async () => Number(await system().redis.get(keys.settled)) === HERD_SIZE + 1 + settledBefore;
  await until(isSettled, 30_000);
});
