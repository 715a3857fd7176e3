import { momentOf } from '../values/local-times.ts';

/** A search for bookings as it is typed; times are by the clock of `timeZone`. */
export type FilterForm = {
  eventId: string;
  code: string;
  seat: string;
  buyer: string;
  userId: string;
  reference: string;
  paymentReference: string;
  status: string;
  from: string;
  to: string;
};

const FIELDS = [
  'eventId',
  'code',
  'seat',
  'buyer',
  'userId',
  'reference',
  'paymentReference',
  'status',
  'from',
  'to',
] as const satisfies readonly (keyof FilterForm)[];

/** The search of an address. */
export const filterOf = (query: URLSearchParams): FilterForm =>
  Object.fromEntries(FIELDS.map((field) => [field, query.get(field) ?? ''])) as FilterForm;

/** The address of a search, without what is empty. */
export function addressOf(filter: FilterForm): string {
  const query = new URLSearchParams();
  for (const field of FIELDS) if (filter[field].trim() !== '') query.set(field, filter[field].trim());
  return `#/bookings?${query}`;
}

/** Whether a text is the id of a booking. */
export const isBookingId = (text: string): boolean => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text.trim());

/**
 * The query of `GET /api/bookings`.
 *
 * @throws Error that names a time that no clock shows
 */
export function queryOf(filter: FilterForm, timeZone: string): URLSearchParams {
  const query = new URLSearchParams();
  for (const field of FIELDS) {
    const text = filter[field].trim();
    if (text === '') continue;
    const isTime = field === 'from' || field === 'to';
    const value = isTime ? momentOf(text, timeZone) : text;
    if (value === undefined) throw new Error(`${field}: no clock in ${timeZone} shows this time`);
    query.set(field, value);
  }
  return query;
}
