import { CODE, type House, labelOf, MARK, type Mark, type Seat } from '../house/house.ts';
import { seatName, zoneName } from '../house/names.ts';
import type { OwnSeats } from '../house/own-seats.ts';
import { categoryOf, markOf, priceOf } from '../house/seat-facts.ts';
import { areaText, freeText, pricesText } from '../house/text.ts';
import { priceText } from '../money.ts';
import { texts } from '../texts/texts.ts';
import type { Detail } from './plan-painter.ts';

/** The sentence below the plan while nothing is pointed at. `isTouch`: by fingers, which need large seats. */
export function hintText(detail: Detail, isTouch: boolean): string {
  const { chooseZone, comeNearer, chooseSeat } = texts.plan;
  if (detail === 'zones') return chooseZone;
  return detail === 'seats' && isTouch ? comeNearer : chooseSeat;
}

/** The seat that is pointed at, or its zone where single seats are not drawn. */
export function pointedText(house: House, seat: Seat, detail: Detail, mine: OwnSeats, currency: string): string {
  const zone = house.zone(seat.zone);
  if (zone === undefined) return '';
  if (zone.isArea) return `${zoneName(zone)} · ${pricesText(house, [zone], currency)} · ${areaText(zone)}`;
  const label = labelOf(seat);
  const code = house.statusOf(label);
  if (detail === 'zones' || code === undefined)
    return `${zoneName(zone)} · ${pricesText(house, [zone], currency)} · ${freeText(zone.counts)}`;
  const name = seatName(house, seat);
  const category = categoryOf(house, label)?.name;
  const price = priceText(priceOf(house, label), currency);
  const parts = [name.zone, name.row, texts.house.seat(name.seat), category, price, statusText(label, code, mine)];
  return [...parts, markText(markOf(house, label))].filter((part) => part !== undefined).join(' · ');
}

/** The status of a seat as its buyer sees it. */
export function statusText(label: string, code: number, mine: OwnSeats): string {
  const { available, held, sold, blocked, ownHeld, ownBought } = texts.plan.status;
  const own = mine.get(label);
  if (own !== undefined) return own === 'held' ? ownHeld : ownBought;
  if (code === CODE.HELD) return held;
  if (code === CODE.SOLD) return sold;
  return code === CODE.AVAILABLE ? available : blocked;
}

/** The people that a seat is kept for. */
export function markText(mark: Mark): string | undefined {
  if (mark === MARK.NONE) return undefined;
  return mark === MARK.ACCESSIBLE ? texts.plan.accessible : texts.plan.companion;
}
