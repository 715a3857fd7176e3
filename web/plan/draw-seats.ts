import { CODE, categoryAt, indexOf, MARK, seatsInRow, type ZoneSeats } from '../house/house.ts';
import { rowLabel, rowName, seatLabel, zoneName } from '../house/names.ts';
import {
  CIRCLES_SCALE,
  type Colours,
  font,
  LABELS_SCALE,
  NUMBERS_SCALE,
  ROUND_SCALE,
  ROWS_SCALE,
  readableOn,
  type Scene,
} from './draw-kit.ts';
import type { Block } from './plan-blocks.ts';
import { AISLE, pointAt, radiusOf, type reachOf, roomOf, type Sector, seatPoint } from './plan-layout.ts';
import type { Box, Point, Points } from './plan-points.ts';

/** Pixels from a row's end to its number, and from a first row to its zone's name. */
const ROW_NUMBER_PIXELS = 11;
const ZONE_NAME_PIXELS = 18;

/** The share of its room that a seat fills, by status code: seats that are not available are smaller. */
const FILL = [0.78, 0.78, 0.46, 0.46] as const;

/** The share of a held seat in a house with categories: its colour may be like that of one. */
const HELD_FILL = 0.46;

/** Characters of a seat's label that fit into it as large as its number. */
const LABEL_CHARACTERS = 3;

type SeatPoint = { x: number; y: number; number: number };

/** Seats of one colour and size. */
type Group = { code: number; colour: string; seats: SeatPoint[] };

/** The seats of a zone whose rows are all alike: those of all rows are on the same rays. */
export function drawRaySeats(
  context: CanvasRenderingContext2D,
  sector: Sector,
  zone: ZoneSeats,
  scale: number,
  scene: Scene,
  view: Box,
  reach: ReturnType<typeof reachOf>,
): void {
  const groups = groupsOf(scene, [zone.category]);
  const step = (sector.to - sector.from) / sector.seatsPerRow;
  const first = Math.max(1, Math.floor((reach.from - sector.from) / step));
  const last = Math.min(sector.seatsPerRow, Math.ceil((reach.to - sector.from) / step) + 1);
  const rays: { number: number; sin: number; cos: number }[] = [];
  for (let number = first; number <= last; number += 1) {
    const { x, y } = pointAt(1, sector.from + (number - 0.5) * step);
    rays.push({ number, sin: x, cos: y });
  }
  for (let row = 1; row <= zone.rows; row += 1) {
    const radius = radiusOf(sector, row);
    if (radius < reach.nearest || radius > reach.farthest) continue;
    for (const { number, sin, cos } of rays) {
      const x = radius * sin;
      const y = radius * cos;
      if (x < view.left || x > view.right || y < view.top || y > view.bottom) continue;
      groups.byCode[zone.seats[indexOf(zone, row, number)] ?? 0]?.seats.push({ x: x * scale, y: y * scale, number });
    }
    drawGroups(context, groups.all, zone, row, scale * roomOf(sector, row), scale, scene);
    if (scale < ROWS_SCALE) continue;
    drawRowNumber(context, pointAt(radius, sector.from - ROW_NUMBER_PIXELS / scale / radius), zone, row, scale, scene);
  }
}

/** Seats that have places of their own. */
export function drawPointSeats(
  context: CanvasRenderingContext2D,
  { shape, points: { xs, ys } }: { shape: Sector | Block; points: Points },
  zone: ZoneSeats,
  scale: number,
  scene: Scene,
  view: Box,
): void {
  const groups = groupsOf(scene, [...zone.usedCategories]);
  const margin = ROW_NUMBER_PIXELS / scale;
  for (let row = 1; row <= zone.rows; row += 1) {
    const first = indexOf(zone, row, 1);
    const seats = seatsInRow(zone, row);
    const room = scale * roomOf(shape, row);
    const marked: (SeatPoint & { mark: number })[] = [];
    for (let at = first; at < first + seats; at += 1) {
      const x = xs[at] ?? 0;
      const y = ys[at] ?? 0;
      if (x < view.left || x > view.right || y < view.top || y > view.bottom) continue;
      const code = zone.seats[at] ?? 0;
      const seat = { x: x * scale, y: y * scale, number: at - first + 1 };
      const group = code === CODE.AVAILABLE ? groups.free.get(categoryAt(zone, at)) : groups.byCode[code];
      group?.seats.push(seat);
      const mark = zone.marks?.[at] ?? MARK.NONE;
      if (mark !== MARK.NONE) marked.push({ ...seat, mark });
    }
    drawGroups(context, groups.all, zone, row, room, scale, scene);
    outlineMarked(context, marked, room, scene.colours);
    if (scale < ROWS_SCALE) continue;
    const end = seatPoint(shape, row, 1);
    const next = seats > 1 ? seatPoint(shape, row, 2) : { x: end.x + 1, y: end.y };
    const length = Math.hypot(next.x - end.x, next.y - end.y) || 1;
    const away = (roomOf(shape, row) / 2 + margin) / length;
    const at = { x: end.x - (next.x - end.x) * away, y: end.y - (next.y - end.y) * away };
    drawRowNumber(context, at, zone, row, scale, scene);
  }
}

/** Groups of seats: those of each category that are free, and the others by their status. */
function groupsOf({ colours, categoryColours }: Scene, categories: readonly number[]) {
  const groupOf = (code: number, colour: string): Group => ({ code, colour, seats: [] });
  const free = new Map(
    categories.map((number) => [number, groupOf(CODE.AVAILABLE, categoryColours[number] ?? colours.free)]),
  );
  const others = [
    groupOf(CODE.HELD, colours.held),
    groupOf(CODE.SOLD, colours.sold),
    groupOf(CODE.BLOCKED, colours.sold),
  ];
  const byCode = [free.get(categories[0] ?? 0), ...others];
  return { free, byCode, all: [...free.values(), ...others] };
}

/** Draws the seats of a row, and empties their groups. */
function drawGroups(
  context: CanvasRenderingContext2D,
  groups: readonly Group[],
  zone: ZoneSeats,
  row: number,
  room: number,
  scale: number,
  { colours, house }: Scene,
): void {
  for (const { code, colour, seats } of groups) {
    if (seats.length === 0) continue;
    const isSmallHeld = code === CODE.HELD && house.categories.length > 0;
    context.fillStyle = colour;
    fillSeats(context, seats, room * (isSmallHeld ? HELD_FILL : (FILL[code] ?? 0.5)), scale);
    if (code === CODE.AVAILABLE && scale >= NUMBERS_SCALE) {
      context.fillStyle = readableOn(colours, colour);
      drawSeatLabels(context, seats, zone, row, room, scale);
    }
    seats.length = 0;
  }
}

function drawSeatLabels(
  context: CanvasRenderingContext2D,
  seats: readonly SeatPoint[],
  zone: ZoneSeats,
  row: number,
  room: number,
  scale: number,
): void {
  const isLabelled = scale >= LABELS_SCALE;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const { x, y, number } of seats) {
    const label = seatLabel(zone, row, number);
    context.font = font(Math.min(14, room * 0.42) * Math.min(1, LABEL_CHARACTERS / label.length), 600);
    context.fillText(label, x, y + (isLabelled ? room * 0.1 : 0.5));
  }
  if (!isLabelled) return;
  context.font = font(room * 0.19);
  const name = rowName(zone, row);
  for (const { x, y } of seats) context.fillText(name, x, y - room * 0.18, room * 0.7);
}

/** Outlines accessible seats as squares and those of companions as diamonds, whatever their colour and status. */
function outlineMarked(
  context: CanvasRenderingContext2D,
  seats: readonly (Point & { mark: number })[],
  room: number,
  colours: Colours,
): void {
  if (seats.length === 0) return;
  const half = room * 0.46;
  context.lineWidth = Math.min(2, Math.max(1, room / 9));
  context.strokeStyle = colours.ink;
  context.beginPath();
  for (const { x, y, mark } of seats) {
    if (mark === MARK.ACCESSIBLE) context.rect(x - half, y - half, 2 * half, 2 * half);
    else {
      context.moveTo(x, y - half);
      context.lineTo(x + half, y);
      context.lineTo(x, y + half);
      context.lineTo(x - half, y);
      context.closePath();
    }
  }
  context.stroke();
}

/**
 * Draws the zone's name along its first row, on the side of the stage: the aisle there is always inside the picture.
 */
export function drawZoneName(
  context: CanvasRenderingContext2D,
  sector: Sector,
  zone: ZoneSeats,
  scale: number,
  colours: Colours,
): void {
  const angle = (sector.from + sector.to) / 2;
  const radius = sector.inner - Math.min(AISLE / 2, ZONE_NAME_PIXELS / scale);
  const { x, y } = pointAt(radius, angle);
  context.save();
  context.translate(x * scale, y * scale);
  context.rotate(-angle);
  context.fillStyle = colours.soft;
  context.font = font(13, 600);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const name = zoneName(zone);
  const roomPixels = radius * (sector.to - sector.from) * scale;
  context.fillText(context.measureText(name).width < roomPixels ? name : String(sector.zone), 0, 0);
  context.restore();
}

/**
 * Rectangles are drawn four times as fast as circles. Thousands of small seats are squares, larger ones are two crossed
 * rectangles, which look round, and only the few hundred largest are circles.
 */
function fillSeats(context: CanvasRenderingContext2D, seats: readonly SeatPoint[], side: number, scale: number): void {
  const half = side / 2;
  if (scale < ROUND_SCALE) {
    for (const { x, y } of seats) context.fillRect(x - half, y - half, side, side);
  } else if (scale < CIRCLES_SCALE) {
    const inset = side * 0.19;
    for (const { x, y } of seats) {
      context.fillRect(x - half, y - half + inset, side, side - 2 * inset);
      context.fillRect(x - half + inset, y - half, side - 2 * inset, side);
    }
  } else {
    for (const { x, y } of seats) {
      context.beginPath();
      context.arc(x, y, half, 0, 2 * Math.PI);
      context.fill();
    }
  }
}

function drawRowNumber(
  context: CanvasRenderingContext2D,
  { x, y }: Point,
  zone: ZoneSeats,
  row: number,
  scale: number,
  { colours }: Scene,
): void {
  context.fillStyle = colours.soft;
  context.font = font(Math.min(12, scale * 0.8));
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(rowLabel(zone, row), x * scale, y * scale);
}
