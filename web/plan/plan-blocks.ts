import type { RowView } from '../house/house-view.ts';
import {
  type Box,
  boxAround,
  boxOfPoints,
  emptyPoints,
  nearestSeat,
  type Point,
  type Points,
  widened,
} from './plan-points.ts';

/**
 * A zone whose seats have coordinates. `room`: of one seat. `middle`: the seat that is nearest to the middle of all,
 * for its name. `nameAt`: where it has room for its name in front of its first row. `lines`: its rows as they are drawn
 * from afar.
 */
export type Block = {
  zone: number;
  rows: number;
  points: Points;
  room: number;
  box: Box;
  middle: Point;
  nameAt?: Point;
  lines: readonly RowLine[];
};

/** Seats of a row without a gap and of one category, as a line through some of them. `index`: of the first. */
export type RowLine = { row: number; index: number; points: readonly Point[] };

type Positioned = { zone: number; seatsPerRow: number; plan: readonly RowView[] };

/** Points of a line at most, so that it bends as its row does. */
const LINE_POINTS = 9;

/** The distance between neighbours, as a share of the usual one, from which on there is an aisle between them. */
const AISLE_SHARE = 1.8;

/** Rooms of a seat, in units, that are believed: coordinates may be wrong. */
const ROOM = { least: 0.25, most: 4 };

/** In units: from the seats to the stage, and its depth. */
const STAGE = { distance: 3, depth: 4 };

/** Of a hole between the seats: the least share of the plan's width, and the share of the hole that is filled. */
const HOLE = { least: 0.25, filled: 0.9 };

/** The length of the mean of all rows' directions to the front, from which on the front is on one side. */
const CLEAR_FRONT = 0.3;

/** Zones whose seats all have coordinates as blocks around the point 0; the others. A unit is about one seat. */
export function blocksOf<Size extends { plan?: readonly RowView[] | undefined; zone: number; seatsPerRow: number }>(
  zones: readonly Size[],
): { blocks: Block[]; others: Size[]; stageBar: Box | undefined } {
  const positioned: Positioned[] = [];
  const others: Size[] = [];
  for (const size of zones) {
    const { zone, seatsPerRow, plan } = size;
    if (plan?.every(({ seats, positions }) => positions?.length === seats))
      positioned.push({ zone, seatsPerRow, plan });
    else others.push(size);
  }
  if (positioned.length === 0) return { blocks: [], others, stageBar: undefined };
  const pitch =
    median(positioned.flatMap(({ plan }) => plan.flatMap(({ positions = [] }) => distances(positions)))) || 1;
  const { left, right, top, bottom } = boxAround(positioned.map(rawBox));
  const toPlan = ([x, y]: readonly [number, number]): Point => ({
    x: (x - (left + right) / 2) / pitch,
    y: (y - (top + bottom) / 2) / pitch,
  });
  const blocks = positioned.map((zone) => blockOf(zone, toPlan));
  return { blocks, others, stageBar: stageOf(blocks) };
}

const rawBox = ({ plan }: Positioned): Box =>
  boxOfPoints(plan.flatMap(({ positions = [] }) => positions.map(([x, y]) => ({ x, y }))));

/** Distances between neighbours of a row that differ in their place. */
const distances = (positions: readonly (readonly [number, number])[]): number[] =>
  positions
    .slice(1)
    .map(([x, y], i) => Math.hypot(x - (positions[i]?.[0] ?? 0), y - (positions[i]?.[1] ?? 0)))
    .filter((distance) => distance > 0);

function median(numbers: number[]): number {
  const sorted = numbers.sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/** A zone as a block, at the places that `toPlan` makes of its coordinates. */
export function blockOf(
  { zone, seatsPerRow, plan }: Positioned,
  toPlan: (position: readonly [number, number]) => Point,
): Block {
  const points = emptyPoints(plan.length * seatsPerRow);
  const rows = plan.map(({ positions = [] }) => positions.map(toPlan));
  for (const [row, seats] of rows.entries()) {
    for (const [i, { x, y }] of seats.entries()) {
      points.xs[row * seatsPerRow + i] = x;
      points.ys[row * seatsPerRow + i] = y;
    }
  }
  const toNext = median(rows.flatMap((seats) => distances(seats.map(({ x, y }) => [x, y])))) || 1;
  const room = roomOf(rows, toNext);
  const all = rows.flat();
  const centre = mean(all);
  const at = nearestSeat(points, centre, Number.POSITIVE_INFINITY) ?? 0;
  return {
    zone,
    rows: plan.length,
    points,
    room,
    box: widened(boxOfPoints(all), room / 2),
    middle: { x: points.xs[at] ?? 0, y: points.ys[at] ?? 0 },
    lines: plan.flatMap((row, i) => linesOf(row, rows[i] ?? [], i, seatsPerRow, AISLE_SHARE * toNext)),
  };
}

/** The room of a seat: the smaller of the usual distances to the next seat, and to the next row. */
function roomOf(rows: readonly Point[][], toNext: number): number {
  const betweenRows = median(
    rows.slice(1).flatMap((seats, i) => {
      const [first] = seats;
      const others = rows[i] ?? [];
      if (first === undefined) return [];
      return [Math.min(...others.map(({ x, y }) => Math.hypot(x - first.x, y - first.y)))];
    }),
  );
  const room = Math.min(toNext, betweenRows || Number.POSITIVE_INFINITY);
  return Math.min(ROOM.most, Math.max(ROOM.least, room));
}

function mean(points: readonly Point[]): Point {
  const sum = points.reduce(({ x, y }, point) => ({ x: x + point.x, y: y + point.y }), { x: 0, y: 0 });
  return { x: sum.x / Math.max(1, points.length), y: sum.y / Math.max(1, points.length) };
}

function linesOf(plan: RowView, seats: readonly Point[], row: number, seatsPerRow: number, aisle: number): RowLine[] {
  const breaks = new Set(plan.categories?.flatMap(([first, last]) => [first - 1, last]));
  const lines: RowLine[] = [];
  let from = 0;
  for (let i = 1; i <= seats.length; i += 1) {
    const [last, next] = [seats[i - 1], seats[i]];
    const isBroken = last === undefined || next === undefined || breaks.has(i);
    if (!isBroken && Math.hypot(next.x - last.x, next.y - last.y) < aisle) continue;
    lines.push({ row: row + 1, index: row * seatsPerRow + from, points: thinned(seats.slice(from, i)) });
    from = i;
  }
  return lines;
}

/** A line through fewer points, with both its ends. */
function thinned(points: readonly Point[]): Point[] {
  const step = Math.max(1, Math.ceil((points.length - 1) / (LINE_POINTS - 1)));
  return points.filter((_, i) => i % step === 0 || i === points.length - 1);
}

/**
 * The stage: on the side from which the rows of most zones are numbered. None where they are around it.
 */
function stageOf(blocks: readonly Block[]): Box | undefined {
  const directions = blocks.map(frontOf);
  const { x, y } = mean(directions);
  if (Math.hypot(x, y) < CLEAR_FRONT) return undefined;
  const { left, right, top, bottom } = boxAround(blocks.map(({ box }) => box));
  const { distance, depth } = STAGE;
  const isBeside = Math.abs(x) > Math.abs(y);
  const [from, to] = isBeside ? [top, bottom] : [left, right];
  const [low, high] = [from + (to - from) / 4, to - (to - from) / 4];
  if (isBeside) {
    const near = x < 0 ? left - distance - depth : right + distance;
    return { left: near, right: near + depth, top: low, bottom: high };
  }
  const near = y < 0 ? top - distance - depth : bottom + distance;
  return { left: low, right: high, top: near, bottom: near + depth };
}

/**
 * The seat at a point; undefined where there is none.
 *
 * @param slack the distance to a seat that is near enough, where its room is smaller
 */
export function blockSeatAt(blocks: readonly Block[], point: Point, slack: number) {
  let nearest: { zone: number; row: number; number: number } | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const { zone, points, room, rows, box } of blocks) {
    const { left, right, top, bottom } = widened(box, slack);
    if (point.x < left || point.x > right || point.y < top || point.y > bottom) continue;
    const index = nearestSeat(points, point, Math.max(room * Math.SQRT1_2, slack));
    if (index === undefined) continue;
    const distance = Math.hypot((points.xs[index] ?? 0) - point.x, (points.ys[index] ?? 0) - point.y);
    if (distance >= least) continue;
    least = distance;
    const perRow = points.xs.length / rows;
    nearest = { zone, row: 1 + Math.floor(index / perRow), number: 1 + (index % perRow) };
  }
  return nearest;
}

/** The direction from later rows to earlier ones, of length 1: how places covary with the numbers of their rows. */
function frontOf({ points: { xs, ys }, rows }: Block): Point {
  const perRow = xs.length / rows;
  const seats = Array.from(xs.keys()).filter((at) => !Number.isNaN(xs[at]));
  const rowOf = (at: number) => Math.floor(at / perRow);
  const middleRow = seats.reduce((sum, at) => sum + rowOf(at), 0) / Math.max(1, seats.length);
  const sum = { x: 0, y: 0 };
  for (const at of seats) {
    sum.x += (middleRow - rowOf(at)) * (xs[at] ?? 0);
    sum.y += (middleRow - rowOf(at)) * (ys[at] ?? 0);
  }
  const length = Math.hypot(sum.x, sum.y);
  return length === 0 ? sum : { x: sum.x / length, y: sum.y / length };
}

/** The box around the middle of all seats that none of them is in, where it is large enough for standing room. */
export function holeOf(blocks: readonly Block[]): Box | undefined {
  const { right, bottom } = boxAround(blocks.map(({ box }) => box));
  let share = 1;
  for (const { points, room } of blocks) {
    for (const [at, x] of points.xs.entries()) {
      const nearest = Math.max((Math.abs(x) - room) / right, (Math.abs(points.ys[at] ?? 0) - room) / bottom);
      if (nearest < share) share = nearest;
    }
  }
  if (share < HOLE.least) return undefined;
  const [x, y] = [right * share * HOLE.filled, bottom * share * HOLE.filled];
  return { left: -x, right: x, top: -y, bottom: y };
}
