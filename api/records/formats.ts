import type { Booking, BookingItem } from '../../shared/contract/tickets.ts';
import { streamTypeOf } from '../http/text-stream.ts';

/** A form in which all matching bookings are streamed. */
export type ExportFormat = { type: string; head: string; lineOf: (booking: Booking) => string };

const COLUMNS = [
  'id',
  'eventId',
  'userId',
  'buyer',
  'status',
  'seats',
  'total',
  'currency',
  'reference',
  'metadata',
  'createdAt',
  'expiresAt',
  'orderId',
] as const satisfies readonly (keyof Booking)[];

/** A cell that a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * A value as a cell of CSV (RFC 4180). Text that a spreadsheet would take for a formula begins with an apostrophe, as
 * OWASP recommends (CSV Injection).
 */
function cellOf(value: Booking[keyof Booking]): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.join(' ');
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The text that a ticket has for a seat: zone, row and seat. */
const printedOf = ({ zoneName, rowLabel, label }: BookingItem): string =>
  [zoneName, rowLabel, label].filter((name) => name !== undefined).join(' ');

/** Columns with a value for each seat, in the order of `seats`; empty where no seat has one. */
const SEAT_COLUMNS: Readonly<Record<string, (item: BookingItem) => string>> = {
  labels: printedOf,
  categories: ({ category = '' }) => category,
  types: ({ type = '' }) => type,
};

function valuesOfSeats({ items = [] }: Booking, textOf: (item: BookingItem) => string): string | undefined {
  const values = items.map(textOf);
  return values.some((value) => value !== '') ? values.join('; ') : undefined;
}

const CSV: ExportFormat = {
  type: 'text/csv; charset=utf-8; header=present',
  head: `${[...COLUMNS, ...Object.keys(SEAT_COLUMNS)].join(',')}\r\n`,
  lineOf(booking) {
    const ofBooking = COLUMNS.map((column) => booking[column]);
    const ofSeats = Object.values(SEAT_COLUMNS).map((textOf) => valuesOfSeats(booking, textOf));
    return `${[...ofBooking, ...ofSeats].map(cellOf).join(',')}\r\n`;
  },
};

const NDJSON: ExportFormat = {
  type: 'application/x-ndjson; charset=utf-8',
  head: '',
  lineOf: (booking) => `${JSON.stringify(booking)}\n`,
};

/** The format that an `Accept` header names first; undefined for JSON, a page. */
export function exportFormatOf(accept: string | undefined): ExportFormat | undefined {
  const type = streamTypeOf(['text/csv', 'application/x-ndjson'] as const, accept);
  return type && { 'text/csv': CSV, 'application/x-ndjson': NDJSON }[type];
}

/** The text of an export, page by page. */
export async function* exportText(
  { head, lineOf }: ExportFormat,
  pages: AsyncIterable<readonly Booking[]>,
): AsyncGenerator<string, void> {
  let before = head;
  for await (const page of pages) {
    yield before + page.map(lineOf).join('');
    before = '';
  }
}
