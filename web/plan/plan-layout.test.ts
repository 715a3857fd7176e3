import { describe, expect, test } from '@jest/globals';
import type { Block } from './plan-blocks.ts';
import {
  type Bar,
  boxOf,
  layOutPlan,
  pointAt,
  radiusOf,
  reachOf,
  type Sector,
  seatAt,
  seatPoint,
} from './plan-layout.ts';

const zones = (count: number, rows: number, seatsPerRow: number) =>
  Array.from({ length: count }, (_, i) => ({ zone: i + 1, rows, seatsPerRow }));

/** Zones of each ring of a plan, from left to right. */
function ringsOf(sectors: readonly Sector[]): number[][] {
  const rings = new Map<number, Sector[]>();
  for (const sector of sectors) rings.set(sector.inner, [...(rings.get(sector.inner) ?? []), sector]);
  return [...rings.values()].map((ring) => ring.sort((a, b) => a.from - b.from).map(({ zone }) => zone));
}

const overlap = (a: Sector, b: Sector) => a.inner < b.outer && b.inner < a.outer && a.from < b.to && b.from < a.to;

describe('the plan of a house', () => {
  test.each([
    ['the default house', zones(50, 20, 65), null],
    ['one zone', zones(1, 20, 65), [[1]]],
    ['a small theatre', zones(9, 12, 30), null],
    [
      'long rows and short ones',
      [...zones(3, 2, 400), ...zones(8, 30, 4).map((size) => ({ ...size, zone: size.zone + 3 }))],
      null,
    ],
    ['many zones', zones(2_000, 5, 10), null],
  ])('every zone has a sector of its own: %s', (_name, sizes, rings) => {
    const { sectors, stageRadius } = layOutPlan(sizes, rings);
    expect(sectors.map(({ zone }) => zone).sort((a, b) => a - b)).toEqual(sizes.map(({ zone }) => zone));
    expect(sectors.filter((a) => a.inner <= stageRadius || sectors.some((b) => a !== b && overlap(a, b)))).toEqual([]);
  });

  test('the seat at a point is the one that is drawn there', () => {
    const plan = layOutPlan(zones(12, 7, 20), null);
    for (const sector of plan.sectors) {
      for (const [row, number] of [
        [1, 1],
        [7, 20],
        [4, 11],
      ] as const) {
        const { x, y } = seatPoint(sector, row, number);
        expect(seatAt(plan, x, y)).toEqual({ zone: sector.zone, row, number });
      }
    }
    expect(seatAt(plan, 0, 0)).toBeUndefined();
  });

  test('the reach of a box contains the radii and angles of all its points', () => {
    const boxes = [-9, -4, 0, 1, 6].flatMap((left) =>
      [-8, -2, 0, 3].map((top) => ({ left, top, right: left + 5, bottom: top + 4 })),
    );
    for (const box of boxes) {
      const { nearest, farthest, from, to } = reachOf(box);
      for (let radius = 0; radius < 15; radius += 0.5) {
        for (let angle = -3.1; angle < 3.1; angle += 0.1) {
          const { x, y } = pointAt(radius, angle);
          if (x < box.left || x > box.right || y < box.top || y > box.bottom) continue;
          expect(nearest <= radius && radius <= farthest && from <= angle + 1e-9 && angle - 1e-9 <= to).toBe(true);
        }
      }
    }
    expect(reachOf({ left: 3, right: 5, top: 4, bottom: 12 })).toMatchObject({ nearest: 5, farthest: 13 });
    expect(reachOf({ left: 3, right: 5, top: 4, bottom: 12 }).from).toBeCloseTo(Math.atan2(3, 12));
    expect(reachOf({ left: -5, right: -3, top: 4, bottom: 12 }).to).toBeCloseTo(-Math.atan2(3, 12));
  });

  test('the first zone of a ring is in the middle, odd ones on its right and even ones on its left', () => {
    expect(ringsOf(layOutPlan(zones(5, 1, 4), [[1, 2, 3, 4, 5]]).sectors)).toEqual([[1, 2, 3, 4, 5]]);
    expect(ringsOf(layOutPlan(zones(50, 20, 65), null).sectors).slice(0, 2)).toEqual([
      [4, 2, 1, 3],
      [10, 8, 6, 5, 7, 9],
    ]);
  });

  /** Rows of 3 and 5 seats, the second with an aisle after its seat 2. */
  const rows = [{ seats: 3 }, { seats: 5, gapsAfter: [2] }];

  test('rows of their own number of seats are in the middle of their zone, and a gap is as wide as a seat', () => {
    const plan = layOutPlan([{ zone: 1, rows: 2, seatsPerRow: 5, plan: rows }], [[1]]);
    const sector = plan.sectors[0] as Sector;
    const angles = (row: number, seats: number) =>
      Array.from({ length: seats }, (_, i) => {
        const { x, y } = seatPoint(sector, row, i + 1);
        return Math.atan2(x, y) / ((sector.to - sector.from) / 6);
      });
    expect(angles(1, 3).map((slots) => Math.round(slots * 100) / 100)).toEqual([-1, 0, 1]);
    expect(angles(2, 5).map((slots) => Math.round(slots * 100) / 100)).toEqual([-2.5, -1.5, 0.5, 1.5, 2.5]);
    for (const [row, seats] of [
      [1, 3],
      [2, 5],
    ] as const) {
      for (let number = 1; number <= seats; number += 1) {
        const { x, y } = seatPoint(sector, row, number);
        expect(seatAt(plan, x, y)).toEqual({ zone: 1, row, number });
      }
    }
    const aisle = pointAt(radiusOf(sector, 2), (-0.5 * (sector.to - sector.from)) / 6);
    expect(seatAt(plan, aisle.x, aisle.y)).toEqual({ zone: 1, row: 2, number: 0 });
  });

  test('an area is a bar without seats', () => {
    const area = { zone: 2, rows: 79, seatsPerRow: 64, isArea: true, capacity: 5_000 };
    const plan = layOutPlan([...zones(1, 4, 20), area], [[1, 2]]);
    const { inner, outer, from, to } = plan.sectors[1] as Sector;
    const { x, y } = pointAt((inner + outer) / 2, (from + to) / 2);
    expect(seatAt(plan, x, y)).toEqual({ zone: 2, row: 0, number: 0 });
    expect(outer - inner).toBeLessThan(10);
  });

  /** Two rows of seats 30 apart, in any unit, which begin at a point. */
  const positioned = (zone: number, x: number, y: number) => ({
    zone,
    rows: 2,
    seatsPerRow: 4,
    plan: [0, 1].map((row) => ({
      seats: 4,
      positions: [0, 1, 2, 3].map((seat) => [x + 30 * seat, y + 40 * row] as [number, number]),
    })),
  });

  test('seats with coordinates are drawn there, a unit apart, and the others around them', () => {
    const plan = layOutPlan([positioned(1, 500, 500), positioned(2, 800, 500), ...zones(3, 4, 9).slice(2)], null);
    expect(plan.blocks.map(({ zone }) => zone)).toEqual([1, 2]);
    const [left, right] = plan.blocks as [Block, Block];
    expect(seatPoint(right, 1, 1).x - seatPoint(left, 1, 1).x).toBeCloseTo(10);
    expect(seatPoint(left, 2, 1).y - seatPoint(left, 1, 1).y).toBeCloseTo(40 / 30);
    for (const block of plan.blocks) {
      for (const [row, number] of [
        [1, 1],
        [2, 4],
      ] as const) {
        const { x, y } = seatPoint(block, row, number);
        expect(seatAt(plan, x, y)).toEqual({ zone: block.zone, row, number });
      }
    }
    const between = (seatPoint(left, 1, 4).x + seatPoint(right, 1, 1).x) / 2;
    expect(seatAt(plan, between, seatPoint(left, 1, 1).y)).toBeUndefined();
    const inner = Math.min(...plan.sectors.map((sector) => sector.inner));
    for (const { box } of plan.blocks)
      expect(Math.hypot(Math.max(-box.left, box.right), Math.max(-box.top, box.bottom))).toBeLessThan(inner);
    const { left: leftEdge, right: rightEdge, top, bottom } = boxOf(plan);
    for (const { box } of plan.blocks)
      expect(box.left >= leftEdge && box.right <= rightEdge && box.top >= top && box.bottom <= bottom).toBe(true);
  });

  test('the stage of seats with coordinates is on the side of their first rows, if it is on one side', () => {
    const top = layOutPlan([positioned(1, 0, 0), positioned(2, 200, 0)], null);
    expect(top.stageBar?.bottom).toBeLessThan(Math.min(...top.blocks.map(({ box }) => box.top)));
    const facing = positioned(2, 0, 400);
    facing.plan.reverse();
    expect(layOutPlan([positioned(1, 0, 0), facing], null).stageBar).toBeUndefined();
  });

  test('the stage of tables, each a row, is on the side where their numbers begin', () => {
    const tables = Array.from({ length: 12 }, (_, i) => ({
      seats: 2,
      positions: [0, 1].map((seat) => [100 * (i % 4) + 10 * seat, 100 * Math.floor(i / 4)] as [number, number]),
    }));
    const { stageBar, blocks } = layOutPlan([{ zone: 1, rows: 12, seatsPerRow: 2, plan: tables }], null);
    expect(stageBar?.bottom).toBeLessThan(blocks[0]?.box.top ?? 0);
  });

  test('an area is in the hole between seats that have coordinates, where they leave one', () => {
    const around = [positioned(1, 0, 0), positioned(2, 0, 600), positioned(3, -400, 300), positioned(4, 400, 300)];
    const area = { zone: 5, rows: 1, seatsPerRow: 50, isArea: true, capacity: 50 };
    const plan = layOutPlan([...around, area], null);
    expect(plan.sectors).toEqual([]);
    const { bar } = plan.bars[0] as Bar;
    for (const { box } of plan.blocks) {
      const isApart = box.left >= bar.right || box.right <= bar.left || box.top >= bar.bottom || box.bottom <= bar.top;
      expect(isApart).toBe(true);
    }
    expect(seatAt(plan, 0, 0)).toEqual({ zone: 5, row: 0, number: 0 });
    expect(layOutPlan([positioned(1, 0, 0), area], null).bars).toEqual([]);
  });

  test('from afar a row is a line that its aisles and its categories interrupt', () => {
    const line = positioned(1, 0, 0);
    const xs = [0, 30, 60, 150, 180, 210];
    const categories: [number, number, string][] = [[1, 2, 'Gold']];
    const row = { seats: 6, positions: xs.map((x) => [x, 0] as [number, number]), categories };
    const [block] = layOutPlan([{ ...line, rows: 1, seatsPerRow: 6, plan: [row] }], null).blocks;
    expect(block?.lines.map(({ index, points }) => [index, points.length])).toEqual([
      [0, 2],
      [2, 1],
      [3, 3],
    ]);
  });

  test('an event may define the rings', () => {
    const rings = [[2, 1, 3], [4], [6, 5]];
    expect(ringsOf(layOutPlan(zones(6, 4, 10), rings).sectors)).toEqual(rings);
  });
});
