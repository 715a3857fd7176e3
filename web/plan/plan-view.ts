import { type House, labelOf, type Seat, seatOf } from '../house/house.ts';
import { NO_SEATS } from '../house/own-seats.ts';
import { type Point, toPlan } from './camera.ts';
import { createCameraMotion } from './camera-motion.ts';
import { type Marks, NUMBERS_SCALE, type Scene, SEATS_SCALE } from './draw-kit.ts';
import { type Pointer, zoomBeforePick } from './picking.ts';
import { listenToGestures, ZOOM_STEP } from './plan-gestures.ts';
import { hasSeats, type Plan, roomOf, seatAt, seatPoint, shapeOf } from './plan-layout.ts';
import { coloursOf, createPainter, type Detail } from './plan-painter.ts';
import { boxOfPoints, widened } from './plan-points.ts';

export type PlanListener = {
  seatChosen: (label: string) => void;
  zoneChosen: (zone: number) => void;
  /** The seat under the pointer has changed. */
  pointedAt: (seat: Seat | undefined) => void;
  detailChanged?: (detail: Detail) => void;
};

/** Pixels beside a seat with coordinates that are near enough to point at it. */
const NEAR_PIXELS = 5;

/** In units: from seats that are shown to the edge of the view. */
const SEATS_MARGIN = 3;

/** A plan on a canvas. It follows the house, and fingers, wheel and keys, and redraws at most once a frame. */
export function createPlanView(canvas: HTMLCanvasElement, plan: Plan, house: House, listener: PlanListener) {
  Object.assign(canvas, { house }); // for the console, and for tests that compare it with the server's map
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const unmarked = { mine: NO_SEATS, picked: new Set<string>(), offers: [], lit: undefined, pointed: undefined };
  const scene: Scene = { plan, house, ...unmarked, ...coloursOf(canvas, house) };
  const motion = createCameraMotion(
    plan,
    () => still.matches,
    () => painter.redraw(),
  );
  const painter = createPainter(canvas, motion, scene, (detail) => listener.detailChanged?.(detail));
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
   * Chooses the seat, or its zone where single seats are not drawn, as in an area. Where seats are too small for the
   * pointer it zooms in, and what was tapped stays below it. A finger cannot hover, so it points by its tap.
   */
  function tap(point: Point, pointer: Pointer) {
    const seat = seatUnder(point);
    if (seat === undefined) return;
    const { scale } = motion.camera();
    const shape = shapeOf(plan, seat.zone);
    if (shape === undefined || !hasSeats(shape) || scale < SEATS_SCALE) return listener.zoneChosen(seat.zone);
    const nearer = zoomBeforePick(scale, roomOf(shape, Math.max(1, seat.row)), pointer);
    if (nearer !== undefined) return motion.zoom(nearer / motion.target().scale, point);
    pointAt(seat);
    if (seat.number > 0) listener.seatChosen(labelOf(seat));
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
    /** Shows seats together, as near as seats that have their numbers. */
    showSeats(labels: readonly string[]): void {
      const points = labels.flatMap((label) => {
        const { zone, row, number } = seatOf(label);
        const shape = shapeOf(plan, zone);
        return shape === undefined || !hasSeats(shape) ? [] : [seatPoint(shape, row, number)];
      });
      if (points.length > 0) motion.showBox(widened(boxOfPoints(points), SEATS_MARGIN), NUMBERS_SCALE + 3);
    },
    mark(marks: Partial<Marks>): void {
      Object.assign(scene, marks);
      painter.redraw();
    },
    /** The colours of the style sheet have changed. */
    recolour: painter.recolour,
    stop(): void {
      stopGestures();
      painter.stop();
    },
  };
}

export type PlanView = ReturnType<typeof createPlanView>;
