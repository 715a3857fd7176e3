import { describe, expect, test } from '@jest/globals';
import { type Bar, boxOf, hasSeats, layOutPlan, type Plan, seatAt, seatPoint, shapeOf } from './plan-layout.ts';
import { overlap } from './plan-points.ts';

const zones = (count: number, rows: number, seatsPerRow: number) =>
  Array.from({ length: count }, (_, i) => ({ zone: i + 1, rows, seatsPerRow }));

function pointOf(plan: Plan, zone: number, row: number, number: number) {
  const shape = shapeOf(plan, zone);
  if (shape === undefined || !hasSeats(shape)) throw new Error(`zone ${zone} has no seats on the plan`);
  return seatPoint(shape, row, number);
}

describe('the plan of a small house', () => {
  test.each([
    ['a hall', zones(1, 10, 20)],
    ['a studio', zones(1, 3, 10)],
    ['two zones', zones(2, 10, 24)],
    ['three narrow zones', zones(3, 30, 4)],
  ])('rows are straight behind the stage, and each seat is found where it is drawn: %s', (_name, sizes) => {
    const plan = layOutPlan(sizes, null);
    expect(plan.sectors).toEqual([]);
    for (const { zone, rows, seatsPerRow } of sizes) {
      const [first, last] = [pointOf(plan, zone, 1, 1), pointOf(plan, zone, 1, seatsPerRow)];
      expect(first.y).toBe(last.y);
      expect(first.y).toBeGreaterThan(plan.stageBar?.bottom ?? Number.POSITIVE_INFINITY);
      for (const [row, number] of [
        [1, 1],
        [rows, seatsPerRow],
      ] as const) {
        const { x, y } = pointOf(plan, zone, row, number);
        expect(seatAt(plan, x, y)).toEqual({ zone, row, number });
      }
    }
    for (const [i, { box }] of plan.blocks.entries())
      expect(plan.blocks.slice(i + 1).some((other) => overlap(box, other.box))).toBe(false);
  });

  test('zones are behind each other, or side by side where that is nearer to a square', () => {
    const stacked = layOutPlan(zones(2, 5, 24), null);
    expect(pointOf(stacked, 2, 1, 1).y).toBeGreaterThan(pointOf(stacked, 1, 5, 1).y);
    const abreast = layOutPlan(zones(3, 30, 4), null);
    expect(pointOf(abreast, 2, 1, 1).y).toBe(pointOf(abreast, 1, 1, 1).y);
    const { left, right, top, bottom } = boxOf(abreast);
    expect(right - left).toBeLessThan(bottom - top);
  });

  test('a zone that has its name before it leaves room for the name behind the stage', () => {
    const { stageBar } = layOutPlan(zones(2, 8, 14), null);
    expect(stageBar?.bottom).toBeLessThanOrEqual(-2.5);
  });

  test('a row of fewer seats is in the middle, and a gap is as wide as a seat', () => {
    const rows = [{ seats: 3 }, { seats: 5, gapsAfter: [2] }];
    const plan = layOutPlan([{ zone: 1, rows: 2, seatsPerRow: 5, plan: rows }], null);
    const xs = (row: number, seats: number) =>
      Array.from({ length: seats }, (_, i) => Math.round(100 * pointOf(plan, 1, row, i + 1).x) / 100);
    expect(xs(1, 3)).toEqual([-1, 0, 1]);
    expect(xs(2, 5)).toEqual([-2.5, -1.5, 0.5, 1.5, 2.5]);
  });

  test('an area is a box as wide as it has room', () => {
    const area = { zone: 2, rows: 2, seatsPerRow: 64, isArea: true, capacity: 100 };
    const plan = layOutPlan([...zones(1, 4, 20), area], null);
    const { bar } = plan.bars[0] as Bar;
    expect(seatAt(plan, (bar.left + bar.right) / 2, (bar.top + bar.bottom) / 2)).toEqual({
      zone: 2,
      row: 0,
      number: 0,
    });
    expect(bar.top).toBeGreaterThan(plan.blocks[0]?.box.bottom ?? Number.POSITIVE_INFINITY);
  });

  test('a house with rings, with many zones or with very long rows is round', () => {
    expect(layOutPlan(zones(2, 10, 20), [[1, 2]]).sectors).toHaveLength(2);
    expect(layOutPlan(zones(4, 10, 20), null).sectors).toHaveLength(4);
    expect(layOutPlan(zones(1, 4, 300), null).sectors).toHaveLength(1);
  });
});
