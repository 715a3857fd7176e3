import type { EventView } from '../../../../shared/contract/events.ts';
import { minorOf } from '../values/money.ts';
import type { EventForm, ZoneForm } from './form.ts';

/** Seats and zones that a preview draws: a form that is half typed may name millions. */
const MAX_SEATS = 100_000;
const MAX_ZONES = 200;

const PLACES_IN_ROW = 64;

const NO_SEATS = { total: 0, available: 0, held: 0, sold: 0, blocked: 0 };

/** The size of a zone, if it can be drawn. */
function sizeOf({ isArea, hasPlan, rows, seatsPerRow, capacity }: ZoneForm) {
  const whole = (text: string) => (/^\d{1,6}$/.test(text.trim()) ? Number(text) : 0);
  if (hasPlan) return undefined;
  if (isArea) {
    const places = whole(capacity);
    return places === 0
      ? undefined
      : { rows: Math.ceil(places / PLACES_IN_ROW), seatsPerRow: PLACES_IN_ROW, capacity: places };
  }
  const [rowCount, inRow] = [whole(rows), whole(seatsPerRow)];
  return rowCount * inRow === 0 ? undefined : { rows: rowCount, seatsPerRow: inRow, capacity: rowCount * inRow };
}

/**
 * The event of a form as a plan draws it, all seats free.
 *
 * @returns undefined while a zone has no size yet, or the house is larger than a preview draws
 */
export function previewOf(form: EventForm): EventView | undefined {
  const { currency, categories, zones } = form;
  const sizes = zones.map(sizeOf);
  const seats = sizes.reduce((sum, size) => sum + (size?.capacity ?? Number.POSITIVE_INFINITY), 0);
  if (zones.length === 0 || zones.length > MAX_ZONES || seats > MAX_SEATS) return undefined;
  const priced = categories.map(({ name, price, color }) => {
    return { name, price: minorOf(price, currency) ?? 0, ...(color !== '' && { color }) };
  });
  const byName = new Map(priced.map((category) => [category.name, category.price]));
  return {
    id: 1,
    name: form.name,
    status: 'UPCOMING',
    currency,
    createdAt: new Date(0).toISOString(),
    totalSeats: seats,
    onSaleAt: null,
    startsAt: null,
    endsAt: null,
    venue: null,
    timeZone: 'UTC',
    salesPaused: false,
    holdSeconds: 600,
    maxHoldSeconds: 1_800,
    seatLimit: null,
    maxSeats: 5,
    avoidSingles: false,
    accessibleUntil: null,
    rings: null,
    counts: { ...NO_SEATS, total: seats, available: seats },
    categories: priced,
    zones: zones.map(({ name, category, price, isArea }, i) => {
      const { rows = 0, seatsPerRow = 0, capacity = 0 } = sizes[i] ?? {};
      return {
        zone: i + 1,
        ...(name.trim() !== '' && { name }),
        ...(category !== '' && { category }),
        price: byName.get(category) ?? minorOf(price, currency) ?? 0,
        ...(isArea && { area: true as const }),
        rows,
        seatsPerRow,
        capacity,
        counts: { ...NO_SEATS, total: capacity, available: capacity },
      };
    }),
  };
}
