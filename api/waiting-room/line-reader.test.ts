import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { createLogger } from '../../shared/platform/logger.ts';
import { createLoops } from '../../shared/platform/loops.ts';
import type { RedisShards } from '../../shared/platform/redis.ts';
import type { RoomState } from '../../shared/stores/redis/room-hash.ts';
import type { RoomStore } from '../../shared/stores/rooms.ts';
import { createLineReader } from './line-reader.ts';

const state = (serving: number) => ({ generation: 1, joined: 100, serving, people: 0, paused: true }) as RoomState;

const log = createLogger({ LOG_LEVEL: 'silent' }, 'test');
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Two rooms, whose reads the test counts and may delay. */
async function startReader() {
  const reads: (readonly number[])[] = [];
  let publish: Parameters<RoomStore['follow']>[1] = () => undefined;
  const rooms = {
    serving: 0,
    readMs: 0,
    active: async () => [1, 2].map((eventId) => ({ eventId, generation: 1 })),
    find: async (eventId: number) => ({ eventId, generation: 1, secret: Buffer.alloc(32), settings: { mode: 'on' } }),
    follow: async (_subscriber: RedisShards, receive: typeof publish) => {
      publish = receive;
    },
    read: async (eventIds: readonly number[]) => {
      reads.push(eventIds);
      const { serving } = rooms;
      await sleep(rooms.readMs);
      return new Map(eventIds.map((eventId) => [eventId, state(serving)]));
    },
  };
  const loops = createLoops({ log });
  const reader = createLineReader({ rooms: rooms as unknown as RoomStore, subscriber: {} as RedisShards, loops, log });
  stops.push(await reader.start(), loops.close);
  const servingOf = (eventId: number) => reader.lines.get(eventId)?.state?.serving;
  return {
    rooms,
    reads,
    reader,
    servingOf,
    publish: (eventId: number, s: RoomState) => publish({ eventId, state: s }),
  };
}

test('lines are read at the start, and then only those of which no state was published for a while', async () => {
  const { rooms, reads, servingOf, publish } = await startReader();
  expect(reads).toEqual([[1, 2]]);
  rooms.serving = 7;
  for (let i = 1; i <= 12; i += 1) {
    publish(1, state(i));
    await sleep(100);
  }
  expect(servingOf(1)).toBe(12);
  expect(servingOf(2)).toBe(7); // all its messages were lost
  expect(reads.slice(1).flat()).not.toContain(1);
  expect(reads.length).toBeLessThanOrEqual(4);
  await sleep(1_000);
  expect(reads.flat().filter((eventId) => eventId === 1).length).toBeGreaterThan(1);
});

test('a state that was read changes nothing where a later one was published meanwhile', async () => {
  const { rooms, reader, publish } = await startReader();
  rooms.readMs = 50;
  const refreshing = reader.refresh(1);
  await sleep(10);
  publish(1, { ...state(3), paused: false });
  await refreshing;
  expect(reader.lines.get(1)?.state).toMatchObject({ serving: 3, paused: false });
});

test('states of another line and of an unknown room change nothing', async () => {
  const { servingOf, publish } = await startReader();
  publish(1, { ...state(50), generation: 2 });
  publish(3, state(50));
  await sleep(10);
  expect([servingOf(1), servingOf(3)]).toEqual([0, undefined]);
});
