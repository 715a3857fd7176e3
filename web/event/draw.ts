import type { Camera, Size } from './camera.ts';
import { drawBlocks } from './draw-block.ts';
import { type Colours, drawHaloed, font, readableOn, type Scene, SEATS_SCALE, strengthOf } from './draw-kit.ts';
import { drawMarks, drawPointed } from './draw-marks.ts';
import { drawPointSeats, drawRaySeats, drawZoneName } from './draw-seats.ts';
import { CODE, type ZoneSeats } from './house.ts';
import { zoneName } from './names.ts';
import { type Plan, pointAt, reachOf, type Sector } from './plan-layout.ts';
import type { Box } from './plan-points.ts';
import { freeText } from './text.ts';

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
    if (zone.isArea) drawArea(context, sector, zone, scale, scene);
    else if (scale < SEATS_SCALE) drawZone(context, sector, zone, scale, scene);
    else {
      if (sector.points === undefined) drawRaySeats(context, sector, zone, scale, scene, view, reach);
      else drawPointSeats(context, { shape: sector, points: sector.points }, zone, scale, scene, view);
      drawZoneName(context, sector, zone, scale, colours);
    }
  }
  drawBlocks(context, scale, scene, view);
  drawMarks(context, scale, scene);
  if (scale >= SEATS_SCALE) drawPointed(context, scale, scene);
}

type Reach = ReturnType<typeof reachOf>;

const viewOf = ({ x, y, scale }: Camera, { width, height }: Size): Box => ({
  left: x - width / 2 / scale - 1,
  right: x + width / 2 / scale + 1,
  top: y - height / 2 / scale - 1,
  bottom: y + height / 2 / scale + 1,
});

const isWithin = ({ nearest, farthest, ...angles }: Reach, { inner, outer, from, to }: Sector) =>
  outer > nearest && inner < farthest && to > angles.from && from < angles.to;

function drawStage(context: CanvasRenderingContext2D, plan: Plan, scale: number, colours: Colours): void {
  const { stageRadius, stageBar } = plan;
  context.beginPath();
  let room = stageRadius * scale;
  const middle = { x: 0, y: 0 };
  if (stageBar === undefined) context.arc(0, 0, room, 0, 2 * Math.PI);
  else {
    const { left, right, top, bottom } = stageBar;
    room = Math.min(right - left, bottom - top) * scale;
    Object.assign(middle, { x: (scale * (left + right)) / 2, y: (scale * (top + bottom)) / 2 });
    context.rect(left * scale, top * scale, (right - left) * scale, (bottom - top) * scale);
  }
  context.fillStyle = colours.line;
  context.fill();
  if (room < 16) return;
  context.fillStyle = colours.soft;
  context.font = font(Math.min(15, room / (stageBar === undefined ? 2.6 : 1.4)), 600);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText('Stage', middle.x, middle.y);
}

/** The outline of a sector. A canvas' angles begin at the right and grow clockwise; ours begin below. */
function outline(
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

function strokeIfPointed(context: CanvasRenderingContext2D, zone: ZoneSeats, { pointed, colours }: Scene): void {
  if (pointed?.zone !== zone.zone) return;
  context.lineWidth = 2;
  context.strokeStyle = colours.ink;
  context.stroke();
}

/** A zone as one shape, which is the paler the fewer of its seats are free. */
function drawZone(
  context: CanvasRenderingContext2D,
  sector: Sector,
  zone: ZoneSeats,
  scale: number,
  scene: Scene,
): void {
  const { colours, categoryColours } = scene;
  const strength = strengthOf(zone.counts[CODE.AVAILABLE] / Math.max(1, zone.capacity));
  const colour = categoryColours[zone.category] ?? colours.free;
  outline(context, sector, scale);
  context.globalAlpha = 1;
  context.fillStyle = colours.sold;
  context.fill();
  context.globalAlpha = strength;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
  strokeIfPointed(context, zone, scene);
  const { inner, outer, from, to } = sector;
  const room = scale * Math.min(outer - inner, ((inner + outer) / 2) * (to - from));
  if (room < 12) return;
  const { x, y } = pointAt((inner + outer) / 2, (from + to) / 2);
  const pixels = Math.min(20, Math.max(room < 15 ? 9 : 10, room / 2.6));
  context.fillStyle = readableOn(colours, colour, colours.sold, strength);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = font(11);
  const text = freeText(zone.counts);
  const hasText = room > 44 && context.measureText(text).width < room - 6;
  context.font = font(pixels, 600);
  const isNameShort = zone.name !== undefined && context.measureText(zone.name).width < room - 6;
  const name = isNameShort ? (zone.name ?? '') : String(zone.zone);
  context.fillText(name, x * scale, y * scale - (hasText ? pixels * 0.45 : 0));
  if (!hasText) return;
  context.font = font(11);
  context.fillText(text, x * scale, y * scale + pixels * 0.65);
}

/** An area as a bar: from the left the share of its places that is free, held and sold. */
function drawArea(
  context: CanvasRenderingContext2D,
  sector: Sector,
  zone: ZoneSeats,
  scale: number,
  scene: Scene,
): void {
  const { colours, categoryColours } = scene;
  const { from, to, inner, outer } = sector;
  const shareOf = (code: number) => (zone.counts[code] ?? 0) / Math.max(1, zone.capacity);
  const freeTo = from + (to - from) * shareOf(CODE.AVAILABLE);
  const heldTo = freeTo + (to - from) * shareOf(CODE.HELD);
  const parts = [
    { from, to, colour: colours.sold },
    { from: freeTo, to: heldTo, colour: colours.held },
    { from, to: freeTo, colour: categoryColours[zone.category] ?? colours.free },
  ];
  for (const { colour, ...part } of parts) {
    if (part.to <= part.from) continue;
    outline(context, { ...sector, ...part }, scale);
    context.fillStyle = colour;
    context.fill();
  }
  outline(context, sector, scale);
  context.lineWidth = 1;
  context.strokeStyle = colours.soft;
  context.stroke();
  strokeIfPointed(context, zone, scene);
  const { x, y } = pointAt((inner + outer) / 2, (from + to) / 2);
  const width = ((inner + outer) / 2) * (to - from) * scale;
  const depth = (outer - inner) * scale;
  if (depth < 12) return;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = font(Math.min(16, Math.max(10, depth / 2.4)), 600);
  const texts = [`${zoneName(zone)} · ${freeText(zone.counts)}`, zoneName(zone), String(zone.zone)];
  const text = texts.find((one) => context.measureText(one).width < width - 8) ?? '';
  drawHaloed(context, text, x * scale, y * scale, colours);
}
