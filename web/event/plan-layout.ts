/**
 * The position of a zone: between two radii and two angles around the stage. A unit is about one seat. Angle 0 is
 * straight in front of the stage, which faces down the page; angles grow to the right.
 */
export type Sector = {
  zone: number;
  rows: number;
  seatsPerRow: number;
  inner: number;
  outer: number;
  from: number;
  to: number;
};

/** The plan of a house, as data: it is drawn, and clicks are found in it. */
export type Plan = { sectors: Sector[]; stageRadius: number; radius: number };

/** The angle that the rows span around the stage, in radians. */
const SPREAD = 4.2;

/** In units: between rows, between zones side by side, between rings, and from the stage to the first row. */
const ROW_PITCH = 1.15;
const GAP = 4;
export const AISLE = 6;
const APRON = 12;

/** The largest distance between the seats of a ring that is not full. */
const MAX_PITCH = 1.25;

/** Radii at which the first row may be, and the share of the plan that the stage and its apron should have. */
const FIRST_RADII = Array.from({ length: 53 }, (_, i) => 8 + 2 * i);
const STAGE_SHARE = 0.27;

type Size = { zone: number; rows: number; seatsPerRow: number };

/**
 * A plan of zones in rings around a stage.
 *
 * @param rings numbers of zones, each ring from left to right; null for zones as they come
 */
export function layOutPlan(zones: readonly Size[], rings: readonly (readonly number[])[] | null): Plan {
  const byNumber = new Map(zones.map((size) => [size.zone, size]));
  return planOf(rings?.map((ring) => ring.flatMap((zone) => byNumber.get(zone) ?? [])) ?? ringsOf(zones));
}

const widthOf = (ring: readonly Size[]) => ring.reduce((sum, { seatsPerRow }) => sum + seatsPerRow + GAP, 0);
const depthOf = (ring: readonly Size[]) => ROW_PITCH * Math.max(...ring.map(({ rows }) => rows)) + AISLE;

/**
 * Zones by rings: from the front, as many in each as fit. The first of each ring is in the middle, where seats are
 * best.
 */
function ringsOf(zones: readonly Size[]): Size[][] {
  let best = { rings: [[...zones]], score: Number.NEGATIVE_INFINITY };
  for (const radius of FIRST_RADII) {
    const rings: Size[][] = [];
    let inner = radius;
    for (const size of zones) {
      const ring = rings.at(-1);
      if (ring !== undefined && widthOf([...ring, size]) <= SPREAD * inner) ring.push(size);
      else {
        if (ring !== undefined) inner += depthOf(ring);
        rings.push([size]);
      }
    }
    const last = rings.at(-1) ?? [];
    const fullness = Math.min(1, widthOf(last) / (SPREAD * inner));
    const share = radius / (inner + depthOf(last));
    const score = fullness - 8 * Math.abs(share - STAGE_SHARE);
    if (score > best.score) best = { rings, score };
  }
  return best.rings.map((ring) => [
    ...ring.filter((_, i) => i % 2 === 1).reverse(),
    ...ring.filter((_, i) => i % 2 === 0),
  ]);
}

function planOf(rings: readonly Size[][]): Plan {
  const sectors: Sector[] = [];
  let next = FIRST_RADII[0] as number;
  let stageRadius = 0;
  for (const ring of rings) {
    const width = widthOf(ring);
    const inner = Math.max(next, width / SPREAD);
    const pitch = Math.min((SPREAD * inner) / width, MAX_PITCH);
    if (sectors.length === 0) stageRadius = Math.max(inner / 2, inner - APRON);
    let angle = -(width * pitch) / inner / 2;
    for (const { zone, rows, seatsPerRow } of ring) {
      const from = angle + ((GAP / 2) * pitch) / inner;
      const to = from + (seatsPerRow * pitch) / inner;
      sectors.push({ zone, rows, seatsPerRow, inner, outer: inner + rows * ROW_PITCH, from, to });
      angle = to + ((GAP / 2) * pitch) / inner;
    }
    next = inner + depthOf(ring);
  }
  return { sectors, stageRadius, radius: Math.max(...sectors.map(({ outer }) => outer)) };
}

/** The point of a radius and an angle. */
export const pointAt = (radius: number, angle: number) => ({
  x: radius * Math.sin(angle),
  y: radius * Math.cos(angle),
});

/** The radius of a row. */
export const radiusOf = ({ inner, outer, rows }: Sector, row: number): number =>
  inner + ((row - 0.5) * (outer - inner)) / rows;

/** The room of one seat of a row: the smaller of the distances to the next seat and to the next row. */
export const roomOf = (sector: Sector, row: number): number =>
  Math.min(
    (sector.outer - sector.inner) / sector.rows,
    (radiusOf(sector, row) * (sector.to - sector.from)) / sector.seatsPerRow,
  );

/** The middle of a seat; row and number from 1. */
export function seatPoint(sector: Sector, row: number, number: number) {
  const angle = sector.from + ((number - 0.5) * (sector.to - sector.from)) / sector.seatsPerRow;
  return pointAt(radiusOf(sector, row), angle);
}

/** The seat at a point; undefined where there is no zone. */
export function seatAt({ sectors }: Plan, x: number, y: number) {
  const radius = Math.hypot(x, y);
  const angle = Math.atan2(x, y);
  const sector = sectors.find((p) => radius >= p.inner && radius < p.outer && angle >= p.from && angle < p.to);
  if (sector === undefined) return undefined;
  const row = 1 + Math.floor(((radius - sector.inner) / (sector.outer - sector.inner)) * sector.rows);
  const number = 1 + Math.floor(((angle - sector.from) / (sector.to - sector.from)) * sector.seatsPerRow);
  return { zone: sector.zone, row, number };
}

/** The radii and angles of an upright box: all angles where it contains the stage or lies behind it. */
export function reachOf({ left, right, top, bottom }: ReturnType<typeof boxOf>) {
  const distanceTo = (low: number, high: number) => Math.max(low, -high, 0);
  const nearest = Math.hypot(distanceTo(left, right), distanceTo(top, bottom));
  const farthest = Math.hypot(Math.max(-left, right), Math.max(-top, bottom));
  if (left <= 0 && right >= 0 && top <= 0) return { nearest, farthest, from: -Math.PI, to: Math.PI };
  const angles = [left, right].flatMap((x) => [Math.atan2(x, top), Math.atan2(x, bottom)]);
  return { nearest, farthest, from: Math.min(...angles), to: Math.max(...angles) };
}

/** The smallest upright box around a sector, or around the whole plan. */
export function boxOf(plan: Plan, sector?: Sector) {
  const { inner, outer, from, to } = sector ?? { inner: 0, outer: plan.radius, from: -SPREAD / 2, to: SPREAD / 2 };
  const points = [from, to, ...[-1, -0.5, 0, 0.5, 1].map((quarter) => quarter * Math.PI)]
    .filter((angle) => angle >= from && angle <= to)
    .flatMap((angle) => [pointAt(inner, angle), pointAt(outer, angle)]);
  if (sector === undefined) points.push({ x: 0, y: -plan.stageRadius });
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}
