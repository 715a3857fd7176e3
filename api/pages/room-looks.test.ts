import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { RoomLook } from '../../shared/domain/look.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { createRoomLooks } from './room-looks.ts';

const log = createLogger({ LOG_LEVEL: 'silent' }, 'test');
const titled = (title: string): RoomLook => ({ look: { title }, sites: [] });

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function setUp(first: () => Promise<RoomLook | undefined>) {
  const stage = { reads: 0, read: first };
  const looks = createRoomLooks({
    log,
    rooms: {
      look: () => {
        stage.reads += 1;
        return stage.read();
      },
    },
  });
  return { stage, find: looks.find };
}

test('a crowd costs one read a second, and a change shows after it', async () => {
  const { stage, find } = setUp(async () => titled('First'));
  const found = await Promise.all(Array.from({ length: 100 }, () => find(7)));
  expect(stage.reads).toBe(1);
  expect(new Set(found).size).toBe(1);
  stage.read = async () => titled('Second');
  await jest.advanceTimersByTimeAsync(999);
  expect((await find(7))?.look.title).toBe('First');
  await jest.advanceTimersByTimeAsync(1);
  expect((await find(7))?.look.title).toBe('Second');
  expect(stage.reads).toBe(2);
});

test('a look that is read again is the same object, so its page is not made again', async () => {
  const { stage, find } = setUp(async () => titled('Same'));
  const first = await find(7);
  await jest.advanceTimersByTimeAsync(1_000);
  expect(await find(7)).toBe(first);
  expect(stage.reads).toBe(2);
});

test('while PostgreSQL refuses or hangs, a page has the look that was read before, or none', async () => {
  const { stage, find } = setUp(async () => titled('Known'));
  await find(7);
  for (const fault of [() => Promise.reject(new Error('unavailable')), () => new Promise<never>(() => undefined)]) {
    stage.read = fault;
    await jest.advanceTimersByTimeAsync(1_000);
    const [known, unknown] = [find(7), find(8)];
    await jest.advanceTimersByTimeAsync(400);
    expect((await known)?.look.title).toBe('Known');
    expect(await unknown).toBeUndefined();
  }
});

test('only the last thousand events are in memory, and a room without look and sites is as no room', async () => {
  const { stage, find } = setUp(async () => ({ look: null, sites: [] }));
  for (let eventId = 1; eventId <= 1_001; eventId += 1) expect(await find(eventId)).toBeUndefined();
  await find(1_001);
  expect(stage.reads).toBe(1_001);
  await find(1);
  expect(stage.reads).toBe(1_002);
});

test('a page may load the logo of its site and its own style, and nothing else', async () => {
  const colors = { background: '#ffffff', text: '#000000', accent: '#000000', accentText: '#ffffff' };
  const sites = ['https://shop.example'];
  const { find } = setUp(async () => ({ look: { title: 'S', logo: 'https://shop.example/a/l.svg', colors }, sites }));
  const found = await find(7);
  expect(found?.allowed).toEqual({
    imageOrigin: 'https://shop.example',
    styleHash: expect.stringMatching(/^[\w+/]{43}=$/),
  });
  expect(found?.sites).toEqual(sites);
});
