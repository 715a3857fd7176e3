import { describe, expect, test } from '@jest/globals';
import { createDrainMeter } from './drain.ts';

describe('the drain meter', () => {
  test('measures how fast a busy queue drains', () => {
    const meter = createDrainMeter();
    for (let second = 0; second <= 60; second += 1) meter.observe(second * 200, 500, second * 1000);
    expect(meter.etaSeconds(1000)).toBeCloseTo(5, 0);
  });

  test('gives no estimate while tickets wait and none is settled, whatever the interval of readings', () => {
    for (const everyMs of [1_000, 30_000]) {
      const meter = createDrainMeter();
      meter.observe(7, 3, 0);
      expect(meter.etaSeconds(1)).toBeDefined();
      for (let atMs = everyMs; atMs <= 60_000; atMs += everyMs) meter.observe(7, 3, atMs);
      expect(meter.etaSeconds(1)).toBeUndefined();
      meter.observe(8, 2, 61_000);
      expect(meter.etaSeconds(1)).toBeDefined();
    }
  });

  test('does not report an idle queue as stalled', () => {
    const meter = createDrainMeter();
    for (let second = 0; second <= 60; second += 1) meter.observe(7, 0, second * 1000);
    expect(meter.etaSeconds(1)).toBeDefined();
  });

  test('does not measure an idle queue', () => {
    const meter = createDrainMeter();
    const initialEta = meter.etaSeconds(100);
    for (let second = 0; second <= 60; second += 1) meter.observe(second, 0, second * 1000);
    expect(meter.etaSeconds(100)).toBe(initialEta);
  });
});
