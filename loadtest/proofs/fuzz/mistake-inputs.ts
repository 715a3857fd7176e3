import { eventChange, newEvent } from '../../../shared/contract/events.ts';
import { choiceFields, runFields } from '../../../shared/contract/reserve.ts';
import { roomChange } from '../../../shared/contract/waiting-room.ts';
import { below, chance, pick, type Random } from '../../kit/random.ts';
import { type Category, category, type World } from './category.ts';
import {
  anotherEvent,
  anyRequest,
  asOperator,
  EVENT,
  FOREIGN_CURSOR,
  type FuzzRequest,
  label,
  readable,
  requestTo,
  user,
  withHeaders,
} from './requests.ts';
import { type Field, wordsOf } from './values.ts';

/** Fields of routes: the misspelling of one may be another. */
const KNOWN = new Set([
  ...Object.keys({ ...newEvent.shape, ...eventChange.shape, ...roomChange.shape, ...runFields, ...choiceFields }),
  ...wordsOf(
    'wishes eventId userId buyer reference metadata seatNumber seats paymentReference nonce email password confirm',
  ),
  ...wordsOf('processes reason bookingIds amount currency note'),
]);

const EVENT_STREAM = 'text/event-stream';
const STREAMS = [EVENT_STREAM, 'application/x-ndjson', 'text/event-stream;q=0.1, application/json'];

const UNKNOWN_FIELDS = wordsOf(
  'paused prise qty dryRun force ref user id x Seats seat_limit on_sale_at __proto__ toString',
);

/** Parameters of no route. */
const UNKNOWN_PARAMETERS = wordsOf(
  'utm_source fbclid eventid EventId Wait WAIT _ debug x[] __proto__ constructor wait2',
);

/** A misspelled name: a letter too few or too many, two swapped, another case or style. */
function misspelled(random: Random, name: string): string {
  const index = below(random, name.length);
  const kind = below(random, 6);
  if (kind === 0) return name.slice(0, index) + name.slice(index + 1);
  if (kind === 1) return name.slice(0, index) + name.charAt(index) + name.slice(index);
  if (kind === 2) return name.slice(0, index) + name.charAt(index + 1) + name.charAt(index) + name.slice(index + 2);
  if (kind === 3) return name.charAt(0).toUpperCase() + name.slice(1);
  if (kind === 4) return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return `${name}s`;
}

function unknownField(random: Random, fields: readonly Field[]): Field {
  const [name, value] = fields.length === 0 ? (['count', '1'] as const) : pick(random, fields);
  const wrong = chance(random, 0.7) ? misspelled(random, name) : pick(random, UNKNOWN_FIELDS);
  return [KNOWN.has(wrong) || wrong === '' ? pick(random, UNKNOWN_FIELDS) : wrong, value];
}

/** A request that changes something, with or without a body. */
function anyChange(random: Random, world: World): FuzzRequest {
  for (;;) {
    const request = anyRequest(random, world);
    if (request.method !== 'GET') return request;
  }
}

const withFields = (request: FuzzRequest, fields: readonly Field[]): FuzzRequest => ({
  ...request,
  headers: request.fields === undefined ? [...request.headers, ['content-type', 'application/json']] : request.headers,
  fields,
});

/** Two ways to name the wanted seats, in one body. */
function twoWishes(random: Random): Field[] {
  const number: Field = ['seatNumber', `"${label(random)}"`];
  const seats: Field = ['seats', `["${label(random)}"]`];
  const count: Field = ['count', String(1 + below(random, 5))];
  const place: Field = pick(random, [
    ['zone', '1'],
    ['row', '1'],
    ['start', '0'],
  ]);
  const condition: Field = pick(random, [
    ['category', '"Gold"'],
    ['maxPrice', '5000'],
    ['split', 'true'],
  ]);
  const wishes: Field = ['wishes', '[{"count":1}]'];
  return pick(random, [
    [number, condition],
    [seats, condition],
    [count, condition, ['zone', '1'], ['row', '1'], ['start', '0']],
    [wishes, pick(random, [number, seats, count, place, condition])],
    [number, seats],
    [number, count],
    [seats, count],
    [number, place],
    [seats, place],
    [seats, place, count],
    [number, seats, count, place],
  ]);
}

const DAYS = wordsOf(`
  2026-12-31 2024-02-29 2023-02-29 1900-02-29 2000-02-29 0000-01-01 0001-01-01 9999-12-31 10000-01-01 +010000-01-01
  -000001-01-01 -0001-12-31 1969-12-31 1582-10-10 2026-00-10 2026-13-10 2026-06-00 2026-06-31 2026-6-1 26-06-01
  2026-W01-1 2026-001 20260601 294276-12-31 275760-09-13 4713-01-01 2026-03-29 2026-11-01 2016-12-31
`);
const TIMES = wordsOf(`
  T00:00:00 T23:59:59 T24:00:00 T24:00:01 T23:59:60 T25:00:00 T12:60:00 T12:00 T12 T12:00:00.1 T12:00:00.123456
  T12:00:00.123456789012 T12:00:00. T12:00:00,5 t12:00:00 T02:30:00 T1:00:00 T12:00:00.999999999
`).concat(['', ' 12:00:00']);
const OFFSETS = wordsOf(
  'Z z +00:00 -00:00 +14:00 -12:00 +15:59 -15:59 +16:00 +23:59 +24:00 +0100 +01 +1:00 +00:60 UTC [Europe/Berlin]',
).concat('');
const INVALID_DATES = wordsOf(`
  "now" "infinity" "-infinity" "tomorrow" "epoch" "allballs" "today" "" " " "0" "1767225600" 1767225600 1767225600000 -1
  8.64e15 8.64e16 true [] {} ["2026-01-01T00:00:00Z"] {"$date":0} "NaN"
`).concat([
  '"Thu, 01 Jan 2026 00:00:00 GMT"',
  '"2026-01-01T00:00:00Z "',
  '"2026-01-01T00:00:00Z\\u0000"',
  '"２０２６-01-01T00:00:00Z"',
  '"44-03-15T12:00:00Z BC"',
  '"2026-01-01T00:00:00−01:00"',
]);

/** A date as JSON: valid, at the limits of programs and PostgreSQL, or invalid. */
function anyDate(random: Random): string {
  if (chance(random, 0.25)) return pick(random, INVALID_DATES);
  const parts = [pick(random, DAYS), chance(random, 0.5) ? 'T00:00:00' : pick(random, TIMES)];
  return JSON.stringify(parts.join('') + (chance(random, 0.4) ? 'Z' : pick(random, OFFSETS)));
}

const WRONG_CURSORS = wordsOf(`
  0 .0 abcdef012345 abcdef012345. abcdef012345.-1 abcdef012345.01 abcdef012345.1.1 abcdef012345.9999999999999999
  abcdef012345.NaN abcdef01234.1 abcdef0123456.1 ghijkl012345.1 ABCDEF012345.1 abcdef012345.٣ null *
`).concat('', 'a b', 'abcdef012345.1, abcdef012345.1', '9'.repeat(5_000));
const WRONG_FEED_QUERIES = wordsOf(`
  after= after=%00 after=abcdef012345.1%0a after=abcdef012345.1&after=abcdef012345.1 types= types=, types=%00
  types=booking types=booking.* types=BOOKING.HELD types=booking.held, types=booking.held%20 types=toString
  types=booking.held&types=booking.held types[]=booking.held eventId= eventId=0 eventId=1.5 eventId=1,2
  eventId=2147483648 limit= limit=0 limit=-1 limit=1001 limit=1e2 limit=5&limit=6 wait= wait=61 wait=-1 wait=0.5
`).concat(`types=${'booking.held,'.repeat(80)}booking.held`);

/** A page or a stream of the feed with a parameter or a header that is wrong. */
function wrongFeedRead(random: Random, { cursor = FOREIGN_CURSOR, adminToken = '' }: World): FuzzRequest {
  const pageAccept = pick(random, ['*/*', 'application/json', 'application/json, text/event-stream', '', 'text/html']);
  const [query, accept, ...lastIds] = pick(random, [
    [pick(random, WRONG_FEED_QUERIES), pick(random, [pageAccept, ...STREAMS])],
    [`after=${encodeURIComponent(pick(random, WRONG_CURSORS))}`, pick(random, [pageAccept, ...STREAMS])],
    [`after=${cursor}&limit=5`, pick(random, STREAMS)],
    [pick(random, ['', `after=${cursor}`]), EVENT_STREAM, pick(random, WRONG_CURSORS)],
    ['wait=60', `${EVENT_STREAM}, application/x-ndjson`, cursor, cursor],
  ]);
  return withHeaders(
    requestTo('GET', '/api/feed', undefined, query),
    ['authorization', `Bearer ${adminToken}`],
    ['accept', accept],
    ...lastIds.map((id): [string, string] => ['last-event-id', id]),
  );
}

/** Inputs with honest mistakes: such a request is refused and changes nothing. */
export const MISTAKE_CATEGORIES: readonly Category[] = [
  category(6, 'unknown fields', (random, world) => {
    const request = anyChange(random, world);
    const fields = [...(request.fields ?? [])];
    fields.splice(below(random, fields.length + 1), 0, unknownField(random, fields));
    const wrong = withFields(request, fields);
    return readable(wrong, undefined, { isRefused: true });
  }),
  category(3, 'unknown parameters', (random, world) => {
    const request = anyRequest(random, world);
    const parameter = `${pick(random, UNKNOWN_PARAMETERS)}=${pick(random, ['', '1', 'x', '%00'])}`;
    const query = [request.query, parameter].filter((part) => part !== '').join('&');
    const isPage = request.path.startsWith('/docs');
    return readable({ ...request, query }, undefined, { isRefused: !isPage });
  }),
  category(2, 'fields that exclude each other', (random) => {
    const request = requestTo('POST', '/api/bookings', [['eventId', '1'], user(random), ...twoWishes(random)]);
    return readable(request, undefined, { isRefused: true });
  }),
  category(3, 'reads of the feed', (random, world) =>
    readable(wrongFeedRead(random, world), undefined, { isRefused: true }),
  ),
  category(2, 'dates', (random, world) => {
    const date: Field = ['onSaleAt', anyDate(random)];
    const request = chance(random, 0.3)
      ? requestTo('POST', '/api/events', [...EVENT.filter(([name]) => name !== 'onSaleAt'), date])
      : requestTo('PATCH', `/api/events/${anotherEvent(random, world)}`, [date]);
    return readable(asOperator(random, world, request), undefined, { isDecided: true });
  }),
];
