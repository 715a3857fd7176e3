/**
 * Where a zone stands: between two radii and two angles around the stage. A unit is about one seat; angle 0 is straight in
 * front of the stage, which looks down the page; angles grow to the right.
 */
export type Place = {
  zone: number;
  rows: number;
  seatsPerRow: number;
  inner: number;
  outer: number;
  from: number;
  to: number;
};

/** The plan of a house, as data: what is drawn and hit. */
export type Plan = { places: Place[]; stageRadius: number; radius: number };

/** How far the bowl reaches around the stage, in radians. */
const SPREAD = 4.2;

/** In units: between rows, between zones side by side, between rings, and from the stage to the first row. */
const ROW_PITCH = 1.15;
const GAP = 4;
const AISLE = 6;
const APRON = 12;

/** How far seats of a ring that is not full may stand apart. */
const MAX_PITCH = 1.25;

/** Radii of the stage's apron that are tried: the one whose last ring is the fullest is taken. */
const FIRST_RADII = Array.from({ length: 31 }, (_, i) => 50 + 2 * i);

type Size = { zone: number; rows: number; seatsPerRow: number };

/** Zones in rings around a stage, in their order from the front, left to right. */
export function bowl(zones: readonly Size[]): Plan {
  const small = zones.reduce((sum, { seatsPerRow }) => sum + seatsPerRow + GAP, 0) / SPREAD;
  const radii = small < (FIRST_RADII[0] ?? 0) ? [Math.max(8, small)] : FIRST_RADII;
  let best = ringsFrom(zones, radii[0] as number);
  for (const radius of radii.slice(1)) {
    const rings = ringsFrom(zones, radius);
    if (rings.lastShare > best.lastShare) best = rings;
  }
  return best.plan;
}

function ringsFrom(zones: readonly Size[], firstRadius: number): { plan: Plan; lastShare: number } {
  const places: Place[] = [];
  const left = [...zones];
  let inner = firstRadius;
  let lastShare = 1;
  while (left.length > 0) {
    inner = Math.max(inner, ((left[0]?.seatsPerRow ?? 0) + GAP) / SPREAD);
    const room = SPREAD * inner;
    const ring: Size[] = [];
    let width = 0;
    while (left[0] !== undefined && width + left[0].seatsPerRow + GAP <= room + 1e-9) {
      width += left[0].seatsPerRow + GAP;
      ring.push(left.shift() as Size);
    }
    lastShare = width / room;
    const pitch = left.length > 0 ? room / width : Math.min(room / width, MAX_PITCH);
    let angle = -(width * pitch) / inner / 2;
    for (const { zone, rows, seatsPerRow } of ring) {
      const from = angle + ((GAP / 2) * pitch) / inner;
      const to = from + (seatsPerRow * pitch) / inner;
      places.push({ zone, rows, seatsPerRow, inner, outer: inner + rows * ROW_PITCH, from, to });
      angle = to + ((GAP / 2) * pitch) / inner;
    }
    inner += ROW_PITCH * Math.max(...ring.map(({ rows }) => rows)) + AISLE;
  }
  const radius = Math.max(...places.map(({ outer }) => outer));
  return { plan: { places, stageRadius: Math.max(4, firstRadius - APRON), radius }, lastShare };
}

/** The point of a radius and an angle. */
export const pointAt = (radius: number, angle: number) => ({
  x: radius * Math.sin(angle),
  y: radius * Math.cos(angle),
});

/** The radius that a row stands on. */
export const radiusOf = ({ inner, outer, rows }: Place, row: number): number =>
  inner + ((row - 0.5) * (outer - inner)) / rows;

/** The room of one seat of a row: the distance to the next seat, or row, whichever is nearer. */
export const roomOf = (place: Place, row: number): number =>
  Math.min(
    (place.outer - place.inner) / place.rows,
    (radiusOf(place, row) * (place.to - place.from)) / place.seatsPerRow,
  );

/** The middle of a seat; row and number from 1. */
export function seatPoint(place: Place, row: number, number: number) {
  const angle = place.from + ((number - 0.5) * (place.to - place.from)) / place.seatsPerRow;
  return pointAt(radiusOf(place, row), angle);
}

/** What stands at a point: a zone, and the seat there. */
export function seatAt({ places }: Plan, x: number, y: number) {
  const radius = Math.hypot(x, y);
  const angle = Math.atan2(x, y);
  const place = places.find((p) => radius >= p.inner && radius < p.outer && angle >= p.from && angle < p.to);
  if (place === undefined) return undefined;
  const row = 1 + Math.floor(((radius - place.inner) / (place.outer - place.inner)) * place.rows);
  const number = 1 + Math.floor(((angle - place.from) / (place.to - place.from)) * place.seatsPerRow);
  return { zone: place.zone, row, number };
}

/** The smallest upright box around a place, or around the whole plan. */
export function boxOf(plan: Plan, place?: Place) {
  const { inner, outer, from, to } = place ?? { inner: 0, outer: plan.radius, from: -SPREAD / 2, to: SPREAD / 2 };
  const points = [from, to, ...[-1, -0.5, 0, 0.5, 1].map((quarter) => quarter * Math.PI)]
    .filter((angle) => angle >= from && angle <= to)
    .flatMap((angle) => [pointAt(inner, angle), pointAt(outer, angle)]);
  if (place === undefined) points.push({ x: 0, y: -plan.stageRadius });
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}
