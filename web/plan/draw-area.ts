import { CODE, type ZoneSeats } from '../house/house.ts';
import { zoneName } from '../house/names.ts';
import { freeText } from '../house/text.ts';
import { colourOf, DIMMED, drawHaloed, font, isLit, type Scene } from './draw-kit.ts';
import { pointAt, type Sector } from './plan-layout.ts';
import type { Box, Point } from './plan-points.ts';

/** The outline of a sector. A canvas' angles begin at the right and grow clockwise; ours begin below. */
export function outline(
  context: CanvasRenderingContext2D,
  { inner, outer, from, to }: Pick<Sector, 'inner' | 'outer' | 'from' | 'to'>,
  scale: number,
): void {
  const turn = (angle: number) => Math.PI / 2 - angle;
  context.beginPath();
  context.arc(0, 0, outer * scale, turn(from), turn(to), true);
  context.arc(0, 0, inner * scale, turn(to), turn(from), false);
  context.closePath();
}

export function strokeIfPointed(context: CanvasRenderingContext2D, zone: ZoneSeats, { pointed, colours }: Scene): void {
  if (pointed?.zone !== zone.zone) return;
  context.lineWidth = 2;
  context.strokeStyle = colours.ink;
  context.stroke();
}

/** An area around the stage, as a bar along its arc. */
export function drawArcArea(
  context: CanvasRenderingContext2D,
  sector: Sector,
  zone: ZoneSeats,
  scale: number,
  scene: Scene,
): void {
  const { from, to, inner, outer } = sector;
  const radius = (inner + outer) / 2;
  const angleAt = (share: number) => from + (to - from) * share;
  fillParts(context, zone, scene, (first, last) =>
    outline(context, { inner, outer, from: angleAt(first), to: angleAt(last) }, scale),
  );
  const { x, y } = pointAt(radius, (from + to) / 2);
  const size = { width: radius * (to - from) * scale, height: (outer - inner) * scale };
  drawAreaName(context, zone, { x: x * scale, y: y * scale }, size, scene);
}

/** An area between seats that have coordinates. */
export function drawBoxArea(
  context: CanvasRenderingContext2D,
  { left, right, top, bottom }: Box,
  zone: ZoneSeats,
  scale: number,
  scene: Scene,
): void {
  const size = { width: (right - left) * scale, height: (bottom - top) * scale };
  fillParts(context, zone, scene, (first, last) => {
    context.beginPath();
    context.rect(left * scale + first * size.width, top * scale, (last - first) * size.width, size.height);
  });
  const middle = { x: (scale * (left + right)) / 2, y: (scale * (top + bottom)) / 2 };
  drawAreaName(context, zone, middle, size, scene);
}

/**
 * Fills the shares of an area's places that are available, held and sold, from the left: the last two are hatched.
 *
 * @param outlinePart begins the outline of a part, between two shares of the whole
 */
function fillParts(
  context: CanvasRenderingContext2D,
  zone: ZoneSeats,
  scene: Scene,
  outlinePart: (first: number, last: number) => void,
): void {
  const { colours, hatches } = scene;
  const shareOf = (code: number) => (zone.counts[code] ?? 0) / Math.max(1, zone.capacity);
  const free = shareOf(CODE.AVAILABLE);
  const notSold = free + shareOf(CODE.HELD);
  const opacity = isLit(scene, zone, zone.category) ? 1 : DIMMED;
  const parts = [
    { first: 0, last: 1, fill: colours.card },
    { first: 0, last: free, fill: colourOf(scene, zone, zone.category), opacity },
    { first: free, last: notSold, fill: hatches.held },
    { first: notSold, last: 1, fill: hatches.sold },
  ];
  for (const { first, last, fill, opacity: own = 1 } of parts) {
    if (last <= first) continue;
    outlinePart(first, last);
    context.globalAlpha = own;
    context.fillStyle = fill;
    context.fill();
  }
  context.globalAlpha = 1;
  outlinePart(0, 1);
  context.lineWidth = 1;
  context.strokeStyle = colours.soft;
  context.stroke();
  strokeIfPointed(context, zone, scene);
}

/** Writes the name of an area, and its free places where there is room. */
function drawAreaName(
  context: CanvasRenderingContext2D,
  zone: ZoneSeats,
  { x, y }: Point,
  { width, height }: { width: number; height: number },
  { colours }: Scene,
): void {
  if (height < LEAST_HEIGHT) return;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = font(Math.min(16, Math.max(10, height / 2.4)), 600);
  const texts = [`${zoneName(zone)} · ${freeText(zone.counts)}`, zoneName(zone), String(zone.zone)];
  const text = texts.find((one) => context.measureText(one).width < width - 8) ?? '';
  drawHaloed(context, text, x, y, colours);
}

/** The pixels of an area's height from which on it has a name. */
const LEAST_HEIGHT = 12;
