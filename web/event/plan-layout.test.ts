import { describe, expect, test } from '@jest/globals';
import { layOutPlan, pointAt, reachOf, type Sector, seatAt, seatPoint } from './plan-layout.ts';

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
    ['the default house', zones(50, 20, 65)],
    ['one zone', zones(1, 20, 65)],
    ['a small theatre', zones(9, 12, 30)],
    [
      'long rows and short ones',
      [...zones(3, 2, 400), ...zones(8, 30, 4).map((size) => ({ ...size, zone: size.zone + 3 }))],
    ],
    ['many zones', zones(2_000, 5, 10)],
  ])('every zone has a sector of its own: %s', (_name, sizes) => {
    const { sectors, stageRadius } = layOutPlan(sizes, null);
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

  test('an event may define the rings', () => {
    const rings = [[2, 1, 3], [4], [6, 5]];
    expect(ringsOf(layOutPlan(zones(6, 4, 10), rings).sectors)).toEqual(rings);
  });
});
