import { minorUnits } from '../../shared/contract/currencies.ts';
import type { House } from '../../shared/domain/house.ts';
import type { Shell } from './build.ts';

/** Decimals of a currency that ISO 4217 does not have: most have two. */
const USUAL_DECIMALS = 2;

type Priced = { lowest: number; highest: number; currency: string };
type Dated = { startsAt: string | null; timeZone: string };

/** When an event begins, in its own time zone: `Friday 1 January 2027 at 20:00 CET`. Undefined where it has no date. */
function dateText({ startsAt, timeZone }: Dated, { locale }: Shell): string | undefined {
  if (startsAt === null) return undefined;
  const day = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } as const;
  const time = { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' } as const;
  return new Intl.DateTimeFormat(locale, { ...day, ...time, timeZone }).format(Date.parse(startsAt));
}

/** When and where an event is: `Friday 1 January 2027 at 20:00 CET · Opera`. Empty where it has neither. */
export const placeText = ({ venue, ...dated }: Dated & { venue: string | null }, shell: Shell): string =>
  [dateText(dated, shell), venue].filter(Boolean).join(' · ');

/** `€45–€90`. A range of whole amounts has no decimals. */
export function pricesText({ lowest, highest, currency }: Priced, { locale, freeOfCharge }: Shell): string {
  if (highest === 0) return freeOfCharge;
  const decimals = minorUnits.get(currency) ?? USUAL_DECIMALS;
  const [from, to] = [lowest / 10 ** decimals, highest / 10 ** decimals];
  const digits = Number.isInteger(from) && Number.isInteger(to) ? 0 : decimals;
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return from === to ? format.format(from) : format.formatRange(from, to);
}

/** The lowest and the highest price of a seat of a house, in the minor unit of its currency. */
export function priceRangeOf({ zones, categories, currency }: House): Priced {
  const byNumber = new Map(categories.map(({ number, price }) => [number, price]));
  const prices = zones.flatMap(({ price, plan }) => [
    price,
    ...(plan ?? []).flatMap(({ categories: own = [] }) => own.map(([, , number]) => byNumber.get(number) ?? price)),
  ]);
  let [lowest, highest] = [Number.POSITIVE_INFINITY, 0];
  for (const price of prices) {
    lowest = Math.min(lowest, price);
    highest = Math.max(highest, price);
  }
  return { lowest: Math.min(lowest, highest), highest, currency };
}
