import { describe, expect, test } from '@jest/globals';
import { createDrainMeter, createShardMeter } from './drain.ts';

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

describe('the meter of a shard', () => {
  const HERD = 1;
  const QUIET = 2;

  /** A shard that settles 1,000 tickets a second, of which the deep lane of a herd has a quarter. */
  function measured() {
    const meter = createShardMeter({ deepAbove: 500 });
    for (let second = 0; second <= 60; second += 1) {
      meter.observe(second * 1000, 5_000, second * 1000);
      meter.observeLane(HERD, second * 250, 4_000, second * 1000);
      meter.observeLane(QUIET, second * 10, 3, second * 1000);
    }
    return meter;
  }

  test('estimates the wait in a deep lane by its own rate, and elsewhere by that of the shard', () => {
    const meter = measured();
    expect(meter.etaSeconds(HERD, 1_000)).toBeCloseTo(4, 0);
    expect(meter.etaSeconds(QUIET, 100)).toBeCloseTo(0.1, 1);
    expect([meter.lastSettled(HERD), meter.lastSettled(QUIET)]).toEqual([15_000, 0]);
    meter.observeLane(HERD, 19_000, 500, 61_000);
    expect(meter.etaSeconds(HERD, 100)).toBeCloseTo(0.1, 1);
  });

  test('gives no estimate for any lane while no worker runs', () => {
    const meter = measured();
    meter.noteWorkers(0);
    expect([meter.etaSeconds(HERD, 1), meter.etaSeconds(QUIET, 1)]).toEqual([undefined, undefined]);
  });
});
