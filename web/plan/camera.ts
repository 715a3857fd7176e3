import { boxOf, type Plan, type ZoneShape } from './plan-layout.ts';
import type { Box } from './plan-points.ts';

/** The point of the plan in the middle of the canvas, and CSS pixels for one unit of the plan. */
export type Camera = { x: number; y: number; scale: number };

/** A point of the canvas, in CSS pixels from its corner. */
export type Point = { x: number; y: number };

export type Size = { width: number; height: number };

/** The largest scale: a seat is as large as a finger. */
export const MAX_SCALE = 56;

/** Pixels that stay free around a zone, or the plan, that fits the canvas: rows have their labels there. */
const MARGIN = 20;

/** The camera that shows a zone, or the whole plan. */
export const cameraOn = (plan: Plan, size: Size, shape?: ZoneShape): Camera => cameraOnBox(boxOf(plan, shape), size);

/** The camera that shows a box, with a margin. */
export function cameraOnBox({ left, right, top, bottom }: Box, { width, height }: Size): Camera {
  const scale = Math.min((width - 2 * MARGIN) / (right - left), (height - 2 * MARGIN) / (bottom - top));
  return { x: (left + right) / 2, y: (top + bottom) / 2, scale: Math.min(Math.max(scale, 0.001), MAX_SCALE) };
}

/** The camera moved by so many pixels of a drag. */
export const panned = ({ x, y, scale }: Camera, dx: number, dy: number): Camera => ({
  x: x - dx / scale,
  y: y - dy / scale,
  scale,
});

/** The camera so many times nearer. The point of the plan under `at` stays there. */
export function zoomed(camera: Camera, size: Size, factor: number, at: Point, minScale: number): Camera {
  const scale = Math.min(MAX_SCALE, Math.max(minScale, camera.scale * factor));
  const fixed = toPlan(camera, size, at);
  const moved = toPlan({ ...camera, scale }, size, at);
  return { x: camera.x + fixed.x - moved.x, y: camera.y + fixed.y - moved.y, scale };
}

/** The camera with its middle inside the plan, so that the plan never leaves the canvas. */
export function heldInside(camera: Camera, plan: Plan): Camera {
  const { left, right, top, bottom } = boxOf(plan);
  const inside = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
  return { ...camera, x: inside(camera.x, left, right), y: inside(camera.y, top, bottom) };
}

/** The point of the plan under a point of the canvas. */
export const toPlan = ({ x, y, scale }: Camera, { width, height }: Size, at: Point) => ({
  x: x + (at.x - width / 2) / scale,
  y: y + (at.y - height / 2) / scale,
});

/** The camera at a share (0 to 1) of the way from one to another. The scale changes by factors, as the eye sees it. */
export function between(from: Camera, to: Camera, share: number): Camera {
  const eased = 1 - (1 - share) ** 3;
  const scale = from.scale * (to.scale / from.scale) ** eased;
  // Points move so that the target comes evenly nearer.
  const moved = to.scale === from.scale ? eased : (1 / from.scale - 1 / scale) / (1 / from.scale - 1 / to.scale);
  return { x: from.x + (to.x - from.x) * moved, y: from.y + (to.y - from.y) * moved, scale };
}
