import type { RowView } from '../house/house-view.ts';
import { type Block, blockSeatAt, blocksOf, holeOf } from './plan-blocks.ts';
import { type Box, boxAround, boxOfPoints, emptyPoints, nearestSeat, type Points } from './plan-points.ts';
import { isSmall, straightOf } from './straight-rows.ts';

/**
 * The position of a zone: between two radii and two angles around the stage. A unit is about one seat. Angle 0 is
 * straight in front of the stage, which faces down the page; angles grow to the right.
 */
export type Sector = {
  zone: number;
  rows: number;
  /** Seats side by side of the widest row, and the gaps between them. */
  seatsPerRow: number;
  inner: number;
  outer: number;
  from: number;
  to: number;
  /** Of seats that are not on common rays: rows differ. */
  points?: Points;
  isArea?: true;
};

/** An area in the hole between seats that have coordinates. */
export type Bar = { zone: number; bar: Box };

/** A zone on the plan: around the stage, or where its seats have coordinates, or between these. */
type SeatedShape = Sector | Block;
export type ZoneShape = SeatedShape | Bar;

/**
 * The plan of a house, as data: it is drawn, and clicks are found in it. `stageBar`: the stage of seats with
 * coordinates, where their rows show where it is.
 */
export type Plan = {
  sectors: Sector[];
  blocks: Block[];
  bars: Bar[];
  stageRadius: number;
  stageBar: Box | undefined;
  box: Box;
};

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

/** An area is a bar of so many rows, as wide as this many seats: the square root of its capacity, within bounds. */
const AREA_ROWS = 5;
const AREA_WIDTH = { least: 14, most: 70 };

type Size = {
  zone: number;
  rows: number;
  seatsPerRow: number;
  isArea?: boolean;
  capacity?: number;
  plan?: readonly RowView[] | undefined;
};

/** A zone with the room that it has in a ring. */
type RingSize = Size & { depth: number; width: number };

/**
 * A plan of zones: those whose seats have coordinates there, the others in rings around them, or around a stage. The
 * rows of a small house without rings are straight.
 *
 * @param rings numbers of zones, each ring from left to right; null for zones as they come
 */
export function layOutPlan(zones: readonly Size[], rings: readonly (readonly number[])[] | null): Plan {
  const { blocks, others, stageBar } = blocksOf(zones);
  const bars = barsOf(
    blocks,
    others.filter(({ isArea }) => isArea),
  );
  const sizes = others.filter(({ zone }) => !bars.some((bar) => bar.zone === zone)).map(ringSizeOf);
  const byNumber = new Map(sizes.map((size) => [size.zone, size]));
  const wanted = rings
    ?.map((ring) => ring.flatMap((zone) => byNumber.get(zone) ?? []))
    .filter((ring) => ring.length > 0);
  if (blocks.length === 0 && rings === null && isSmall(sizes)) return straightPlan(sizes);
  if (blocks.length === 0) return { ...planOf(wanted ?? ringsOf(sizes, 0), 0), blocks, bars, stageBar: undefined };
  const middle = { blocks, bars, stageRadius: 0, stageBar };
  const middleBox = boxAround([...blocks.map(({ box }) => box), ...(stageBar === undefined ? [] : [stageBar])]);
  const innermost = Math.max(...[middleBox.left, middleBox.right].map((x) => Math.hypot(x, middleBox.bottom))) + AISLE;
  if (sizes.length === 0) return { ...middle, sectors: [], box: middleBox };
  const { sectors } = planOf(wanted ?? ringsOf(sizes, innermost), innermost);
  return { ...middle, sectors, box: boxAround([middleBox, ...sectors.map(sectorBox)]) };
}

function straightPlan(sizes: readonly RingSize[]): Plan {
  const straight = straightOf(sizes);
  const { blocks, bars, stageBar } = straight;
  const box = boxAround([...blocks.map((block) => block.box), ...bars.map(({ bar }) => bar), stageBar]);
  return { ...straight, sectors: [], stageRadius: 0, box };
}

/** Areas side by side in the hole between blocks, as in an arena. None where the blocks leave no hole. */
function barsOf(blocks: readonly Block[], areas: readonly Size[]): Bar[] {
  const hole = blocks.length === 0 || areas.length === 0 ? undefined : holeOf(blocks);
  if (hole === undefined) return [];
  const width = (hole.right - hole.left) / areas.length;
  return areas.map(({ zone }, i) => ({
    zone,
    bar: { ...hole, left: hole.left + (i + 0.02) * width, right: hole.left + (i + 0.98) * width },
  }));
}

/** The room of a zone in a ring. */
function ringSizeOf(size: Size): RingSize {
  const { rows, seatsPerRow, isArea, capacity = 0, plan } = size;
  if (isArea) {
    const width = Math.min(AREA_WIDTH.most, Math.max(AREA_WIDTH.least, Math.round(Math.sqrt(capacity))));
    return { ...size, depth: AREA_ROWS, width };
  }
  const width = plan?.reduce((most, { seats, gapsAfter = [] }) => Math.max(most, seats + gapsAfter.length), 1);
  return { ...size, depth: rows, width: width ?? seatsPerRow };
}

const widthOf = (ring: readonly RingSize[]) => ring.reduce((sum, { width }) => sum + width + GAP, 0);
const depthOf = (ring: readonly RingSize[]) => ROW_PITCH * Math.max(...ring.map(({ depth }) => depth)) + AISLE;

/**
 * Zones by rings: from the front, as many in each as fit. The first of each ring is in the middle, where seats are
 * best.
 *
 * @param innermost the smallest radius
 */
function ringsOf(zones: readonly RingSize[], innermost: number): RingSize[][] {
  let best = { rings: [[...zones]], score: Number.NEGATIVE_INFINITY };
  for (const firstRadius of FIRST_RADII) {
    const radius = Math.max(firstRadius, innermost);
    const rings: RingSize[][] = [];
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

function planOf(rings: readonly RingSize[][], innermost: number) {
  const sectors: Sector[] = [];
  let next = Math.max(FIRST_RADII[0] as number, innermost);
  let stageRadius = 0;
  for (const ring of rings) {
    const width = widthOf(ring);
    const inner = Math.max(next, width / SPREAD);
    const pitch = Math.min((SPREAD * inner) / width, MAX_PITCH);
    if (sectors.length === 0) stageRadius = Math.max(inner / 2, inner - APRON);
    let angle = -(width * pitch) / inner / 2;
    for (const size of ring) {
      const from = angle + ((GAP / 2) * pitch) / inner;
      const to = from + (size.width * pitch) / inner;
      sectors.push(sectorOf(size, { inner, outer: inner + size.depth * ROW_PITCH, from, to }));
      angle = to + ((GAP / 2) * pitch) / inner;
    }
    next = inner + depthOf(ring);
  }
  const radius = Math.max(...sectors.map(({ outer }) => outer));
  return { sectors, stageRadius, box: ringsBox(radius, stageRadius) };
}

function sectorOf(size: RingSize, edges: Pick<Sector, 'inner' | 'outer' | 'from' | 'to'>): Sector {
  const sector = { zone: size.zone, rows: size.depth, seatsPerRow: size.width, ...edges };
  if (size.isArea) return { ...sector, isArea: true };
  return size.plan === undefined ? sector : { ...sector, points: pointsOf(size, size.plan, sector) };
}

/** Seats of rows that differ: each row is in the middle of its zone, and a gap is as wide as a seat. */
function pointsOf({ seatsPerRow }: Size, plan: readonly RowView[], sector: Sector): Points {
  const points = emptyPoints(plan.length * seatsPerRow);
  for (const [row, { seats, gapsAfter = [] }] of plan.entries()) {
    const gaps = new Set(gapsAfter);
    let slot = 1 + (sector.seatsPerRow - seats - gaps.size) / 2;
    for (let number = 1; number <= seats; number += 1) {
      const { x, y } = rayPoint(sector, row + 1, slot);
      points.xs[row * seatsPerRow + number - 1] = x;
      points.ys[row * seatsPerRow + number - 1] = y;
      slot += gaps.has(number) ? 2 : 1;
    }
  }
  return points;
}

/** The point of a radius and an angle. */
export const pointAt = (radius: number, angle: number) => ({
  x: radius * Math.sin(angle),
  y: radius * Math.cos(angle),
});

/** The radius of a row. */
export const radiusOf = ({ inner, outer, rows }: Sector, row: number): number =>
  inner + ((row - 0.5) * (outer - inner)) / rows;

const isBlock = (shape: ZoneShape): shape is Block => 'room' in shape;

/** Whether a zone has seats on the plan: an area has none. */
export const hasSeats = (shape: ZoneShape): shape is SeatedShape => !('bar' in shape) && !('isArea' in shape);

/** The shape of a zone. */
export const shapeOf = ({ sectors, blocks, bars }: Plan, zone: number): ZoneShape | undefined =>
  [blocks, bars, sectors].map((shapes) => shapes.find((shape) => shape.zone === zone)).find((shape) => shape);

/** The room of one seat of a row: the smaller of the distances to the next seat and to the next row. */
export function roomOf(shape: SeatedShape, row: number): number {
  if (isBlock(shape)) return shape.room;
  const { inner, outer, rows, from, to, seatsPerRow } = shape;
  return Math.min((outer - inner) / rows, (radiusOf(shape, row) * (to - from)) / seatsPerRow);
}

/** A point of a row, on the rays that all rows have in common: the first is 1. */
function rayPoint(sector: Sector, row: number, ray: number) {
  const angle = sector.from + ((ray - 0.5) * (sector.to - sector.from)) / sector.seatsPerRow;
  return pointAt(radiusOf(sector, row), angle);
}

/** The middle of a seat; row and number from 1. */
export function seatPoint(shape: SeatedShape, row: number, number: number) {
  if (!isBlock(shape) && shape.points === undefined) return rayPoint(shape, row, number);
  const { xs = [], ys = [] } = shape.points ?? {};
  const index = (row - 1) * (xs.length / shape.rows) + number - 1;
  return { x: xs[index] ?? 0, y: ys[index] ?? 0 };
}

/**
 * The seat at a point, with number 0 where its zone has none there; undefined where there is no zone.
 *
 * @param slack the distance to a seat with coordinates that is near enough
 */
export function seatAt({ sectors, blocks, bars }: Plan, x: number, y: number, slack = 0) {
  const area = bars.find(({ bar }) => x >= bar.left && x <= bar.right && y >= bar.top && y <= bar.bottom);
  if (area !== undefined) return { zone: area.zone, row: 0, number: 0 };
  const radius = Math.hypot(x, y);
  const angle = Math.atan2(x, y);
  const sector = sectors.find((p) => radius >= p.inner && radius < p.outer && angle >= p.from && angle < p.to);
  if (sector === undefined) return blockSeatAt(blocks, { x, y }, slack);
  if (sector.isArea) return { zone: sector.zone, row: 0, number: 0 };
  const row = 1 + Math.floor(((radius - sector.inner) / (sector.outer - sector.inner)) * sector.rows);
  if (sector.points !== undefined)
    return { zone: sector.zone, row, number: numberAt(sector.points, sector, row, x, y) };
  const number = 1 + Math.floor(((angle - sector.from) / (sector.to - sector.from)) * sector.seatsPerRow);
  return { zone: sector.zone, row, number };
}

/** The number of the seat of a row whose room has this point; 0: it is a gap, or behind the row's end. */
function numberAt(points: Points, sector: Sector, row: number, x: number, y: number): number {
  const perRow = points.xs.length / sector.rows;
  const seatWidth = (radiusOf(sector, row) * (sector.to - sector.from)) / sector.seatsPerRow;
  const reach = Math.hypot(seatWidth, (sector.outer - sector.inner) / sector.rows) / 2;
  const first = (row - 1) * perRow;
  const index = nearestSeat(points, { x, y }, reach, first, first + perRow);
  return index === undefined ? 0 : index - first + 1;
}

/** The radii and angles of an upright box: all angles where it contains the stage or lies behind it. */
export function reachOf({ left, right, top, bottom }: Box) {
  const distanceTo = (low: number, high: number) => Math.max(low, -high, 0);
  const nearest = Math.hypot(distanceTo(left, right), distanceTo(top, bottom));
  const farthest = Math.hypot(Math.max(-left, right), Math.max(-top, bottom));
  if (left <= 0 && right >= 0 && top <= 0) return { nearest, farthest, from: -Math.PI, to: Math.PI };
  const angles = [left, right].flatMap((x) => [Math.atan2(x, top), Math.atan2(x, bottom)]);
  return { nearest, farthest, from: Math.min(...angles), to: Math.max(...angles) };
}

/** The smallest upright box around a zone, or around the whole plan. */
export function boxOf(plan: Plan, shape?: ZoneShape): Box {
  if (shape === undefined) return plan.box;
  if ('bar' in shape) return shape.bar;
  return isBlock(shape) ? shape.box : sectorBox(shape);
}

const sectorBox = (sector: Sector): Box => boxOfPoints(arcPoints(sector));

const ringsBox = (radius: number, stageRadius: number): Box =>
  boxOfPoints([
    ...arcPoints({ inner: 0, outer: radius, from: -SPREAD / 2, to: SPREAD / 2 }),
    { x: 0, y: -stageRadius },
  ]);

/** The corners of a sector, and its outermost points in between. */
const arcPoints = ({ inner, outer, from, to }: Pick<Sector, 'inner' | 'outer' | 'from' | 'to'>) =>
  [from, to, ...[-1, -0.5, 0, 0.5, 1].map((quarter) => quarter * Math.PI)]
    .filter((angle) => angle >= from && angle <= to)
    .flatMap((angle) => [pointAt(inner, angle), pointAt(outer, angle)]);
