import { type House, labelOf, type Seat, seatOf } from '../house/house.ts';
import { type Point, toPlan } from './camera.ts';
import { createCameraMotion } from './camera-motion.ts';
import { NUMBERS_SCALE, type Scene, SEATS_SCALE } from './draw-kit.ts';
import { listenToGestures, ZOOM_STEP } from './plan-gestures.ts';
import { hasSeats, type Plan, seatAt, seatPoint, shapeOf } from './plan-layout.ts';
import { coloursOf, createPainter } from './plan-painter.ts';

export type PlanListener = {
  seatChosen: (label: string) => void;
  zoneChosen: (zone: number) => void;
  /** The seat under the pointer has changed. */
  pointedAt: (seat: Seat | undefined) => void;
  /** Single seats are drawn now, or no longer. */
  seatsVisible: (isVisible: boolean) => void;
};

/** Pixels beside a seat with coordinates that are near enough to point at it. */
const NEAR_PIXELS = 5;

/** A plan on a canvas. It follows the house, and fingers, wheel and keys, and redraws at most once a frame. */
export function createPlanView(canvas: HTMLCanvasElement, plan: Plan, house: House, listener: PlanListener) {
  Object.assign(canvas, { house }); // for the console, and for tests that compare it with the server's map
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const unmarked = { mine: new Set<string>(), picked: new Set<string>(), pointed: undefined };
  const scene: Scene = { plan, house, ...unmarked, ...coloursOf(canvas, house) };
  const motion = createCameraMotion(
    plan,
    () => still.matches,
    () => painter.redraw(),
  );
  const painter = createPainter(canvas, motion, scene, listener.seatsVisible);
  function seatUnder(point: Point): Seat | undefined {
    const { x, y } = toPlan(motion.camera(), motion.size(), point);
    return seatAt(plan, x, y, NEAR_PIXELS / motion.camera().scale);
  }

  function pointAt(seat: Seat | undefined): void {
    if ((seat && labelOf(seat)) === (scene.pointed && labelOf(scene.pointed))) return;
    scene.pointed = seat;
    listener.pointedAt(seat);
    painter.redraw();
  }

  /**
   * Chooses the seat, or its zone where single seats are not drawn, as in an area. A finger cannot hover, so it points
   * by its tap.
   */
  function tap(point: Point) {
    const seat = seatUnder(point);
    if (seat === undefined) return;
    const isArea = house.zone(seat.zone)?.isArea;
    if (isArea || motion.camera().scale < SEATS_SCALE) return listener.zoneChosen(seat.zone);
    pointAt(seat);
    listener.seatChosen(labelOf(seat));
  }

  const stopGestures = listenToGestures(canvas, {
    ...motion,
    tap,
    hover: (point) => pointAt(point && seatUnder(point)),
  });
  return {
    zoomIn: () => motion.zoom(ZOOM_STEP),
    zoomOut: () => motion.zoom(1 / ZOOM_STEP),
    showAll: motion.showAll,
    showZone(zone: number): void {
      const shape = shapeOf(plan, zone);
      if (shape !== undefined) motion.showShape(shape, SEATS_SCALE * 1.4);
    },
    /** Shows a seat so near that seats have their numbers. */
    showSeat(label: string): void {
      const { zone, row, number } = seatOf(label);
      const shape = shapeOf(plan, zone);
      if (shape === undefined) return;
      if (!hasSeats(shape)) motion.showShape(shape, SEATS_SCALE);
      else motion.moveTo({ ...seatPoint(shape, row, number), scale: NUMBERS_SCALE + 3 });
    },
    /** Marks this buyer's seats, and those picked. */
    mark(mine: readonly string[], picked: readonly string[]): void {
      scene.mine = new Set(mine);
      scene.picked = new Set(picked);
      painter.redraw();
    },
    stop(): void {
      stopGestures();
      painter.stop();
    },
  };
}

export type PlanView = ReturnType<typeof createPlanView>;
