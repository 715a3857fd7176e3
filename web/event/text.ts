import { minorUnits } from '../../shared/contract/currencies.ts';
import type { EventView } from '../../shared/contract/events.ts';
import type { OneWish } from '../../shared/contract/reserve.ts';
import type { Alternative } from '../../shared/contract/tickets.ts';
import { formatNumber } from '../format.ts';
import { seatOf, type ZoneSeats } from './house.ts';

/** A price, which is given in the minor unit of its currency (cents). A whole amount has no decimals. */
export function priceText(price: number, currency: string): string {
  if (price === 0) return 'free of charge';
  if (formats.currency !== currency) formats = formatsOf(currency);
  const { exact, whole, unit } = formats;
  return price % unit === 0 ? whole.format(price / unit) : exact.format(price / unit);
}

/** The number formats of a currency, and its number of minor units. To make a format costs a hundred times its use. */
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

/** The formats of the last currency: a page has one event. */
let formats = formatsOf('EUR');

/** The availability of a zone. */
export function freeText([free, held, sold]: ZoneSeats['counts']): string {
  if (free > 0) return `${formatNumber(free)} free`;
  if (held > 0) return 'none free';
  return sold > 0 ? 'sold out' : 'not for sale';
}

/** No seat is free, but held seats may become free. */
export function heldText(held: number): string {
  const seats = held === 1 ? '1 seat is held by another buyer' : `${formatNumber(held)} seats are held by other buyers`;
  return `Sold out for now: ${seats} and may come back.`;
}

/** The price of several seats together, given the zone of each. */
export function totalText({ zones, currency }: EventView, seats: readonly number[]): string {
  const prices = new Map(zones.map(({ zone, price }) => [zone, price]));
  return priceText(
    seats.reduce((sum, zone) => sum + (prices.get(zone) ?? 0), 0),
    currency,
  );
}

/** `Zone 2, row 1, seats 5–6`: seats by zone and row, neighbours as a range. */
export function seatsText(labels: readonly string[]): string {
  const rows = new Map<string, number[]>();
  for (const label of labels) {
    const { zone, row, number } = seatOf(label);
    const name = `Zone ${zone}, row ${row}`;
    rows.set(name, [...(rows.get(name) ?? []), number]);
  }
  return [...rows].map(([name, numbers]) => `${name}, ${numbersText(numbers)}`).join('; ');
}

function numbersText(numbers: number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [first = 0] = sorted;
  const last = sorted.at(-1) ?? first;
  if (sorted.length === 1) return `seat ${first}`;
  if (last - first === sorted.length - 1) return `seats ${first}–${last}`;
  return `seats ${sorted.join(', ')}`;
}

export const countText = (count: number): string => (count === 1 ? '1 seat' : `${count} seats`);

/** The seats of a request. */
export function wishText(wish: OneWish): string {
  if ('seats' in wish) return seatsText(wish.seats);
  const { zone, row, start, count } = wish;
  if (zone === undefined) return `${countText(count)} together, anywhere`;
  if (row === undefined) return `${countText(count)} together in zone ${zone}`;
  if (start === undefined) return `${countText(count)} together in zone ${zone}, row ${row}`;
  return `Zone ${zone}, row ${row}, ${runText(start, count)}`;
}

const runText = (start: number, count: number): string =>
  count === 1 ? `seat ${start + 1}` : `seats ${start + 1}–${start + count}`;

/** The seats of an alternative. */
export function alternativeText({ zone, row, startIndex, seatsCount }: Alternative): string {
  const where = `Zone ${zone}, row ${row}`;
  return startIndex === undefined ? where : `${where}, ${runText(startIndex, seatsCount)}`;
}

export function etaText(seconds: number): string {
  if (seconds < 2) return 'a moment';
  if (seconds < 90) return `about ${Math.round(seconds)} seconds`;
  return `about ${Math.round(seconds / 60)} minutes`;
}

/** A wait of a few minutes: `20 s`, `2 min 5 s`, `5 min`. */
export function durationText(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  const [minutes, restSeconds] = [Math.floor(seconds / 60), seconds % 60];
  if (minutes === 0) return `${restSeconds} s`;
  return restSeconds === 0 ? `${minutes} min` : `${minutes} min ${restSeconds} s`;
}
