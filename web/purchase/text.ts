import type { OneWish, RunWish } from '../../shared/contract/reserve.ts';
import type { Alternative } from '../../shared/contract/tickets.ts';
import { CODE, type House } from '../house/house.ts';
import { rowName, zoneName } from '../house/names.ts';
import { runLabels } from '../house/prices.ts';
import { idsText } from '../house/text.ts';
import { texts } from '../texts/texts.ts';
import type { Refusal } from './purchase-state.ts';

/** The seats of a request. */
export function wishText(house: House, wish: OneWish): string {
  if ('seats' in wish) return idsText(house, wish.seats);
  const { zone: number, row, start, count } = wish;
  const { seatCount, placeCount } = texts.house;
  const { wishAnywhere, wishIn } = texts.purchase;
  const wanted = `${seatCount(count)} ${conditionsText(wish)}`;
  if (number === undefined) return wishAnywhere(wanted);
  const zone = house.zone(number);
  const where = zoneName(zone ?? { zone: number, name: undefined });
  if (zone?.isArea) return wishIn(placeCount(count), where);
  if (row === undefined) return wishIn(wanted, where);
  if (start !== undefined) return idsText(house, runLabels(number, row, start, count));
  return wishIn(wanted, `${where}, ${zone === undefined ? texts.house.row(String(row)) : rowName(zone, row)}`);
}

/** The title of a refusal. It names the seats of the request that are taken, as soon as the page knows them. */
export function refusalTitle(house: House, { code, sentence, wish }: Refusal): string {
  if (code !== 'SEAT_TAKEN') return sentence;
  const taken = namedSeats(wish).filter((label) => house.statusOf(label) !== CODE.AVAILABLE);
  return taken.length === 0 ? sentence : texts.purchase.taken(idsText(house, taken), taken.length);
}

/** The seats that a request names one by one. */
function namedSeats(wish: OneWish): readonly string[] {
  if ('seats' in wish) return wish.seats;
  const { zone, row, start, count } = wish;
  return zone === undefined || row === undefined || start === undefined ? [] : runLabels(zone, row, start, count);
}

/** `together`, and the conditions of a request. */
function conditionsText(wish: Exclude<OneWish, { seats: string[] }>): string {
  const { category, types = {}, accessible, split } = wish as RunWish;
  const { apart, together, ofCategory, accessible: accessibleSeats } = texts.purchase;
  const words = [
    split ? apart : together,
    ...(category === undefined ? [] : [ofCategory(category)]),
    ...Object.entries(types).map(([type, count]) => `${count} ${type}`),
    ...(accessible === undefined ? [] : [accessibleSeats(accessible)]),
  ];
  return words.join(', ');
}

/** The seats of an alternative. */
export function alternativeText(house: House, { zone: number, row, startIndex, seatsCount }: Alternative): string {
  if (startIndex !== undefined) return idsText(house, runLabels(number, row, startIndex, seatsCount));
  const zone = house.zone(number);
  return zone === undefined
    ? `${texts.house.zone(number)}, ${texts.house.row(String(row))}`
    : `${zoneName(zone)}, ${rowName(zone, row)}`;
}

/** The estimated wait of a ticket in the queue. */
export function etaText(seconds: number): string {
  const { aMoment, aboutSeconds, aboutMinutes } = texts.purchase;
  if (seconds < 2) return aMoment;
  if (seconds < 90) return aboutSeconds(Math.round(seconds));
  return aboutMinutes(Math.round(seconds / 60));
}

/** A wait of a few minutes: `20 s`, `2 min 5 s`, `5 min`. */
export function durationText(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  const [minutes, restSeconds] = [Math.floor(seconds / 60), seconds % 60];
  if (minutes === 0) return `${restSeconds} s`;
  return restSeconds === 0 ? `${minutes} min` : `${minutes} min ${restSeconds} s`;
}
