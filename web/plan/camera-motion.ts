import {
  between,
  type Camera,
  cameraOn,
  cameraOnBox,
  heldInside,
  type Point,
  panned,
  type Size,
  zoomed,
} from './camera.ts';
import type { Plan, ZoneShape } from './plan-layout.ts';
import type { Box } from './plan-points.ts';

/** Milliseconds of a flight from one part of the plan to another. */
const FLIGHT_MS = 350;

/** The smallest scale, as a share of the scale at which the whole plan fits. */
const MIN_SCALE_SHARE = 0.8;

/**
 * The camera over time. Its motion has two states:
 *
 * - `resting`: the camera stays. A move → `flying`, or to its target at once.
 * - `flying`: the camera is between two places. `advance` past the end → `resting`.
 *
 * A camera that shows the whole plan keeps showing it when the canvas changes its size.
 *
 * @param isInstant moves do not fly: the user prefers reduced motion
 */
export function createCameraMotion(plan: Plan, isInstant: () => boolean, onMove: () => void) {
  let motion: { name: 'resting' } | { name: 'flying'; from: Camera; to: Camera; sinceMs: number } = { name: 'resting' };
  let camera: Camera = { x: 0, y: 0, scale: 1 };
  let size: Size = { width: 1, height: 1 };
  let isWhole = true;

  const minScale = () => cameraOn(plan, size).scale * MIN_SCALE_SHARE;
  const target = () => (motion.name === 'flying' ? motion.to : camera);
  const middle = (): Point => ({ x: size.width / 2, y: size.height / 2 });

  function moveTo(to: Camera, isAtOnce = isInstant()): void {
    isWhole = false;
    const inside = heldInside(to, plan);
    motion = isAtOnce ? { name: 'resting' } : { name: 'flying', from: camera, to: inside, sinceMs: performance.now() };
    if (isAtOnce) camera = inside;
    onMove();
  }

  return {
    camera: () => camera,
    /** The camera at the end of its flight. */
    target,
    size: () => size,
    isWhole: () => isWhole,
    moveTo,
    showAll(): void {
      moveTo(cameraOn(plan, size));
      isWhole = true;
    },
    /** Shows a zone, at this scale or nearer. */
    showShape(shape: ZoneShape, atLeastScale: number): void {
      const to = cameraOn(plan, size, shape);
      moveTo({ ...to, scale: Math.max(to.scale, atLeastScale) });
    },
    /** Shows a box, at this scale or farther. */
    showBox(box: Box, atMostScale: number): void {
      const to = cameraOnBox(box, size);
      moveTo({ ...to, scale: Math.min(to.scale, atMostScale) });
    },
    /** Flies from where the camera is going by so many pixels. */
    pan: (dx: number, dy: number): void => moveTo(panned(target(), dx, dy)),
    zoom: (factor: number, at = middle(), isAtOnce?: boolean): void =>
      moveTo(zoomed(target(), size, factor, at, minScale()), isAtOnce),
    /** Follows a finger or mouse, without a flight. */
    drag: (dx: number, dy: number): void => moveTo(panned(camera, dx, dy), true),
    /** Follows two fingers: a zoom around a point, and a drag. */
    pinch: (factor: number, at: Point, dx: number, dy: number): void =>
      moveTo(panned(zoomed(camera, size, factor, at, minScale()), dx, dy), true),
    resize(to: Size): void {
      size = to;
      if (isWhole) camera = cameraOn(plan, size);
    },
    /** Moves the camera on to this time of `performance.now()`. Returns whether it still flies. */
    advance(nowMs: number): boolean {
      if (motion.name === 'resting') return false;
      const share = Math.min(1, Math.max(0, (nowMs - motion.sinceMs) / FLIGHT_MS));
      camera = between(motion.from, motion.to, share);
      if (share === 1) motion = { name: 'resting' };
      return motion.name === 'flying';
    },
  };
}

export type CameraMotion = ReturnType<typeof createCameraMotion>;
