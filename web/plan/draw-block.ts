import { categoryAt, seatsInRow, type ZoneSeats } from '../house/house.ts';
import { shortZoneName, zoneName } from '../house/names.ts';
import { colourOf, DIMMED, drawHaloed, font, isLit, type Scene, SEATS_SCALE, strengthOf } from './draw-kit.ts';
import { drawBlockName, drawPointSeats } from './draw-seats.ts';
import type { Block, RowLine } from './plan-blocks.ts';
import { type Box, overlap } from './plan-points.ts';

/** Pixels of a zone's smaller side from which on it has its name. */
const NAME_PIXELS = 16;

/** Zones whose seats have coordinates: their seats, or their rows as lines from afar, and their names above all. */
export function drawBlocks(context: CanvasRenderingContext2D, scale: number, scene: Scene, view: Box): void {
  const { plan, house } = scene;
  const visible = plan.blocks.flatMap((block) => {
    const zone = overlap(view, block.box) ? house.zone(block.zone) : undefined;
    return zone === undefined ? [] : [{ block, zone }];
  });
  if (scale >= SEATS_SCALE) {
    for (const { block, zone } of visible) {
      drawPointSeats(context, { shape: block, points: block.points }, zone, scale, scene, view);
      if (block.nameAt !== undefined) drawBlockName(context, block.nameAt, zone, scale, scene.colours);
    }
    return;
  }
  for (const { block, zone } of visible) drawLines(context, block, zone, scale, scene);
  const named: Box[] = [];
  for (const { block, zone } of visible) drawName(context, block, zone, scale, scene, named);
}

/** Each row is the paler the fewer of its seats are available. A row without any is a thin line. */
function drawLines(
  context: CanvasRenderingContext2D,
  { lines, room }: Block,
  zone: ZoneSeats,
  scale: number,
  scene: Scene,
): void {
  const { colours, pointed } = scene;
  context.lineCap = 'square';
  context.lineJoin = 'round';
  context.lineWidth = Math.max(0.5, room * scale * 0.16);
  context.strokeStyle = colours.mark;
  context.beginPath();
  for (const line of lines) addLine(context, line, scale);
  context.stroke();
  context.lineWidth = Math.max(0.75, room * scale * 0.72);
  const isPointed = pointed?.zone === zone.zone;
  for (const line of lines) {
    const free = (zone.freeInRow[line.row - 1] ?? 0) / Math.max(1, seatsInRow(zone, line.row));
    if (free === 0) continue;
    const category = categoryAt(zone, line.index);
    context.globalAlpha = (isPointed ? 1 : strengthOf(free)) * (isLit(scene, zone, category) ? 1 : DIMMED);
    context.strokeStyle = colourOf(scene, zone, category);
    context.beginPath();
    addLine(context, line, scale);
    context.stroke();
  }
  context.globalAlpha = 1;
}

function addLine(context: CanvasRenderingContext2D, { points }: RowLine, scale: number): void {
  const [first] = points;
  if (first === undefined) return;
  context.moveTo(first.x * scale, first.y * scale);
  if (points.length === 1) context.lineTo(first.x * scale + 0.01, first.y * scale); // a canvas draws no empty line
  for (const { x, y } of points) context.lineTo(x * scale, y * scale);
}

/** Draws a zone's name where it covers none of those before. */
function drawName(
  context: CanvasRenderingContext2D,
  { box, middle }: Block,
  zone: ZoneSeats,
  scale: number,
  { colours }: Scene,
  named: Box[],
): void {
  const side = scale * Math.min(box.right - box.left, box.bottom - box.top);
  if (side < NAME_PIXELS) return;
  const [x, y] = [middle.x * scale, middle.y * scale];
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = font(13, 600);
  for (const name of [zoneName(zone), shortZoneName(zone)]) {
    const half = context.measureText(name).width / 2 + 2;
    const room = { left: x - half, right: x + half, top: y - 9, bottom: y + 9 };
    if (2 * half > scale * (box.right - box.left) || named.some((other) => overlap(room, other))) continue;
    drawHaloed(context, name, x, y, colours);
    named.push(room);
    return;
  }
}
