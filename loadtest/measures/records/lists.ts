import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { median } from '../../kit/statistics.ts';
import { FREQUENT_BUYER, FREQUENT_REFERENCE, HOT_SEAT, RARE_BUYER } from './fill.ts';

/** Sends a list's request and reads its answer. @throws Error where it is refused */
export type Get = (path: string) => Promise<{ bookings: unknown[]; next?: string }>;

/** A list that is measured. */
export type ListCase = { query: Record<string, string | number>; caller: 'operator' | 'frequent buyer' | 'rare buyer' };

/** Milliseconds of a list. `found`: its bookings on the first page. `endsEarly`: it has more, and is not full. */
export type ListTimes = { list: ListCase; first: number[]; deep: number[]; found: number; endsEarly: boolean };

/** Requests of each list and page, after others that warm up. */
const SAMPLES = 15;
const WARM_UP = 3;

const FULL_PAGE = 100;

const EARLIER_MS = 180 * 86_400_000;
const DAY_MS = 86_400_000;

/** A seat of the default event that one sold booking has. */
const SOLD_SEAT = '1-1-3';

/** Every filter alone, and pairs: both frequent, one rare, and those that hardly a booking matches. */
function queries(): ListCase['query'][] {
  const [from, to] = [EARLIER_MS, EARLIER_MS - DAY_MS].map((ago) => new Date(Date.now() - ago).toISOString());
  const range = { from: from ?? '', to: to ?? '' };
  const [event, small] = [{ eventId: DEFAULT_EVENT }, { eventId: 2 }];
  const [buyer, rareBuyer] = [{ buyer: FREQUENT_BUYER.buyer }, { buyer: RARE_BUYER.buyer }];
  const reference = { reference: FREQUENT_REFERENCE };
  const returned = { status: 'RETURNED' };
  return [
    {},
    { limit: 1 },
    { status: 'CONFIRMED' },
    returned,
    event,
    small,
    buyer,
    rareBuyer,
    { buyer: 'nobody' },
    { userId: 7 },
    { ...event, seat: SOLD_SEAT },
    { ...event, seat: HOT_SEAT },
    { paymentReference: 'payment 1001' },
    reference,
    { reference: 'basket 1000' },
    { from: range.from },
    { to: range.to },
    range,
    { ...event, status: 'PENDING' },
    { ...small, ...returned },
    { ...event, ...range },
    { ...event, ...buyer },
    { ...small, ...buyer },
    { ...event, ...rareBuyer },
    { ...event, ...reference },
    { ...small, ...reference },
    { ...event, seat: HOT_SEAT, status: 'CANCELLED' },
    { status: 'CONFIRMED', ...range },
    { ...returned, ...range },
    { ...buyer, ...returned },
    { ...buyer, ...range },
    { ...buyer, ...reference },
    { ...buyer, reference: 'basket 1000' },
    { ...reference, ...returned },
    { ...event, ...buyer, ...reference, ...returned },
  ];
}

const ofBuyers: ListCase[] = [
  { query: {}, caller: 'rare buyer' },
  ...[
    {},
    { status: 'RETURNED' },
    { eventId: DEFAULT_EVENT },
    { eventId: 2 },
    { eventId: DEFAULT_EVENT, seat: HOT_SEAT },
    { paymentReference: 'payment 1001' },
    { reference: FREQUENT_REFERENCE },
  ].map((query) => ({ query, caller: 'frequent buyer' as const })),
];

/** All lists that are measured. */
export const listCases = (): ListCase[] => [
  ...queries().map((query) => ({ query, caller: 'operator' as const })),
  ...ofBuyers,
];

export const nameOf = ({ query, caller }: ListCase): string => {
  const filters = Object.entries(query).map(([name, value]) =>
    name === 'from' || name === 'to' ? name : `${name}=${value}`,
  );
  return `${caller === 'operator' ? '' : `${caller}: `}${filters.join(' ') || 'no filter'}`;
};

export const pathOf = ({ query }: ListCase, after?: string): string => {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) parameters.set(name, String(value));
  if (after !== undefined) parameters.set('after', after);
  return `/api/bookings?${parameters}`;
};

async function timesOf(get: Get, path: string): Promise<number[]> {
  for (let i = 0; i < WARM_UP; i += 1) await get(path);
  const times: number[] = [];
  for (let i = 0; i < SAMPLES; i += 1) {
    const startedAt = performance.now();
    await get(path);
    times.push(performance.now() - startedAt);
  }
  return times;
}

/** Measures a list's first page, and one in the middle of the year of bookings. */
export async function measureList(list: ListCase, get: Get): Promise<ListTimes> {
  const path = pathOf(list);
  const { bookings, next } = await get(path);
  const first = await timesOf(get, path);
  const middle = `${Date.now() - EARLIER_MS}_00000000-0000-0000-0000-000000000000`;
  const deep = await timesOf(get, pathOf(list, middle));
  const endsEarly = next !== undefined && bookings.length < Number(list.query.limit ?? FULL_PAGE);
  return { list, first, deep, found: bookings.length, endsEarly };
}

/** The cells of a list in a report: medians, and the slowest of all. */
export const rowOf = ({ list, first, deep, found, endsEarly }: ListTimes): (string | number)[] => [
  nameOf(list),
  `${found}${endsEarly ? '+' : ''}`,
  median(first).toFixed(1),
  median(deep).toFixed(1),
  Math.max(...first, ...deep).toFixed(1),
];
