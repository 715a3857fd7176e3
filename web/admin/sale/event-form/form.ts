import type { EventView } from '../../../../shared/contract/events.ts';
import { localText } from '../values/local-times.ts';
import { amountText } from '../values/money.ts';

/** A ticket type of a category: its name and its price, as they are typed. */
export type TypeForm = { key: number; name: string; price: string };

/** A category as it is typed. `isNew`: the event does not have it yet. Without a colour pages choose one. */
export type CategoryForm = {
  key: number;
  isNew: boolean;
  name: string;
  price: string;
  color: string;
  types: TypeForm[];
};

/**
 * A zone as it is typed. `number` is undefined for one that the event does not have yet. `category`: its name, empty
 * for a price of its own. `taken`: seats that are held, sold or blocked. `hasPlan`: its rows differ.
 */
export type ZoneForm = {
  key: number;
  number: number | undefined;
  isArea: boolean;
  hasPlan: boolean;
  taken: number;
  name: string;
  category: string;
  price: string;
  rows: string;
  seatsPerRow: string;
  capacity: string;
};

/** An event as it is typed: numbers, money and times are texts. Times are by the clock of `timeZone`. */
export type EventForm = {
  name: string;
  venue: string;
  timeZone: string;
  startsAt: string;
  endsAt: string;
  onSaleAt: string;
  currency: string;
  seatLimit: string;
  maxSeats: string;
  holdMinutes: string;
  maxHoldMinutes: string;
  avoidSingles: boolean;
  /** Of a new event: its sales wait until an operator resumes them. */
  salesPaused: boolean;
  accessibleUntil: string;
  categories: CategoryForm[];
  zones: ZoneForm[];
};

let lastKey = 0;

/** A number that no other item of a list has. */
function newKey(): number {
  lastKey += 1;
  return lastKey;
}

export const newType = (): TypeForm => ({ key: newKey(), name: '', price: '' });

export const newCategory = (): CategoryForm => ({
  key: newKey(),
  isNew: true,
  name: '',
  price: '',
  color: '',
  types: [],
});

export const newZone = (isArea: boolean, category = ''): ZoneForm => ({
  key: newKey(),
  number: undefined,
  isArea,
  hasPlan: false,
  taken: 0,
  name: '',
  category,
  price: '',
  rows: isArea ? '' : '10',
  seatsPerRow: isArea ? '' : '20',
  capacity: isArea ? '100' : '',
});

/** The form of a new event, with what the API would choose. */
export const emptyForm = (timeZone: string): EventForm => ({
  name: '',
  venue: '',
  timeZone,
  startsAt: '',
  endsAt: '',
  onSaleAt: '',
  currency: 'EUR',
  seatLimit: '10',
  maxSeats: '5',
  holdMinutes: '10',
  maxHoldMinutes: '30',
  avoidSingles: false,
  salesPaused: false,
  accessibleUntil: '',
  categories: [],
  zones: [newZone(false)],
});

const minutesText = (seconds: number): string => String(Math.round((seconds / 60) * 1_000) / 1_000);

/** The form of an event as it is. */
export function formOf(event: EventView): EventForm {
  const { timeZone, currency, seatLimit } = event;
  const localOf = (moment: string | null) => (moment === null ? '' : localText(moment, timeZone));
  return {
    name: event.name,
    venue: event.venue ?? '',
    timeZone,
    startsAt: localOf(event.startsAt),
    endsAt: localOf(event.endsAt),
    onSaleAt: localOf(event.onSaleAt),
    currency,
    seatLimit: seatLimit === null ? '' : String(seatLimit),
    maxSeats: String(event.maxSeats),
    holdMinutes: minutesText(event.holdSeconds),
    maxHoldMinutes: minutesText(event.maxHoldSeconds),
    avoidSingles: event.avoidSingles,
    salesPaused: event.salesPaused,
    accessibleUntil: localOf(event.accessibleUntil),
    categories: event.categories.map(({ name, price, color = '', types = {} }) => ({
      key: newKey(),
      isNew: false,
      name,
      price: amountText(price, currency),
      color,
      types: Object.entries(types).map(([type, other]) => ({
        key: newKey(),
        name: type,
        price: amountText(other, currency),
      })),
    })),
    zones: event.zones.map((zone) => zoneFormOf(zone, currency)),
  };
}

function zoneFormOf(zone: EventView['zones'][number], currency: string): ZoneForm {
  const isArea = zone.area === true;
  return {
    key: newKey(),
    number: zone.zone,
    isArea,
    hasPlan: zone.hasPlan === true,
    taken: zone.counts.total - zone.counts.available,
    name: zone.name ?? '',
    category: zone.category ?? '',
    price: zone.category === undefined ? amountText(zone.price, currency) : '',
    rows: isArea ? '' : String(zone.rows),
    seatsPerRow: isArea ? '' : String(zone.seatsPerRow),
    capacity: isArea ? String(zone.capacity) : '',
  };
}
