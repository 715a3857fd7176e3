import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ticketId } from '../contract/ids.ts';
import { createDrainMeter } from './drain.ts';
import { buildHouse, labelOf, runOf, seatOf, wishProblem } from './house.ts';
import { newTicketId, shardOfEvent, shardOfTicket } from './ticket-id.ts';

describe('a ticket id', () => {
  test('is a UUID that carries its shard', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4095 }), (shard) => {
        const id = newTicketId(shard);
        expect(ticketId.parse(id)).toBe(id);
        expect(shardOfTicket(id, 4096)).toBe(shard);
        expect(shardOfTicket(id, shard)).toBeUndefined();
      }),
    );
  });

  test('never comes twice', () => {
    expect(new Set(Array.from({ length: 10_000 }, () => newTicketId(0))).size).toBe(10_000);
  });
});

test('events spread over the shards', () => {
  const counts = new Array<number>(8).fill(0);
  for (let event = 1; event <= 8_000; event += 1)
    counts[shardOfEvent(event, 8)] = (counts[shardOfEvent(event, 8)] ?? 0) + 1;
  for (const count of counts) expect(count).toBeGreaterThan(800);
});

describe('a house', () => {
  const zones = [
    { number: 2, rows: 5, seatsPerRow: 30, price: 0 },
    { number: 1, rows: 10, seatsPerRow: 4, price: 0 },
  ];
  const selling = { holdSeconds: 600, maxHoldSeconds: 1800, onSaleAt: null, salesPaused: false, seatLimit: null };
  const named = {
    id: 1,
    name: 'Test',
    currency: 'EUR',
    timeZone: 'UTC',
    createdAt: new Date(),
    generation: 1,
    avoidSingles: false,
    rings: null,
  };
  const house = buildHouse({ ...named, ...selling, zones });

  test('counts its rows through the zones in their order', () => {
    expect(house.zones.map((zone) => zone.firstRow)).toEqual([0, 10]);
    expect([house.totalRows, house.totalSeats]).toEqual([15, 190]);
  });

  test('says why it has no place for a wish', () => {
    expect(wishProblem(house, { count: 5 })).toBeUndefined();
    expect(wishProblem(house, { zone: 3, count: 1 })).toContain('zones 1 to 2');
    expect(wishProblem(house, { zone: 1, row: 11, count: 1 })).toContain('rows 1 to 10');
    expect(wishProblem(house, { zone: 1, row: 1, count: 5 })).toContain('4 seats');
    expect(wishProblem(house, { zone: 1, row: 1, start: 3, count: 2 })).toContain('start');
    expect(wishProblem(house, { zone: 1, row: 1, start: 2, count: 2 })).toBeUndefined();
    expect(wishProblem(house, { seats: ['1-1-1', '1-1-5'] })).toContain('1-1-5');
    expect(wishProblem(house, { seats: ['1-1-1', '2-5-30'] })).toBeUndefined();
  });
});

test('a label names its seat, and a run is told from scattered seats', () => {
  expect(labelOf(seatOf('12-5-33'))).toBe('12-5-33');
  expect(runOf(['1-2-3', '1-2-4'])).toEqual({ zone: 1, row: 2, startIndex: 2 });
  expect(runOf(['1-2-3', '1-2-5'])).toBeUndefined();
  expect(runOf(['1-2-3', '1-3-4'])).toBeUndefined();
});

describe('the drain meter', () => {
  test('learns how fast a busy queue drains', () => {
    const meter = createDrainMeter();
    for (let second = 0; second <= 60; second += 1) meter.observe(second * 200, 500, second * 1000);
    expect(meter.etaSeconds(1000)).toBeCloseTo(5, 0);
  });

  test('estimates nothing while tickets wait and none is settled, however often it looks', () => {
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

  test('an idle queue is not a stalled one', () => {
    const meter = createDrainMeter();
    for (let second = 0; second <= 60; second += 1) meter.observe(7, 0, second * 1000);
    expect(meter.etaSeconds(1)).toBeDefined();
  });

  test('learns nothing from an idle queue', () => {
    const meter = createDrainMeter();
    const before = meter.etaSeconds(100);
    for (let second = 0; second <= 60; second += 1) meter.observe(second, 0, second * 1000);
    expect(meter.etaSeconds(100)).toBe(before);
  });
});
