import { type House, type Seat, seatOf } from '../house/house.ts';
import { seatLabel } from '../house/names.ts';
import { font, readableOn, type Scene } from './draw-kit.ts';
import { hasSeats, type Plan, roomOf, seatPoint, shapeOf } from './plan-layout.ts';

/** The pixels of the smallest mark of a buyer's seat. */
const MIN_MARK_PIXELS = 6.5;

/**
 * Marks this buyer's seats and the picked ones, above all others and never too small to see. Their meaning does not
 * depend on colour: a buyer's seats are filled and ticked, picked ones are not. Each ring is drawn for all seats
 * before the next, so that neighbours share one outline.
 */
export function drawMarks(context: CanvasRenderingContext2D, scale: number, scene: Scene): void {
  const { plan, house, mine, picked, colours } = scene;
  const marks = [...mine.keys(), ...[...picked].filter((label) => !mine.has(label))].flatMap((label) => {
    const mark = markOf(plan, house, seatOf(label), scale);
    return mark === undefined ? [] : [{ ...mark, isMine: mine.has(label) }];
  });
  const fillDisks = (seats: typeof marks, inset: number, colour: string) => {
    context.fillStyle = colour;
    for (const { x, y, radius } of seats) {
      context.beginPath();
      context.arc(x, y, radius - inset, 0, 2 * Math.PI);
      context.fill();
    }
  };
  const owned = marks.filter(({ isMine }) => isMine);
  fillDisks(marks, 0, colours.ink);
  fillDisks(marks, 1.75, colours.paper);
  fillDisks(owned, 3.25, colours.mine);
  fillDisks(
    marks.filter(({ isMine }) => !isMine),
    1.75,
    colours.picked,
  );
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const { x, y, radius, label, isMine } of marks) {
    if (radius < 8) continue;
    context.font = font(Math.min(14, radius * 0.9), 700);
    context.fillStyle = isMine ? colours.onMine : readableOn(colours, colours.picked);
    context.fillText(isMine ? '✓' : label, x, y + 0.5, radius * 1.7);
  }
}

/** Dashed rings around the seats that are offered instead of those of a refused request. */
export function drawOffers(context: CanvasRenderingContext2D, scale: number, scene: Scene): void {
  const { plan, house, offers, colours } = scene;
  context.lineWidth = 2;
  context.strokeStyle = colours.mine;
  context.setLineDash(OFFER_DASH);
  for (const label of offers) {
    const mark = markOf(plan, house, seatOf(label), scale);
    if (mark === undefined) continue;
    context.beginPath();
    context.arc(mark.x, mark.y, mark.radius, 0, 2 * Math.PI);
    context.stroke();
  }
  context.setLineDash([]);
}

/** Pixels of a dash, and between two. */
const OFFER_DASH = [3, 2];

export function drawPointed(context: CanvasRenderingContext2D, scale: number, scene: Scene): void {
  const { plan, house, pointed, colours } = scene;
  const mark = pointed && markOf(plan, house, pointed, scale);
  if (mark === undefined) return;
  context.beginPath();
  context.arc(mark.x, mark.y, mark.radius, 0, 2 * Math.PI);
  context.lineWidth = 2;
  context.strokeStyle = colours.ink;
  context.stroke();
}

/** The position and size of a seat's mark; undefined where the plan has no such seat, as in an area. */
function markOf(plan: Plan, house: House, seat: Seat, scale: number) {
  const { row, number } = seat;
  const shape = shapeOf(plan, seat.zone);
  const zone = house.zone(seat.zone);
  if (shape === undefined || zone === undefined || !hasSeats(shape) || number === 0) return undefined;
  const { x, y } = seatPoint(shape, row, number);
  if (Number.isNaN(x)) return undefined;
  const radius = Math.max(MIN_MARK_PIXELS, (scale * roomOf(shape, row)) / 2);
  return { x: x * scale, y: y * scale, radius, label: seatLabel(zone, row, number) };
}
