import { capitalised } from '../format.ts';
import { CODE, type House } from '../house/house.ts';
import { texts } from '../texts/texts.ts';
import { zonesFor } from './wish.ts';

/**
 * Why a zone has nothing to request, where it has not. The sale itself is open.
 *
 * @param othersCounts seats of the whole house by status code, without this buyer's
 */
export function closedText(
  house: House,
  zone: number | undefined,
  othersCounts: readonly number[],
): string | undefined {
  if (zone === undefined) return undefined;
  const { soldOutForNow, soldOut, notForSale } = texts.house;
  const zones = zonesFor(house, zone);
  const seats = (code: number) => zones.reduce((sum, { counts }) => sum + (counts[code] ?? 0), 0);
  if (seats(CODE.AVAILABLE) > 0) return undefined;
  const held = Math.min(seats(CODE.HELD), othersCounts[CODE.HELD] ?? 0);
  if (held > 0) return soldOutForNow(held);
  return `${capitalised(seats(CODE.SOLD) > 0 ? soldOut : notForSale)}.`;
}
