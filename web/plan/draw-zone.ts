import { CODE, seatsInRow, type ZoneSeats } from '../house/house.ts';
import { shortZoneName, zoneName } from '../house/names.ts';
import { freeText } from '../house/text.ts';
import { outline, strokeIfPointed } from './draw-area.ts';
import {
  colourOf,
  DIMMED,
  drawHaloed,
  font,
  HALO_PIXELS,
  isLit,
  readableOn,
  type Scene,
  strengthOf,
} from './draw-kit.ts';
import { pointAt, type Sector } from './plan-layout.ts';

/** Pixels of a zone's smaller side from which on its name has room around it. */
const ROOMY_PIXELS = 12;

/** Pixels of the letters of a name that fills a smaller zone: at least and at most. */
const CLOSE_PIXELS = { least: 5, most: 9 };

/** Rows side by side of one category, by its number: from the first to the last of them. */
type Band = { first: number; last: number; category: number };

/**
 * A zone as one shape, from afar. Each band of rows has the colour of its category and is the paler the fewer of its
 * seats are available. A zone without any is hatched.
 */
export function drawZone(
  context: CanvasRenderingContext2D,
  sector: Sector,
  zone: ZoneSeats,
  scale: number,
  scene: Scene,
): void {
  const { colours, hatches } = scene;
  const bands = bandsOf(zone);
  const isOpen = zone.counts[CODE.AVAILABLE] > 0;
  outline(context, sector, scale);
  context.fillStyle = colours.card;
  context.fill();
  if (isOpen) for (const band of bands) fillBand(context, sector, zone, band, scale, scene);
  else {
    context.fillStyle = zone.counts[CODE.HELD] > 0 ? hatches.held : hatches.sold;
    context.fill();
  }
  outline(context, sector, scale);
  context.lineWidth = 1;
  context.strokeStyle = isOpen ? colours.soft : colours.mark;
  context.stroke();
  strokeIfPointed(context, zone, scene);
  const [only] = bands;
  const isPlain = isOpen && bands.length === 1 && only !== undefined;
  const strength = isPlain ? strengthOfBand(zone, only, scene) : 1;
  const text = isPlain ? readableOn(colours, colourOf(scene, zone, only.category), colours.card, strength) : undefined;
  nameZone(context, sector, zone, scale, scene, text);
}

function fillBand(
  context: CanvasRenderingContext2D,
  sector: Sector,
  zone: ZoneSeats,
  band: Band,
  scale: number,
  scene: Scene,
): void {
  const depth = (sector.outer - sector.inner) / sector.rows;
  const [inner, outer] = [sector.inner + (band.first - 1) * depth, sector.inner + band.last * depth];
  outline(context, { ...sector, inner, outer }, scale);
  context.globalAlpha = strengthOfBand(zone, band, scene);
  context.fillStyle = colourOf(scene, zone, band.category);
  context.fill();
  context.globalAlpha = 1;
}

/** The opacity of a band: by its available seats, and by the buyer's choice of categories. */
function strengthOfBand(zone: ZoneSeats, { first, last, category }: Band, scene: Scene): number {
  let [free, seats] = [zone.counts[CODE.AVAILABLE], zone.capacity];
  if (last - first + 1 < zone.rows) {
    [free, seats] = [0, 0];
    for (let row = first; row <= last; row += 1) {
      free += zone.freeInRow[row - 1] ?? 0;
      seats += seatsInRow(zone, row);
    }
  }
  return strengthOf(free / Math.max(1, seats)) * (isLit(scene, zone, category) ? 1 : DIMMED);
}

/** Bands by the arrays of categories that they are made of: a zone's array never changes. */
const bandsByCategories = new WeakMap<Uint8Array, readonly Band[]>();

/** The bands of a zone: each row counts as of its middle seat's category. */
function bandsOf(zone: ZoneSeats): readonly Band[] {
  const { categories, rows, seatsPerRow } = zone;
  if (categories === undefined) return [{ first: 1, last: rows, category: zone.category }];
  const known = bandsByCategories.get(categories);
  if (known !== undefined) return known;
  const bands: Band[] = [];
  for (let row = 1; row <= rows; row += 1) {
    const category = categories[(row - 1) * seatsPerRow + (seatsInRow(zone, row) >> 1)] ?? 0;
    const last = bands.at(-1);
    if (last?.category === category) last.last = row;
    else bands.push({ first: row, last: row, category });
  }
  bandsByCategories.set(categories, bands);
  return bands;
}

/**
 * Writes the name of a zone, and below its available seats: level where they have room, else along the rows. A name
 * without room is shortened, and its letters are smaller.
 *
 * @param colour undefined: the text has a halo, because the shape has several colours
 */
function nameZone(
  context: CanvasRenderingContext2D,
  { inner, outer, from, to }: Sector,
  zone: ZoneSeats,
  scale: number,
  { colours }: Scene,
  colour: string | undefined,
): void {
  const [depth, breadth] = [(outer - inner) * scale, ((inner + outer) / 2) * (to - from) * scale];
  const room = Math.min(depth, breadth);
  const angle = (from + to) / 2;
  const fitting =
    room < ROOMY_PIXELS
      ? closeWay(context, shortZoneName(zone), room, breadth, angle)
      : roomyWay(context, zone, depth, breadth, angle);
  if (fitting === undefined) return;
  const { pixels } = fitting;
  const { x, y } = pointAt(((inner + outer) / 2) * scale, angle);
  const write = (text: string, below: number) => {
    const halo = pixels < CLOSE_PIXELS.most ? 1 : HALO_PIXELS; // a wide one would hide a small zone's hatch
    if (colour === undefined) drawHaloed(context, text, 0, below, colours, halo);
    else {
      context.fillStyle = colour;
      context.fillText(text, 0, below);
    }
  };
  context.save();
  context.translate(x, y);
  context.rotate(fitting.turn);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = font(pixels, 600);
  write(fitting.name, fitting.free === '' ? 0 : -pixels * 0.45);
  context.font = font(FREE_PIXELS);
  if (fitting.free !== '') write(fitting.free, pixels * 0.65);
  context.restore();
}

type Way = { name: string; free: string; turn: number; pixels: number };

/** The best way that a zone has room for. */
function roomyWay(
  context: CanvasRenderingContext2D,
  zone: ZoneSeats,
  depth: number,
  breadth: number,
  angle: number,
): Way | undefined {
  const room = Math.min(depth, breadth);
  const pixels = Math.min(20, Math.max(room < 15 ? 9 : 10, room / 2.6));
  const ways = waysToWrite([zoneName(zone), shortZoneName(zone)], freeText(zone.counts), angle);
  const fitting = ways.find(({ name, free, turn }) => {
    const width = Math.max(widthOf(context, name, pixels, 600), free === '' ? 0 : widthOf(context, free, FREE_PIXELS));
    const height = free === '' ? pixels : pixels + FREE_PIXELS * 1.3;
    const [sin, cos] = turn === 0 ? [Math.abs(Math.sin(angle)), Math.abs(Math.cos(angle))] : [0, 1];
    return width * cos + height * sin <= breadth && width * sin + height * cos <= depth;
  });
  return fitting && { ...fitting, pixels };
}

/** A name along the rows that fills a small zone; undefined where it could not be read. */
function closeWay(
  context: CanvasRenderingContext2D,
  name: string,
  room: number,
  breadth: number,
  angle: number,
): Way | undefined {
  if (room < CLOSE_PIXELS.least) return undefined; // before measuring: there may be 2,000 zones
  const pixels = Math.min(CLOSE_PIXELS.most, room * 0.85);
  context.font = font(pixels, 600);
  const fitting = pixels * Math.min(1, (breadth - 1) / context.measureText(name).width);
  return fitting < CLOSE_PIXELS.least ? undefined : { name, free: '', turn: alongRows(angle), pixels: fitting };
}

/** The turn, in radians from level, of text along the rows of a zone: never upside down. */
const alongRows = (angle: number): number => (Math.abs(angle) > Math.PI / 2 ? Math.PI - angle : -angle);

/** Pixels of the text of available seats, and beside any text. */
const FREE_PIXELS = 11;
const TEXT_MARGIN = 6;

function widthOf(context: CanvasRenderingContext2D, text: string, pixels: number, weight?: number): number {
  context.font = font(pixels, weight);
  return context.measureText(text).width + TEXT_MARGIN;
}

/** The ways to write a name and a zone's available seats, the best first. `turn`: radians from level. */
function waysToWrite([long, short]: [string, string], free: string, angle: number) {
  const along = alongRows(angle);
  return [
    { name: long, free, turn: 0 },
    { name: short, free, turn: 0 },
    { name: long, free: '', turn: 0 },
    { name: short, free: '', turn: 0 },
    { name: long, free: '', turn: along },
    { name: short, free: '', turn: along },
  ];
}
