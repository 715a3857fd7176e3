import { clearConfirmation } from '../../../shared/contract/events.ts';
import { newTicketId } from '../../../shared/domain/ticket-id.ts';
import { below, chance, pick, type Random } from '../../kit/random.ts';
import type { Expected, Input, World } from './category.ts';
import { anyConditions, anyHouse, anyHouseChange } from './houses.ts';
import { type Field, objectOf, pickWeighted, wordsOf } from './values.ts';

/** A request before it is bytes. */
export type FuzzRequest = {
  method: string;
  path: string;
  query: string;
  headers: [name: string, value: string][];
  /** The fields of its JSON body; undefined where it has none. */
  fields: readonly Field[] | undefined;
};

type Maker = (random: Random, world: World) => FuzzRequest;

const anyTicket = (random: Random, { tickets }: World) =>
  chance(random, 0.8) && tickets.length > 0 ? pick(random, tickets) : newTicketId(below(random, 3));

export const label = (random: Random) => `${1 + below(random, 4)}-${1 + below(random, 10)}-${1 + below(random, 65)}`;
export const user = (random: Random): Field => ['userId', String(1 + below(random, 100))];
const count = (random: Random): Field => ['count', String(1 + below(random, 5))];

/** An idempotency key that many requests share. */
export const anyKey = (random: Random) => `a key of the fuzz, number ${below(random, 1_000)}`;

export function requestTo(method: string, path: string, fields?: readonly Field[], query = ''): FuzzRequest {
  const headers: FuzzRequest['headers'] = fields === undefined ? [] : [['content-type', 'application/json']];
  return { method, path, query, headers, fields };
}

/** Tokens in the form of a waiting room's, and others. */
const ROOM_TOKENS = ['v.1.1.1.0.', 'v.', 'a.1.1.1.0.1.1.x', '.', '', 'ü', 'v.1e400.x.-1..x'];

const roomToken = (random: Random) => pick(random, [`v.1.1.${below(random, 9)}.0.${'A'.repeat(43)}`, ...ROOM_TOKENS]);

/** The request with a token: half of the times an operator's, where the world has one. */
export function asOperator(random: Random, world: World, request: FuzzRequest): FuzzRequest {
  const token = world.adminToken !== undefined && chance(random, 0.5) ? world.adminToken : pick(random, ['x', '', 'ü']);
  return { ...request, headers: [...request.headers, ['authorization', `Bearer ${token}`]] };
}

/** An event that inputs may change: never the first one, whose settings other inputs need. */
export const anotherEvent = (random: Random, { events }: World) => pick(random, [...events, 0, 99_999]);

/** The confirmation that clearing an event needs. */
const confirming = (event: number): Field[] => [['confirm', JSON.stringify(clearConfirmation(event))]];

function waitingRoomRequest(random: Random, world: World): FuzzRequest {
  const path = `/api/events/${pick(random, [1, anotherEvent(random, world)])}/waiting-room`;
  const request = pick(random, [
    requestTo('POST', path),
    requestTo('POST', path, [['nonce', '"some-nonce"']]),
    requestTo('GET', path),
    requestTo('DELETE', path),
    requestTo('GET', `${path}/draw`),
    requestTo('GET', `${path}/challenge`),
    requestTo('POST', path, [
      ['challenge', '"c.1.1.8.1795338360250.1.x"'],
      ['solution', '"1a7f"'],
      ['proof', '"a token"'],
    ]),
  ]);
  return { ...request, headers: [...request.headers, ['x-visitor-token', roomToken(random)]] };
}

/** A cursor of another feed. */
export const FOREIGN_CURSOR = 'abcdef012345.1';

/** A page of the feed, or its lines to the present end. An event stream has no end: only one that is refused comes. */
function feedRequest(random: Random, world: World): FuzzRequest {
  const cursor = world.cursor ?? FOREIGN_CURSOR;
  const event = `eventId=${anotherEvent(random, world)}`;
  const read = (query: string, ...headers: FuzzRequest['headers']) =>
    withHeaders(requestTo('GET', '/api/feed', undefined, query), ...headers);
  return pick(random, [
    read(`limit=${1 + below(random, 20)}`),
    read(`after=${cursor}&limit=20&wait=1`, ['accept', '*/*']),
    read('types=event.paused,event.cleared&limit=5', ['accept', 'application/json, text/event-stream']),
    read(`${event}&types=event.changed,room.opened`, ['accept', 'application/x-ndjson']),
    read('', ['accept', 'text/event-stream'], ['last-event-id', FOREIGN_CURSOR]),
  ]);
}

/** Operators' requests to webhooks, whose endpoints refuse connections. */
function webhookRequest(random: Random, world: World): FuzzRequest {
  const one = `/admin/webhooks/${1 + below(random, 5)}`;
  const endpoint: Field[] = [
    ['url', '"http://127.0.0.1:9/hook"'],
    ['types', '["booking.confirmed","seats.blocked"]'],
    ['description', '"Fuzz"'],
    ['eventIds', '[1]'],
  ];
  const place: Field = pick(random, [
    ['from', '"2026-01-01T00:00:00Z"'],
    ['after', JSON.stringify(world.cursor ?? '')],
  ]);
  return pick(random, [
    requestTo('GET', '/admin/webhooks'),
    requestTo('POST', '/admin/webhooks', endpoint),
    requestTo('GET', one),
    requestTo('PATCH', one, [...endpoint, ['enabled', pick(random, ['true', 'false'])]]),
    requestTo('DELETE', one),
    requestTo('POST', `${one}/rotate-secret`),
    requestTo('POST', `${one}/test`),
    requestTo('POST', `${one}/replay`, [place]),
  ]);
}

type Route = { weight: number; make: Maker };

const route = (weight: number, make: Maker): Route => ({ weight, make });

/** A route of operators. */
const operatorRoute = (weight: number, make: Maker): Route =>
  route(weight, (random, world) => asOperator(random, world, make(random, world)));

const seatList = (random: Random): Field[] => [['seats', `["${label(random)}"]`]];

const DOCS = wordsOf('/openapi.json /docs /docs/start.js /docs/assets/index.css /docs/assets');

const LOGIN: readonly Field[] = [
  ['email', '"test@example.com"'],
  ['password', '"password"'],
];

/** Every route as its users call it, by weight. Routes that take long, or whose effects remain, come seldom. */
const ROUTES: readonly Route[] = [
  route(15, (random) => requestTo('POST', '/reserve', wishOf(random), pick(random, ['', '', 'wait=1', 'wait=0']))),
  route(4, (random) => requestTo('GET', `/occupancy/${1 + below(random, 4)}/${1 + below(random, 10)}`)),
  route(2, () => requestTo('GET', '/availability/check-all')),
  route(1, () => requestTo('GET', '/stats')),
  operatorRoute(0.1, () => requestTo('POST', '/initialize')),
  operatorRoute(0.1, () => requestTo('POST', '/clear', confirming(1))),
  operatorRoute(0.1, (random, world) => {
    const event = anotherEvent(random, world);
    return requestTo('DELETE', `/api/events/${event}/bookings`, confirming(event));
  }),
  route(10, (random, world) => {
    const event = pick(random, [1, anotherEvent(random, world)]);
    const fields: Field[] = [['eventId', String(event)], user(random), ...anyWish(random)];
    return requestTo('POST', '/api/bookings', fields, pick(random, ['', 'wait=1']));
  }),
  route(2, (random, world) =>
    requestTo('POST', `/api/bookings/${anyTicket(random, world)}/exchange`, [user(random), ...anyWish(random)]),
  ),
  route(8, (random, world) => requestTo('GET', `/api/bookings/${anyTicket(random, world)}`)),
  route(4, (random, world) => {
    const fields: Field[] = [user(random), ['paymentReference', '"p"']];
    return requestTo('POST', `/api/bookings/${anyTicket(random, world)}/confirm`, fields);
  }),
  route(3, (random, world) => {
    const holds = [anyTicket(random, world), anyTicket(random, world)];
    const reference = `"${below(random, 100)}"`;
    const fields: Field[] = [user(random), ['bookingIds', JSON.stringify(holds)], ['paymentReference', reference]];
    return requestTo('POST', '/api/orders', pick(random, [fields, [...fields, ['amount', '5000']]]));
  }),
  route(2, (random, world) => requestTo('GET', `/api/orders/${anyTicket(random, world)}`)),
  route(1, (random) => requestTo('GET', '/api/orders', undefined, pick(random, ['', 'status=REFUND_DUE&limit=5']))),
  operatorRoute(1, (random, world) => requestTo('POST', `/api/orders/${anyTicket(random, world)}/refunded`, [])),
  route(4, (random, world) => requestTo('POST', `/api/bookings/${anyTicket(random, world)}/extend`, [user(random)])),
  route(4, (random, world) => requestTo('DELETE', `/api/bookings/${anyTicket(random, world)}`, [user(random)])),
  route(4, (random, world) =>
    requestTo('POST', `/api/bookings/${anyTicket(random, world)}/release`, [user(random), ...seatList(random)]),
  ),
  operatorRoute(2, (random, world) => {
    const fields: Field[] = [['reason', '"r"'], ...pick(random, [[], seatList(random)])];
    return requestTo('POST', `/api/bookings/${anyTicket(random, world)}/return`, fields);
  }),
  route(8, (random, world) =>
    requestTo('GET', `/api/tickets/${anyTicket(random, world)}`, undefined, pick(random, ['', 'wait=1'])),
  ),
  route(2, () => requestTo('GET', '/api/events', undefined, 'after=0&limit=5')),
  route(2, (random) => requestTo('GET', '/api/events/1', undefined, pick(random, ['', '', '', 'include=seats']))),
  route(4, (random) => requestTo('GET', '/api/seats/available', undefined, `eventId=1&limit=${1 + below(random, 50)}`)),
  route(2, () => requestTo('GET', '/api/seats/map', undefined, 'eventId=1')),
  route(0.3, () => requestTo('POST', '/api/users/login', LOGIN)),
  route(1, (random, world) => requestTo('GET', `/api/events/${anotherEvent(random, world)}/plan`)),
  route(1, (random, world) => {
    const query = pick(random, ['category=Gold', 'category=none', 'accessible=true', 'accessible=true&zone=1&row=1']);
    return requestTo('GET', '/api/seats/available', undefined, `eventId=${anotherEvent(random, world)}&${query}`);
  }),
  operatorRoute(0.5, (random) => requestTo('POST', '/api/events', pick(random, [EVENT, anyHouse(random)]))),
  operatorRoute(2, (random, world) => {
    const change = pick(random, [CHANGE, anyHouseChange(random)]);
    return requestTo('PATCH', `/api/events/${anotherEvent(random, world)}`, change);
  }),
  operatorRoute(1, (random) => requestTo('POST', '/api/events/1/block', seatList(random))),
  operatorRoute(1, (random) => requestTo('POST', '/api/events/1/unblock', seatList(random))),
  operatorRoute(0.05, (random) =>
    requestTo('POST', pick(random, ['/admin/audit', '/admin/rebuild']), undefined, 'eventId=1'),
  ),
  operatorRoute(2, feedRequest),
  operatorRoute(2, webhookRequest),
  route(2, () => requestTo('GET', '/waiting-room')),
  route(1, () => requestTo('GET', '/api/events/1/line')),
  route(6, waitingRoomRequest),
  operatorRoute(1, (random, world) =>
    requestTo('PUT', `/api/events/${anotherEvent(random, world)}/waiting-room`, ROOM),
  ),
  operatorRoute(1, (random, world) =>
    requestTo('POST', `/api/events/${anotherEvent(random, world)}/waiting-room/done`, [['count', '3']]),
  ),
  route(2, (random) => requestTo('GET', pick(random, ['/healthz', '/healthz/pipeline', '/readyz']))),
  route(0.3, (random) => requestTo('GET', pick(random, DOCS))),
  route(1, () => requestTo('GET', '/nothing')),
];

export const EVENT: readonly Field[] = [
  ['name', '"Fuzz"'],
  ['zones', '[{"rows":2,"seatsPerRow":5,"price":100}]'],
  ['onSaleAt', '"2026-01-01T10:00:00Z"'],
  ['seatLimit', '4'],
  ['holdSeconds', '60'],
];
const ROOM: readonly Field[] = [
  ['mode', '"on"'],
  ['paused', 'false'],
  ['peoplePerMinute', '600'],
  ['turnSeconds', '5'],
  ['challenge', '"off"'],
  ['challengeBits', '8'],
  ['sites', '["https://shop.example"]'],
  ['look', '{"title":"Shop","logo":"https://shop.example/logo.svg","text":{"en":"Hello"}}'],
];
const CHANGE: readonly Field[] = [
  ['name', '"Other"'],
  ['salesPaused', 'false'],
  ['onSaleAt', 'null'],
  ['avoidSingles', 'true'],
  ['rings', '[[1,2],[4,3]]'],
  ['maxHoldSeconds', '900'],
];

/** Wishes of one request: one, under conditions or not, or several by preference. */
function anyWish(random: Random): Field[] {
  const one = (): Field[] => (chance(random, 0.5) ? seatsOf(random) : [...seatsOf(random), ...anyConditions(random)]);
  if (chance(random, 0.8)) return one();
  const ranked = Array.from({ length: 1 + below(random, 6) }, () => objectOf(one()));
  return [['wishes', `[${ranked.join(',')}]`]];
}

function wishOf(random: Random): Field[] {
  const zone: Field = ['zone', String(1 + below(random, 4))];
  const row: Field = ['row', String(1 + below(random, 10))];
  return pick(random, [
    [count(random)],
    [zone, count(random)],
    [zone, row, count(random)],
    [zone, row, ['start', String(below(random, 60))], count(random)],
  ]);
}

function seatsOf(random: Random): Field[] {
  if (chance(random, 0.4)) return [['seatNumber', `"${label(random)}"`]];
  return chance(random, 0.5) ? [['seats', `["${label(random)}","${label(random)}"]`]] : wishOf(random);
}

export const anyRequest: Maker = (random, world) => pickWeighted(random, ROUTES).make(random, world);

/** A request with a body. */
export const anyRequestWithBody: Maker = (random, world) => {
  for (;;) {
    const request = anyRequest(random, world);
    if (request.fields !== undefined) return request;
  }
};

export const headOf = ({ method, path, query }: FuzzRequest, headers: FuzzRequest['headers'], version = '1.1') => {
  const target = query === '' ? path : `${path}?${query}`;
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${target} HTTP/${version}\r\n${lines.join('')}\r\n`, 'latin1');
};

/** A request in bytes. `isFramed`: with the length of its body. */
export function bytesOf(
  request: FuzzRequest,
  body: Buffer | string | undefined = request.fields && objectOf(request.fields),
  isFramed = true,
): Buffer {
  const length: FuzzRequest['headers'] =
    isFramed && body !== undefined ? [['content-length', String(Buffer.byteLength(body))]] : [];
  const head = headOf(request, [['host', 'localhost'], ...request.headers, ...length]);
  return Buffer.concat([head, Buffer.from(body ?? '')]);
}

/** Bytes of one readable request, which must be answered. `facts`: further expectations of its answer. */
export const readable = (
  request: FuzzRequest,
  bytes = bytesOf(request),
  facts: Pick<Expected, 'isRefused' | 'isDecided'> = {},
): Omit<Input, 'what'> => ({ bytes, expected: [{ path: request.path, isHead: request.method === 'HEAD', ...facts }] });

/** Bytes that may contain no complete request. */
export const uncertain = (bytes: Buffer): Omit<Input, 'what'> => ({ bytes });

export const withHeaders = (request: FuzzRequest, ...headers: FuzzRequest['headers']): FuzzRequest => ({
  ...request,
  headers: [...request.headers, ...headers],
});
