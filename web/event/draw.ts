import type { Camera, Size } from './camera.ts';
import { CODE, type House, type Seat, seatOf, type ZoneSeats } from './house.ts';
import {
  AISLE,
  type boxOf,
  type Plan,
  pointAt,
  radiusOf,
  reachOf,
  roomOf,
  type Sector,
  seatPoint,
} from './plan-layout.ts';
import { freeText } from './text.ts';

/** The colours of the style sheet, for light or dark. */
export type Colours = Record<'paper' | 'ink' | 'soft' | 'line' | 'free' | 'held' | 'sold' | 'mine' | 'onMine', string>;

export type Scene = {
  plan: Plan;
  house: House;
  /** Labels of this buyer's seats, and of the picked ones. */
  mine: ReadonlySet<string>;
  picked: ReadonlySet<string>;
  pointed: Seat | undefined;
  colours: Colours;
};

/**
 * Pixels for one unit from which on single seats are drawn, look round, have row numbers at their side, are circles,
 * and have numbers and labels.
 */
export const SEATS_SCALE = 4.5;
const ROUND_SCALE = 6;
const ROWS_SCALE = 9;
const CIRCLES_SCALE = 10;
export const NUMBERS_SCALE = 19;
const LABELS_SCALE = 40;

/**
 * Pixels from a row's end to its number, from a first row to its zone's name, and of the smallest mark of a buyer's
 * seat.
 */
const ROW_NUMBER_PIXELS = 11;
const ZONE_NAME_PIXELS = 18;
const MIN_MARK_PIXELS = 6.5;

/** The share of its room that a seat fills, by status code: seats that are not available are smaller. */
const FILL = [0.78, 0.78, 0.46, 0.46] as const;

/** Draws the part of the plan that the camera shows. `dpr`: device pixels for one of CSS. */
export function draw(context: CanvasRenderingContext2D, size: Size, dpr: number, camera: Camera, scene: Scene): void {
  const { plan, house, colours } = scene;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, size.width * dpr, size.height * dpr);
  const { scale } = camera;
  context.setTransform(
    dpr,
    0,
    0,
    dpr,
    dpr * (size.width / 2 - camera.x * scale),
    dpr * (size.height / 2 - camera.y * scale),
  );
  const view = viewOf(camera, size);
  const reach = reachOf(view);
  drawStage(context, plan, scale, colours);
  for (const sector of plan.sectors) {
    const zone = house.zone(sector.zone);
    if (zone === undefined || !isWithin(reach, sector)) continue;
    if (scale < SEATS_SCALE) drawZone(context, sector, zone, scale, scene);
    else drawSeats(context, sector, zone, scale, scene, view, reach);
  }
  drawMarks(context, scale, scene);
  if (scale >= SEATS_SCALE) drawPointed(context, scale, scene);
}

type Box = ReturnType<typeof boxOf>;

type Reach = ReturnType<typeof reachOf>;

const viewOf = ({ x, y, scale }: Camera, { width, height }: Size): Box => ({
  left: x - width / 2 / scale - 1,
  right: x + width / 2 / scale + 1,
  top: y - height / 2 / scale - 1,
  bottom: y + height / 2 / scale + 1,
});

const isWithin = ({ nearest, farthest, ...angles }: Reach, { inner, outer, from, to }: Sector) =>
  outer > nearest && inner < farthest && to > angles.from && from < angles.to;

const font = (pixels: number, weight = 500) => `${weight} ${pixels}px system-ui, sans-serif`;

function drawStage(context: CanvasRenderingContext2D, { stageRadius }: Plan, scale: number, colours: Colours): void {
  const radius = stageRadius * scale;
  context.beginPath();
  context.arc(0, 0, radius, 0, 2 * Math.PI);
  context.fillStyle = colours.line;
  context.fill();
  if (radius < 16) return;
  context.fillStyle = colours.soft;
  context.font = font(Math.min(15, radius / 2.6), 600);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText('Stage', 0, 0);
}

/** The outline of a sector. A canvas' angles begin at the right and grow clockwise; ours begin below. */
function outline(
  context: CanvasRenderingContext2D,
  { inner, outer, from, to }: Sector,
  scale: number,
  margin = 0,
): void {
  const turn = (angle: number) => Math.PI / 2 - angle;
  context.beginPath();
  context.arc(0, 0, (outer + margin) * scale, turn(from - margin / outer), turn(to + margin / outer), true);
  context.arc(0, 0, (inner - margin) * scale, turn(to + margin / inner), turn(from - margin / inner), false);
  context.closePath();
}

/** A zone as one shape, which is the paler the fewer of its seats are free. */
function drawZone(
  context: CanvasRenderingContext2D,
  sector: Sector,
  zone: ZoneSeats,
  scale: number,
  scene: Scene,
): void {
  const { colours, pointed } = scene;
  const free = zone.counts[CODE.AVAILABLE] / Math.max(1, zone.seats.length);
  // A zone with one free seat differs from one with none, and the eye separates pale zones better than strong ones.
  const strength = free === 0 ? 0 : 0.12 + 0.88 * free ** 1.6;
  outline(context, sector, scale);
  context.globalAlpha = 1;
  context.fillStyle = colours.sold;
  context.fill();
  context.globalAlpha = strength;
  context.fillStyle = colours.free;
  context.fill();
  context.globalAlpha = 1;
  if (pointed?.zone === zone.zone) {
    context.lineWidth = 2;
    context.strokeStyle = colours.ink;
    context.stroke();
  }
  const { inner, outer, from, to } = sector;
  const room = scale * Math.min(outer - inner, ((inner + outer) / 2) * (to - from));
  if (room < 12) return;
  const { x, y } = pointAt((inner + outer) / 2, (from + to) / 2);
  const pixels = Math.min(20, Math.max(room < 15 ? 9 : 10, room / 2.6));
  context.fillStyle = readableOn(colours, strength);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = font(11);
  const text = freeText(zone.counts);
  const hasText = room > 44 && context.measureText(text).width < room - 6;
  context.font = font(pixels, 600);
  context.fillText(String(zone.zone), x * scale, y * scale - (hasText ? pixels * 0.45 : 0));
  if (!hasText) return;
  context.font = font(11);
  context.fillText(text, x * scale, y * scale + pixels * 0.65);
}

/** The text colour with more contrast to a zone of this strength, by the formula of WCAG 2. */
function readableOn({ paper, ink, free, sold }: Colours, strength: number): string {
  const background = strength * luminanceOf(free) + (1 - strength) * luminanceOf(sold) + 0.05;
  const contrast = (colour: string) =>
    Math.max((luminanceOf(colour) + 0.05) / background, background / (luminanceOf(colour) + 0.05));
  return contrast(paper) > contrast(ink) ? paper : ink;
}

/** Relative luminance, 0 to 1, of a colour `#rrggbb`. */
function luminanceOf(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map(
    (at) => (Number.parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

type SeatPoint = { x: number; y: number; number: number };

function drawSeats(
  context: CanvasRenderingContext2D,
  sector: Sector,
  zone: ZoneSeats,
  scale: number,
  scene: Scene,
  view: Box,
  reach: Reach,
): void {
  const { colours } = scene;
  const fills = [colours.free, colours.held, colours.sold, colours.sold];
  const pointsByCode: SeatPoint[][] = [[], [], [], []];
  const step = (sector.to - sector.from) / sector.seatsPerRow;
  const first = Math.max(1, Math.floor((reach.from - sector.from) / step));
  const last = Math.min(sector.seatsPerRow, Math.ceil((reach.to - sector.from) / step) + 1);
  // The seats of all rows are on the same rays.
  const rays: { number: number; sin: number; cos: number }[] = [];
  for (let number = first; number <= last; number += 1) {
    const { x, y } = pointAt(1, sector.from + (number - 0.5) * step);
    rays.push({ number, sin: x, cos: y });
  }
  for (let row = 1; row <= zone.rows; row += 1) {
    const radius = radiusOf(sector, row);
    if (radius < reach.nearest || radius > reach.farthest) continue;
    const room = scale * roomOf(sector, row);
    for (const seats of pointsByCode) seats.length = 0;
    for (const { number, sin, cos } of rays) {
      const x = radius * sin;
      const y = radius * cos;
      if (x < view.left || x > view.right || y < view.top || y > view.bottom) continue;
      const code = zone.seats[(row - 1) * zone.seatsPerRow + number - 1] ?? 0;
      pointsByCode[code]?.push({ x: x * scale, y: y * scale, number });
    }
    for (const [code, seats] of pointsByCode.entries()) {
      if (seats.length === 0) continue;
      context.fillStyle = fills[code] ?? colours.sold;
      fillSeats(context, seats, room * (FILL[code] ?? 0.5), scale);
      if (code === CODE.AVAILABLE && scale >= NUMBERS_SCALE) drawSeatNumbers(context, seats, row, room, scale, colours);
    }
    if (scale >= ROWS_SCALE) drawRowNumber(context, sector, row, radius, scale, colours);
  }
  drawZoneName(context, sector, scale, colours);
}

function drawSeatNumbers(
  context: CanvasRenderingContext2D,
  seats: readonly SeatPoint[],
  row: number,
  room: number,
  scale: number,
  colours: Colours,
): void {
  const isLabelled = scale >= LABELS_SCALE;
  context.fillStyle = colours.paper;
  context.font = font(Math.min(14, room * 0.42), 600);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const { x, y, number } of seats) context.fillText(String(number), x, y + (isLabelled ? room * 0.1 : 0.5));
  if (!isLabelled) return;
  context.font = font(room * 0.19);
  for (const { x, y } of seats) context.fillText(`row ${row}`, x, y - room * 0.18);
}

/**
 * Draws the zone's name along its first row, on the side of the stage: the aisle there is always inside the picture.
 */
function drawZoneName(context: CanvasRenderingContext2D, sector: Sector, scale: number, colours: Colours): void {
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
  const name = `Zone ${sector.zone}`;
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
  { from }: Sector,
  row: number,
  radius: number,
  scale: number,
  colours: Colours,
): void {
  const { x, y } = pointAt(radius, from - ROW_NUMBER_PIXELS / scale / radius);
  context.fillStyle = colours.soft;
  context.font = font(Math.min(12, scale * 0.8));
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(String(row), x * scale, y * scale);
}

/**
 * Marks this buyer's seats and the picked ones, above all others and never too small to see. Their meaning does not
 * depend on colour: a buyer's seats are filled and ticked, picked ones are not. Each ring is drawn for all seats
 * before the next, so that neighbours share one outline.
 */
function drawMarks(context: CanvasRenderingContext2D, scale: number, { plan, mine, picked, colours }: Scene): void {
  const marks = [...mine, ...[...picked].filter((label) => !mine.has(label))].flatMap((label) => {
    const mark = markOf(plan, seatOf(label), scale);
    return mark === undefined ? [] : [{ ...mark, isMine: mine.has(label) }];
  });
  const fillDisks = (seats: typeof marks, inset: number, colour: string) => {
    context.fillStyle = colour;
    for (const { x, y, radius } of seats) {
      context.beginPath();
      context.arc(x, y, radius - inset, 0, 2 * Math.PI);
      context.fill();
    }
  };
  const owned = marks.filter(({ isMine }) => isMine);
  fillDisks(marks, 0, colours.ink);
  fillDisks(marks, 1.75, colours.paper);
  fillDisks(owned, 3.25, colours.mine);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const { x, y, radius, number, isMine } of marks) {
    if (radius < 8) continue;
    context.font = font(Math.min(14, radius * 0.9), 700);
    context.fillStyle = isMine ? colours.onMine : colours.ink;
    context.fillText(isMine ? '✓' : String(number), x, y + 0.5);
  }
}

function drawPointed(context: CanvasRenderingContext2D, scale: number, { plan, pointed, colours }: Scene): void {
  const mark = pointed && markOf(plan, pointed, scale);
  if (mark === undefined) return;
  context.beginPath();
  context.arc(mark.x, mark.y, mark.radius, 0, 2 * Math.PI);
  context.lineWidth = 2;
  context.strokeStyle = colours.ink;
  context.stroke();
}

/** The position and size of a seat's mark. */
function markOf({ sectors }: Plan, { zone, row, number }: Seat, scale: number) {
  const sector = sectors.find((other) => other.zone === zone);
  if (sector === undefined) return undefined;
  const { x, y } = seatPoint(sector, row, number);
  const radius = Math.max(MIN_MARK_PIXELS, (scale * roomOf(sector, row)) / 2);
  return { x: x * scale, y: y * scale, radius, number };
}
