import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createLogger } from './logger.ts';
import { createLoops } from './loops.ts';

const log = createLogger({ LOG_LEVEL: 'silent' }, 'test');

test('work longer than its turn never runs twice at once, survives a fault, and is awaited at the end', async () => {
  const loops = createLoops({ log });
  const faults: string[] = [];
  let [begun, underway, most, done] = [0, 0, 0, 0];
  const stop = loops.repeat(
    'work',
    5,
    async () => {
      begun += 1;
      underway += 1;
      most = Math.max(most, underway);
      await sleep(20);
      underway -= 1;
      done += 1;
      if (begun === 1) throw new Error('the first');
    },
    ({ message }) => faults.push(message),
  );
  while (begun < 3) await sleep(5);
  await stop();
  expect({ faults, most, underway, done }).toEqual({ faults: ['the first'], most: 1, underway: 0, done: begun });
  const before = begun;
  await sleep(30);
  expect(begun).toBe(before);
  loops.close();
});

describe('by a clock of the test', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());
  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

  test('a turn that never ends is given up, so that later turns come; no more than a few are given up', async () => {
    const loops = createLoops({ log });
    let turns = 0;
    const hang = () => {
      turns += 1;
      return new Promise<void>(() => undefined);
    };
    loops.repeat('hangs', 100, hang, () => undefined);
    await pass(9_000);
    expect({ turns, stalled: loops.stalled() }).toEqual({ turns: 1, stalled: [] });
    await pass(3_000);
    expect(turns).toBe(2);
    expect(loops.stalled()).toMatchObject([{ name: 'hangs' }]);
    expect(loops.areVitalTurning()).toBe(false);
    await pass(600_000);
    expect(turns).toBe(11);
    loops.close();
  });

  test('a loop that stands still is shown and restarted until it turns again', async () => {
    const loops = createLoops({ log });
    const restart = jest.fn<() => void>();
    const loop = loops.watch('elsewhere', { stalledMs: 5_000, isVital: false, restart });
    await pass(4_000);
    expect(loops.stalled()).toEqual([]);
    await pass(12_000);
    expect(loops.stalled()).toEqual([{ name: 'elsewhere', seconds: 16 }]);
    expect(loops.areVitalTurning()).toBe(true);
    expect(restart).toHaveBeenCalledTimes(3);
    loop.progress();
    await pass(1_000);
    expect(loops.stalled()).toEqual([]);
    loop.end();
    await pass(60_000);
    expect(loops.stalled()).toEqual([]);
    loops.close();
  });

  test('no loop is blamed for a time in which the whole process stood still', async () => {
    const loops = createLoops({ log });
    loops.watch('frozen too');
    await pass(2_000);
    jest.setSystemTime(Date.now() + 18_000);
    jest.spyOn(performance, 'now').mockReturnValueOnce(performance.now() + 18_000);
    await pass(1_000);
    expect(loops.stalled()).toEqual([]);
    loops.close();
  });
});
