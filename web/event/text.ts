import { minorUnits } from '../../shared/contract/currencies.ts';
import type { OneWish, RunWish } from '../../shared/contract/reserve.ts';
import type { Alternative } from '../../shared/contract/tickets.ts';
import { formatNumber } from '../format.ts';
import type { House, ZoneSeats } from '../house/house.ts';
import { rowName, type SeatName, seatNames, zoneName } from '../house/names.ts';
import { priceRange, runLabels } from '../house/prices.ts';

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

/** The places of an area by their status: `1,200 of 5,000 places are free, 300 held, 3,500 sold.` */
export function areaText({ counts: [free, held, sold], capacity }: ZoneSeats): string {
  const others = [
    ...(held > 0 ? [`${formatNumber(held)} held`] : []),
    ...(sold > 0 ? [`${formatNumber(sold)} sold`] : []),
  ];
  return `${[`${formatNumber(free)} of ${placesText(capacity)} are free`, ...others].join(', ')}.`;
}

export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** No seat is free, but held seats may become free. */
export function heldText(held: number): string {
  const seats = held === 1 ? '1 seat is held by another buyer' : `${formatNumber(held)} seats are held by other buyers`;
  return `Sold out for now: ${seats} and may come back.`;
}

/** The price of a seat of these zones: `€45`, or `€45 to €99`. */
export function pricesText(house: House, zones: readonly ZoneSeats[], currency: string): string {
  const [lowest, highest] = priceRange(house, zones);
  return lowest === highest
    ? priceText(lowest, currency)
    : `${priceText(lowest, currency)} to ${priceText(highest, currency)}`;
}

/** `Zone 2, row 1, seats 5–6`: seats by zone and row, neighbours as a range; `Floor, 3 places` in an area. */
export function seatsText(names: readonly SeatName[]): string {
  const rows = new Map<string, string[]>();
  for (const { zone, row, seat } of names) {
    const name = row === undefined ? zone : `${zone}, ${row}`;
    rows.set(name, [...(rows.get(name) ?? []), seat]);
  }
  return [...rows].map(([name, seats]) => `${name}, ${labelsText(seats)}`).join('; ');
}

/** The same, of seats by their ids. */
export const idsText = (house: House, ids: readonly string[]): string => seatsText(seatNames(house, ids));

function labelsText(labels: string[]): string {
  if (labels[0] === '') return placesText(labels.length);
  if (labels.length === 1) return `seat ${labels[0]}`;
  const numbers = labels.map(Number);
  if (!numbers.every(Number.isInteger)) return `seats ${labels.join(', ')}`;
  const sorted = numbers.sort((a, b) => a - b);
  const [first = 0, last = 0] = [sorted[0], sorted.at(-1)];
  return last - first === sorted.length - 1 ? `seats ${first}–${last}` : `seats ${sorted.join(', ')}`;
}

export const countText = (count: number): string => (count === 1 ? '1 seat' : `${count} seats`);

export const placesText = (count: number): string => (count === 1 ? '1 place' : `${formatNumber(count)} places`);

/** The seats of a request. */
export function wishText(house: House, wish: OneWish): string {
  if ('seats' in wish) return idsText(house, wish.seats);
  const { zone: number, row, start, count } = wish;
  const zone = number === undefined ? undefined : house.zone(number);
  const where = zone === undefined ? `zone ${number}` : (zone.name ?? `zone ${zone.zone}`);
  if (zone?.isArea) return `${placesText(count)} in ${where}`;
  if (number !== undefined && row !== undefined && start !== undefined)
    return idsText(house, runLabels(number, row, start, count));
  const place =
    number === undefined ? ', anywhere' : ` in ${where}${row === undefined ? '' : `, ${nameOfRow(zone, row)}`}`;
  return `${countText(count)} ${conditionsText(wish)}${place}`;
}

const nameOfRow = (zone: ZoneSeats | undefined, row: number): string =>
  zone === undefined ? `row ${row}` : rowName(zone, row);

/** `together`, and the conditions of a request. */
function conditionsText(wish: Exclude<OneWish, { seats: string[] }>): string {
  const { category, types = {}, accessible, split } = wish as RunWish;
  const words = [
    split ? 'perhaps apart' : 'together',
    ...(category === undefined ? [] : [`of ${category}`]),
    ...Object.entries(types).map(([type, count]) => `${count} ${type}`),
    ...(accessible === undefined ? [] : [`${accessible} accessible`]),
  ];
  return words.join(', ');
}

/** The seats of an alternative. */
export function alternativeText(house: House, { zone: number, row, startIndex, seatsCount }: Alternative): string {
  if (startIndex !== undefined) return idsText(house, runLabels(number, row, startIndex, seatsCount));
  const zone = house.zone(number);
  return zone === undefined ? `Zone ${number}, row ${row}` : `${zoneName(zone)}, ${rowName(zone, row)}`;
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
