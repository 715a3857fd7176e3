import type { Point } from './camera.ts';
import type { Pointer } from './picking.ts';

/** Pixels by which a finger may move in what is still a tap. */
const TAP_PIXELS = 8;

/** Pixels of an arrow key, and the zoom factor of a key or button. */
const ARROW_PIXELS = 70;
export const ZOOM_STEP = 1.6;

type PointerActions = {
  tap: (point: Point, pointer: Pointer) => void;
  drag: (dx: number, dy: number) => void;
  pinch: (factor: number, at: Point, dx: number, dy: number) => void;
};

/**
 * Turns the movements of pressed pointers into gestures:
 *
 * - no pointer is pressed. A press → a possible tap.
 * - a possible tap: one pointer, which has hardly moved. Released → `tap`. It moves on → a drag. A second press → a
 *   pinch.
 * - a drag: one pointer moves → `drag`. A second press → a pinch.
 * - a pinch: two pointers move → `pinch`. One released → a drag.
 */
export function createPointerTracker({ tap, drag, pinch }: PointerActions) {
  const pressed = new Map<number, Point>();
  let movedPixels = 0;
  return {
    press(id: number, point: Point): void {
      pressed.set(id, point);
      movedPixels = pressed.size === 1 ? 0 : TAP_PIXELS + 1;
    },
    isPressed: (id: number) => pressed.has(id),
    move(id: number, point: Point): void {
      const last = pressed.get(id);
      if (last === undefined) return;
      const [dx, dy] = [point.x - last.x, point.y - last.y];
      movedPixels += Math.hypot(dx, dy);
      pressed.set(id, point);
      const other = [...pressed].find(([otherId]) => otherId !== id)?.[1];
      if (other !== undefined) {
        const distance = ({ x, y }: Point) => Math.hypot(x - other.x, y - other.y);
        const middle = { x: (point.x + other.x) / 2, y: (point.y + other.y) / 2 };
        pinch(distance(point) / Math.max(1, distance(last)), middle, dx / 2, dy / 2);
      } else if (movedPixels > TAP_PIXELS) drag(dx, dy);
    },
    release(id: number, point: Point, pointer: Pointer): void {
      if (pressed.delete(id) && pressed.size === 0 && movedPixels <= TAP_PIXELS) tap(point, pointer);
    },
    cancel(id: number): void {
      pressed.delete(id);
    },
  };
}

type Actions = PointerActions & {
  /** The pointer is over this point; undefined where it is over none. */
  hover: (point: Point | undefined) => void;
  pan: (dx: number, dy: number) => void;
  zoom: (factor: number, at?: Point, isAtOnce?: boolean) => void;
  showAll: () => void;
};

/** Listens to wheel, pointers and keys on the canvas. Returns a function that stops it. */
export function listenToGestures(canvas: HTMLCanvasElement, actions: Actions): () => void {
  const pointOf = ({ clientX, clientY }: MouseEvent): Point => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };
  const listeners = { ...pointerListeners(canvas, actions, pointOf), ...otherListeners(actions, pointOf) };
  for (const [name, listener] of Object.entries(listeners))
    canvas.addEventListener(name, listener as EventListener, { passive: false });
  return () => {
    for (const [name, listener] of Object.entries(listeners))
      canvas.removeEventListener(name, listener as EventListener);
  };
}

type PointOf = (e: MouseEvent) => Point;

function pointerListeners(canvas: HTMLCanvasElement, actions: Actions, pointOf: PointOf) {
  const tracker = createPointerTracker(actions);
  return {
    pointerdown(e: PointerEvent) {
      if (e.button !== 0) return;
      canvas.setPointerCapture(e.pointerId);
      if (e.pointerType !== 'mouse') actions.hover(undefined);
      tracker.press(e.pointerId, pointOf(e));
    },
    pointermove(e: PointerEvent) {
      if (tracker.isPressed(e.pointerId)) tracker.move(e.pointerId, pointOf(e));
      else if (e.pointerType === 'mouse') actions.hover(pointOf(e));
    },
    pointerup(e: PointerEvent) {
      tracker.release(e.pointerId, pointOf(e), e.pointerType === 'mouse' ? 'mouse' : 'finger');
    },
    pointercancel(e: PointerEvent) {
      tracker.cancel(e.pointerId);
    },
    pointerleave(e: PointerEvent) {
      if (e.pointerType === 'mouse') actions.hover(undefined); // a finger leaves whenever it is lifted
    },
  };
}

function otherListeners({ pan, zoom, showAll }: Actions, pointOf: PointOf) {
  const keys: Record<string, () => void> = {
    ArrowLeft: () => pan(ARROW_PIXELS, 0),
    ArrowRight: () => pan(-ARROW_PIXELS, 0),
    ArrowUp: () => pan(0, ARROW_PIXELS),
    ArrowDown: () => pan(0, -ARROW_PIXELS),
    '+': () => zoom(ZOOM_STEP),
    '=': () => zoom(ZOOM_STEP),
    '-': () => zoom(1 / ZOOM_STEP),
    '0': showAll,
  };
  return {
    wheel(e: WheelEvent) {
      e.preventDefault();
      const pixelsPerUnit = e.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      zoom(Math.exp(-e.deltaY * pixelsPerUnit * (e.ctrlKey ? 0.01 : 0.0016)), pointOf(e), true);
    },
    keydown(e: KeyboardEvent) {
      const act = e.ctrlKey || e.metaKey || e.altKey ? undefined : keys[e.key];
      if (act === undefined) return;
      e.preventDefault();
      act();
    },
  };
}
