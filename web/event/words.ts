import { minorUnits } from '../../shared/contract/currencies.ts';
import type { EventView } from '../../shared/contract/events.ts';
import type { SeatWish } from '../../shared/contract/reserve.ts';
import type { Alternative } from '../../shared/contract/tickets.ts';
import { numberInWords } from '../words.ts';
import { seatOf, type ZoneSeats } from './house.ts';

/** Words for a price, which is given in the minor unit of its currency (cents); without decimals where it has none. */
export function priceInWords(price: number, currency: string): string {
  if (price === 0) return 'free of charge';
  if (formats.currency !== currency) formats = formatsOf(currency);
  const { exact, whole, unit } = formats;
  return price % unit === 0 ? whole.format(price / unit) : exact.format(price / unit);
}

/**
 * Number formats of a currency, and how many of its minor unit make one. Making a format costs a hundred times as much
 * as using it.
 */
function formatsOf(currency: string) {
  const decimals = minorUnits.get(currency) ?? 2;
  const withDecimals = (digits: number) =>
    new Intl.NumberFormat('en', {
      style: 'currency',
      currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
  return { currency, exact: withDecimals(decimals), whole: withDecimals(0), unit: 10 ** decimals };
}

/** Of the currency that was written last: a page has one event. */
let formats = formatsOf('EUR');

/** How much of a zone is to be had. */
export function freeInWords([free, held, sold]: ZoneSeats['counts']): string {
  if (free > 0) return `${numberInWords(free)} free`;
  if (held > 0) return 'none free';
  return sold > 0 ? 'sold out' : 'not for sale';
}

/** Nothing is free, but seats are held: unlike sold ones they may become free. */
export function heldInWords(held: number): string {
  const seats =
    held === 1 ? '1 seat is held by another buyer' : `${numberInWords(held)} seats are held by other buyers`;
  return `Sold out for now: ${seats} and may come back.`;
}

/** What seats of these zones cost together, one zone for each seat. */
export function totalInWords({ zones, currency }: EventView, seats: readonly number[]): string {
  const prices = new Map(zones.map(({ zone, price }) => [zone, price]));
  return priceInWords(
    seats.reduce((sum, zone) => sum + (prices.get(zone) ?? 0), 0),
    currency,
  );
}

/** Seats as people say them: by zone and row, runs together. */
export function seatsInWords(labels: readonly string[]): string {
  const rows = new Map<string, number[]>();
  for (const label of labels) {
    const { zone, row, number } = seatOf(label);
    const place = `Zone ${zone}, row ${row}`;
    rows.set(place, [...(rows.get(place) ?? []), number]);
  }
  return [...rows].map(([place, numbers]) => `${place}, ${numbersInWords(numbers)}`).join('; ');
}

function numbersInWords(numbers: number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [first = 0] = sorted;
  const last = sorted.at(-1) ?? first;
  if (sorted.length === 1) return `seat ${first}`;
  if (last - first === sorted.length - 1) return `seats ${first}–${last}`;
  return `seats ${sorted.join(', ')}`;
}

export const countInWords = (count: number): string => (count === 1 ? '1 seat' : `${count} seats`);

/** What was asked for. */
export function wishInWords(wish: SeatWish): string {
  if ('seats' in wish) return seatsInWords(wish.seats);
  const { zone, row, start, count } = wish;
  if (zone === undefined) return `${countInWords(count)} together, anywhere`;
  if (row === undefined) return `${countInWords(count)} together in zone ${zone}`;
  if (start === undefined) return `${countInWords(count)} together in zone ${zone}, row ${row}`;
  return `Zone ${zone}, row ${row}, ${runInWords(start, count)}`;
}

const runInWords = (start: number, count: number): string =>
  count === 1 ? `seat ${start + 1}` : `seats ${start + 1}–${start + count}`;

/** A place that is offered instead. */
export function alternativeInWords({ zone, row, startIndex, seatsCount }: Alternative): string {
  const where = `Zone ${zone}, row ${row}`;
  return startIndex === undefined ? where : `${where}, ${runInWords(startIndex, seatsCount)}`;
}

export function etaInWords(seconds: number): string {
  if (seconds < 2) return 'a moment';
  if (seconds < 90) return `about ${Math.round(seconds)} seconds`;
  return `about ${Math.round(seconds / 60)} minutes`;
}

/** A wait of some minutes at the most: `20 s`, `2 min 5 s`, `5 min`. */
export function secondsInWords(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  if (minutes === 0) return `${rest} s`;
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
}
