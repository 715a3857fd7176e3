import { texts } from '../texts/texts.ts';
import type { Camera, Size } from './camera.ts';
import { drawArcArea, drawBoxArea } from './draw-area.ts';
import { drawBlocks } from './draw-block.ts';
import { type Colours, font, type Scene, SEATS_SCALE } from './draw-kit.ts';
import { drawMarks, drawOffers, drawPointed } from './draw-marks.ts';
import { drawPointSeats, drawRaySeats, drawZoneName } from './draw-seats.ts';
import { drawZone } from './draw-zone.ts';
import { type Plan, reachOf, type Sector } from './plan-layout.ts';
import type { Box } from './plan-points.ts';

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
    if (zone.isArea) drawArcArea(context, sector, zone, scale, scene);
    else if (scale < SEATS_SCALE) drawZone(context, sector, zone, scale, scene);
    else {
      if (sector.points === undefined) drawRaySeats(context, sector, zone, scale, scene, view, reach);
      else drawPointSeats(context, { shape: sector, points: sector.points }, zone, scale, scene, view);
      drawZoneName(context, sector, zone, scale, colours);
    }
  }
  drawBlocks(context, scale, scene, view);
  for (const { zone: number, bar } of plan.bars) {
    const zone = house.zone(number);
    if (zone !== undefined) drawBoxArea(context, bar, zone, scale, scene);
  }
  drawOffers(context, scale, scene);
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
  context.fillText(texts.plan.stage, middle.x, middle.y);
}
