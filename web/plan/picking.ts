import { MAX_SCALE } from './camera.ts';

/** A mouse, which points before it clicks; or a finger or a pen, which touch. */
export type Pointer = 'mouse' | 'finger';

/** Pixels of a seat's room from which on a finger picks it: the least target of WCAG 2.2 (2.5.8). */
export const FINGER_PIXELS = 24;

/** The same for a mouse: the pointed seat is marked and named before the click. */
const MOUSE_PIXELS = 12;

/** How much larger than the least size seats become when a tap has zoomed in. */
const COMFORT = 1.2;

/**
 * The scale to which a tap zooms in where seats are too small to pick one; undefined where it picks. At the largest
 * scale every seat can be picked: seats with coordinates may be very close to each other.
 *
 * @param room of one seat, in units of the plan
 */
export function zoomBeforePick(scale: number, room: number, pointer: Pointer): number | undefined {
  const least = pointer === 'finger' ? FINGER_PIXELS : MOUSE_PIXELS;
  if (scale * room >= least || scale >= MAX_SCALE) return undefined;
  return Math.min(MAX_SCALE, (least * COMFORT) / room);
}
