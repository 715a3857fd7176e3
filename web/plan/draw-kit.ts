import type { House, Seat, ZoneSeats } from '../house/house.ts';
import type { OwnSeats } from '../house/own-seats.ts';
import type { Plan } from './plan-layout.ts';

/** The colours of the style sheet, for light or dark. */
export type Colours = Record<
  'card' | 'paper' | 'ink' | 'soft' | 'line' | 'free' | 'held' | 'sold' | 'mark' | 'picked' | 'mine' | 'onMine',
  string
>;

/** The seats that are marked on the plan, and the classes that a buyer has limited the choice to. */
export type Marks = {
  mine: OwnSeats;
  picked: ReadonlySet<string>;
  /** Seats that are offered instead of those of a refused request. */
  offers: readonly string[];
  /** The numbers of price classes; undefined: all. */
  lit: ReadonlySet<number> | undefined;
};

export type Scene = Marks & {
  plan: Plan;
  house: House;
  pointed: Seat | undefined;
  colours: Colours;
  /** Of available seats, by the number of their price class. */
  classColours: readonly string[];
  /** Fills zones without an available seat: those of which some are held, and those that are sold out. */
  hatches: { held: CanvasPattern | string; sold: CanvasPattern | string };
};

/** The colour of the available seats of a zone that have a category, by its number. */
export const colourOf = ({ house, classColours, colours }: Scene, zone: ZoneSeats, category: number): string =>
  classColours[house.priceClasses.of(zone, category)] ?? colours.free;

/** Whether the buyer has not limited the choice to other seats than those of a category. */
export const isLit = ({ house, lit }: Scene, zone: ZoneSeats, category: number): boolean =>
  lit === undefined || lit.has(house.priceClasses.of(zone, category));

/** The opacity of seats that the buyer does not look for. */
export const DIMMED = 0.16;

/**
 * Pixels for one unit from which on single seats are drawn, look round, have row numbers at their side, are circles,
 * and have numbers and labels.
 */
export const SEATS_SCALE = 4.5;
export const ROUND_SCALE = 6;
export const ROWS_SCALE = 9;
export const CIRCLES_SCALE = 10;
export const NUMBERS_SCALE = 19;
export const LABELS_SCALE = 40;

export const font = (pixels: number, weight = 500) => `${weight} ${pixels}px system-ui, sans-serif`;

/** A zone with one free seat differs from one with none, and the eye separates pale zones better than strong ones. */
export const strengthOf = (freeShare: number): number => (freeShare === 0 ? 0 : 0.12 + 0.88 * freeShare ** 1.6);

/** The text colour with more contrast to a background, by the formula of WCAG 2. `strength`: of the front colour. */
export function readableOn({ paper, ink }: Colours, front: string, back = front, strength = 1): string {
  const background = strength * luminanceOf(front) + (1 - strength) * luminanceOf(back) + 0.05;
  const contrast = (colour: string) =>
    Math.max((luminanceOf(colour) + 0.05) / background, background / (luminanceOf(colour) + 0.05));
  return contrast(paper) > contrast(ink) ? paper : ink;
}

/** Relative luminance, 0 to 1, of a colour `#rrggbb`. */
function luminanceOf(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map(
    (at) => (Number.parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Pixels of the line around text that has a halo. */
export const HALO_PIXELS = 4;

/** Text that is readable on whatever is below it. */
export function drawHaloed(
  context: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  colours: Colours,
  halo = HALO_PIXELS,
): void {
  context.lineWidth = halo;
  context.lineJoin = 'round';
  context.strokeStyle = colours.card;
  context.strokeText(text, x, y);
  context.fillStyle = colours.ink;
  context.fillText(text, x, y);
}
