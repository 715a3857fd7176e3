import { CODE, categoryAt, indexOf, MARK, seatsInRow, type ZoneSeats } from '../house/house.ts';
import { rowLabel, shortZoneName, zoneName } from '../house/names.ts';
import { freeText } from '../house/text.ts';
import { drawGroups, groupsOf, type SeatPoint } from './draw-groups.ts';
import { type Colours, drawHaloed, font, ROWS_SCALE, type Scene } from './draw-kit.ts';
import type { Block } from './plan-blocks.ts';
import { AISLE, pointAt, radiusOf, type reachOf, roomOf, type Sector, seatPoint } from './plan-layout.ts';
import { type Box, contains, type Point, type Points, widened } from './plan-points.ts';

/** Pixels: from a row's end to its label, from the canvas' edge to a label, and from a first row to its zone's name. */
const ROW_LABEL_PIXELS = 11;
const EDGE_PIXELS = 17;
const ZONE_NAME_PIXELS = 18;

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
  const groups = groupsOf(scene, zone, [zone.category]);
  const labelView = labelViewOf(view, scale);
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
    let labelled = 0;
    for (const { number, sin, cos } of rays) {
      const x = radius * sin;
      const y = radius * cos;
      if (labelled === 0 && contains(labelView, x, y)) labelled = number;
      if (x < view.left || x > view.right || y < view.top || y > view.bottom) continue;
      groups.byCode[zone.seats[indexOf(zone, row, number)] ?? 0]?.seats.push({ x: x * scale, y: y * scale, number });
    }
    drawGroups(context, groups.all, zone, row, scale * roomOf(sector, row), scale, scene);
    drawRowLabel(context, sector, zone, row, labelled, scale, scene);
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
  const groups = groupsOf(scene, zone, [...zone.usedCategories]);
  const labelView = labelViewOf(view, scale);
  for (let row = 1; row <= zone.rows; row += 1) {
    const first = indexOf(zone, row, 1);
    const seats = seatsInRow(zone, row);
    const room = scale * roomOf(shape, row);
    const marked: (SeatPoint & { mark: number })[] = [];
    let labelled = 0;
    for (let at = first; at < first + seats; at += 1) {
      const x = xs[at] ?? 0;
      const y = ys[at] ?? 0;
      if (labelled === 0 && contains(labelView, x, y)) labelled = at - first + 1;
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
    drawRowLabel(context, shape, zone, row, labelled, scale, scene);
  }
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

/** The name of a zone, and where no seat is available, that it has none. */
const zoneTitle = (zone: ZoneSeats): string =>
  zone.counts[CODE.AVAILABLE] > 0 ? zoneName(zone) : `${zoneName(zone)} · ${freeText(zone.counts)}`;

/** Draws the name of a zone of straight rows in front of its first row. */
export function drawBlockName(
  context: CanvasRenderingContext2D,
  { x, y }: Point,
  zone: ZoneSeats,
  scale: number,
  colours: Colours,
): void {
  context.fillStyle = colours.soft;
  context.font = font(13, 600);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(zoneTitle(zone), x * scale, y * scale - ZONE_NAME_PIXELS / 2);
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
  const roomPixels = radius * (sector.to - sector.from) * scale;
  const fits = (name: string) => context.measureText(name).width < roomPixels;
  context.fillText([zoneTitle(zone), zoneName(zone)].find(fits) ?? shortZoneName(zone), 0, 0);
  context.restore();
}

/** The part of the view whose seats have room for a label before them. */
const labelViewOf = (view: Box, scale: number): Box => widened(view, -1.5 - EDGE_PIXELS / scale);

/**
 * Draws a row's label before its first seat, or, where that is out of sight, between two seats at the edge of the view.
 *
 * @param number of the first seat that has room for a label; 0: none
 */
function drawRowLabel(
  context: CanvasRenderingContext2D,
  shape: Sector | Block,
  zone: ZoneSeats,
  row: number,
  number: number,
  scale: number,
  { colours }: Scene,
): void {
  if (scale < ROWS_SCALE || number === 0) return;
  const seat = seatPoint(shape, row, number);
  const isEnd = number === 1;
  const next = seatsInRow(zone, row) > 1 ? seatPoint(shape, row, isEnd ? 2 : number - 1) : { x: seat.x + 1, y: seat.y };
  const away = roomOf(shape, row) / 2 + (isEnd ? ROW_LABEL_PIXELS / scale : 0);
  const share = ((isEnd ? -1 : 1) * away) / (Math.hypot(next.x - seat.x, next.y - seat.y) || 1);
  const [x, y] = [scale * (seat.x + (next.x - seat.x) * share), scale * (seat.y + (next.y - seat.y) * share)];
  context.font = font(Math.min(12, scale * 0.8), isEnd ? 500 : 700);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const label = rowLabel(zone, row);
  if (isEnd) {
    context.fillStyle = colours.soft;
    context.fillText(label, x, y);
  } else drawHaloed(context, label, x, y, colours);
}
