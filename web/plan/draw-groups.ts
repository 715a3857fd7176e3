import { CODE, type ZoneSeats } from '../house/house.ts';
import { rowName, seatLabel } from '../house/names.ts';
import {
  CIRCLES_SCALE,
  colourOf,
  DIMMED,
  font,
  isLit,
  LABELS_SCALE,
  NUMBERS_SCALE,
  ROUND_SCALE,
  readableOn,
  type Scene,
} from './draw-kit.ts';

/** The share of its room that a seat fills, by status code. The shapes differ too: disc, ring, cross and dot. */
const FILL = [0.78, 0.56, 0.34, 0.2] as const;

/** Characters of a seat's label that fit into it as large as its number. */
const LABEL_CHARACTERS = 3;

/** The share of a seat's room that has the name of its row, within the disc, and the least size that can be read. */
const ROW_NAME_SHARE = 0.55;
const ROW_NAME_PIXELS = 7;

export type SeatPoint = { x: number; y: number; number: number };

/** Seats of one status, colour and opacity. */
type Group = { code: number; colour: string; opacity: number; seats: SeatPoint[] };

/** Groups of seats: those of each category that are available, and the others by their status. */
export function groupsOf(scene: Scene, zone: ZoneSeats, categories: readonly number[]) {
  const { colours } = scene;
  const groupOf = (code: number, colour: string, opacity = 1): Group => ({ code, colour, opacity, seats: [] });
  const free = new Map(
    categories.map((number) => [
      number,
      groupOf(CODE.AVAILABLE, colourOf(scene, zone, number), isLit(scene, zone, number) ? 1 : DIMMED),
    ]),
  );
  const others = [
    groupOf(CODE.HELD, colours.held),
    groupOf(CODE.SOLD, colours.mark),
    groupOf(CODE.BLOCKED, colours.mark),
  ];
  const byCode = [free.get(categories[0] ?? 0), ...others];
  return { free, byCode, all: [...free.values(), ...others] };
}

/** Draws the seats of a row, and empties their groups. `room`: pixels of one seat. */
export function drawGroups(
  context: CanvasRenderingContext2D,
  groups: readonly Group[],
  zone: ZoneSeats,
  row: number,
  room: number,
  scale: number,
  { colours }: Scene,
): void {
  for (const { code, colour, opacity, seats } of groups) {
    if (seats.length === 0) continue;
    const side = room * (FILL[code] ?? 0.5);
    context.globalAlpha = opacity;
    context.fillStyle = colour;
    context.strokeStyle = colour;
    if (code === CODE.AVAILABLE) fillSeats(context, seats, side, scale);
    else if (code === CODE.HELD) strokeRings(context, seats, side, scale);
    else if (code === CODE.SOLD && scale >= ROUND_SCALE) strokeCrosses(context, seats, side, room);
    else fillSquares(context, seats, side);
    if (code === CODE.AVAILABLE && scale >= NUMBERS_SCALE) {
      context.fillStyle = readableOn(colours, colour, colours.card, opacity);
      drawSeatLabels(context, seats, zone, row, room, scale);
    }
    seats.length = 0;
  }
  context.globalAlpha = 1;
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
  const name = rowName(zone, row);
  context.font = font(room * 0.19);
  const pixels = room * 0.19 * Math.min(1, (room * ROW_NAME_SHARE) / context.measureText(name).width);
  if (pixels < ROW_NAME_PIXELS) return; // its label is at the end of the row
  context.font = font(pixels);
  for (const { x, y } of seats) context.fillText(name, x, y - room * 0.18);
}

/**
 * Rectangles are drawn four times as fast as circles. Thousands of small seats are squares, larger ones are two crossed
 * rectangles, which look round, and only the few hundred largest are circles.
 */
function fillSeats(context: CanvasRenderingContext2D, seats: readonly SeatPoint[], side: number, scale: number): void {
  const half = side / 2;
  if (scale < ROUND_SCALE) fillSquares(context, seats, side);
  else if (scale < CIRCLES_SCALE) {
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

function fillSquares(context: CanvasRenderingContext2D, seats: readonly SeatPoint[], side: number): void {
  for (const { x, y } of seats) context.fillRect(x - side / 2, y - side / 2, side, side);
}

/** Held seats: rings; small ones are the outlines of squares, all in one path. */
function strokeRings(
  context: CanvasRenderingContext2D,
  seats: readonly SeatPoint[],
  side: number,
  scale: number,
): void {
  const half = side / 2;
  context.lineWidth = Math.max(1, side * 0.24);
  context.beginPath();
  for (const { x, y } of seats) {
    if (scale < CIRCLES_SCALE) context.rect(x - half, y - half, side, side);
    else {
      context.moveTo(x + half, y);
      context.arc(x, y, half, 0, 2 * Math.PI);
    }
  }
  context.stroke();
}

function strokeCrosses(
  context: CanvasRenderingContext2D,
  seats: readonly SeatPoint[],
  side: number,
  room: number,
): void {
  const half = side / 2;
  context.lineWidth = Math.max(1, room * 0.07);
  context.beginPath();
  for (const { x, y } of seats) {
    context.moveTo(x - half, y - half);
    context.lineTo(x + half, y + half);
    context.moveTo(x - half, y + half);
    context.lineTo(x + half, y - half);
  }
  context.stroke();
}
