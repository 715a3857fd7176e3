import { clearSentence } from '../../../shared/contract/events.ts';
import { newTicketId } from '../../../shared/domain/ticket-id.ts';
import type { AskedFor, Input, World } from './input.ts';
import { below, chance, type Field, objectOf, pick, pickWeighted, type Random } from './values.ts';

/** A request before it is bytes. */
export type Asked = {
  method: string;
  path: string;
  query: string;
  headers: [name: string, value: string][];
  /** The fields of its JSON body; undefined where it has none. */
  fields: readonly Field[] | undefined;
};

type Maker = (random: Random, world: World) => Asked;

const anyTicket = (random: Random, { tickets }: World) =>
  chance(random, 0.8) && tickets.length > 0 ? pick(random, tickets) : newTicketId(below(random, 3));

export const label = (random: Random) => `${1 + below(random, 4)}-${1 + below(random, 10)}-${1 + below(random, 65)}`;
export const user = (random: Random): Field => ['userId', String(1 + below(random, 100))];
const count = (random: Random): Field => ['count', String(1 + below(random, 5))];

/** A key of which many requests have the same. */
export const anyKey = (random: Random) => `a key of the fuzz, number ${below(random, 1_000)}`;

export function ask(method: string, path: string, fields?: readonly Field[], query = ''): Asked {
  const headers: Asked['headers'] = fields === undefined ? [] : [['content-type', 'application/json']];
  return { method, path, query, headers, fields };
}

/** What looks like a token of a waiting room, and what does not. */
const roomToken = (random: Random) =>
  pick(random, [
    `v.1.1.${below(random, 9)}.0.${'A'.repeat(43)}`,
    'v.1.1.1.0.',
    'v.',
    'a.1.1.1.0.1.1.x',
    '.',
    '',
    'ü',
    'v.1e400.x.-1..x',
  ]);

/** As `ask`, by an operator where the world has its token and luck wants it. */
export function asOperator(random: Random, world: World, asked: Asked): Asked {
  const token = world.adminToken !== undefined && chance(random, 0.5) ? world.adminToken : pick(random, ['x', '', 'ü']);
  return { ...asked, headers: [...asked.headers, ['authorization', `Bearer ${token}`]] };
}

/** Where an event is made or changed it is never the first one, which others need as it is. */
export const anotherEvent = (random: Random, { events }: World) => pick(random, [...events, 0, 99_999]);

/** The confirmation that clearing an event needs. */
const confirming = (event: number): Field[] => [['confirm', JSON.stringify(clearSentence(event))]];

/** Every route, as its users ask, by weight. Those that take long or leave something behind come seldom. */
const ROUTES: readonly (readonly [weight: number, make: Maker])[] = [
  [15, (random) => ask('POST', '/reserve', wishOf(random), pick(random, ['', '', 'wait=1', 'wait=0']))],
  [4, (random) => ask('GET', `/occupancy/${1 + below(random, 4)}/${1 + below(random, 10)}`)],
  [2, () => ask('GET', '/availability/check-all')],
  [1, () => ask('GET', '/stats')],
  [0.1, (random, world) => asOperator(random, world, ask('POST', '/initialize'))],
  [0.1, (random, world) => asOperator(random, world, ask('POST', '/clear', confirming(1)))],
  [
    0.1,
    (random, world) => {
      const event = anotherEvent(random, world);
      return asOperator(random, world, ask('DELETE', `/api/events/${event}/bookings`, confirming(event)));
    },
  ],
  [
    10,
    (random) =>
      ask('POST', '/api/bookings', [['eventId', '1'], user(random), ...seatsOf(random)], pick(random, ['', 'wait=1'])),
  ],
  [8, (random, world) => ask('GET', `/api/bookings/${anyTicket(random, world)}`)],
  [
    4,
    (random, world) =>
      ask('POST', `/api/bookings/${anyTicket(random, world)}/confirm`, [user(random), ['paymentReference', '"p"']]),
  ],
  [4, (random, world) => ask('POST', `/api/bookings/${anyTicket(random, world)}/extend`, [user(random)])],
  [4, (random, world) => ask('DELETE', `/api/bookings/${anyTicket(random, world)}`, [user(random)])],
  [
    2,
    (random, world) => {
      const path = `/api/bookings/${anyTicket(random, world)}/return`;
      return asOperator(random, world, ask('POST', path, [['reason', '"r"']]));
    },
  ],
  [
    8,
    (random, world) => ask('GET', `/api/tickets/${anyTicket(random, world)}`, undefined, pick(random, ['', 'wait=1'])),
  ],
  [2, () => ask('GET', '/api/events', undefined, 'after=0&limit=5')],
  [2, (random) => ask('GET', '/api/events/1', undefined, pick(random, ['', '', '', 'include=seats']))],
  [4, (random) => ask('GET', '/api/seats/available', undefined, `eventId=1&limit=${1 + below(random, 50)}`)],
  [2, () => ask('GET', '/api/seats/map', undefined, 'eventId=1')],
  [
    0.3,
    () =>
      ask('POST', '/api/users/login', [
        ['email', '"test@example.com"'],
        ['password', '"password"'],
      ]),
  ],
  [0.5, (random, world) => asOperator(random, world, ask('POST', '/api/events', EVENT))],
  [2, (random, world) => asOperator(random, world, ask('PATCH', `/api/events/${anotherEvent(random, world)}`, CHANGE))],
  [
    1,
    (random, world) =>
      asOperator(random, world, ask('POST', '/api/events/1/block', [['seats', `["${label(random)}"]`]])),
  ],
  [
    1,
    (random, world) =>
      asOperator(random, world, ask('POST', '/api/events/1/unblock', [['seats', `["${label(random)}"]`]])),
  ],
  [
    0.05,
    (random, world) =>
      asOperator(random, world, ask('POST', pick(random, ['/admin/audit', '/admin/rebuild']), undefined, 'eventId=1')),
  ],
  [2, () => ask('GET', '/waiting-room')],
  [
    6,
    (random, world) => {
      const path = `/api/events/${pick(random, [1, anotherEvent(random, world)])}/waiting-room`;
      const asked = pick(random, [
        ask('POST', path),
        ask('POST', path, [['nonce', '"some-nonce"']]),
        ask('GET', path),
        ask('DELETE', path),
        ask('GET', `${path}/draw`),
        ask('GET', `${path}/challenge`),
        ask('POST', path, [
          ['challenge', '"c.1.1.8.1795338360250.1.x"'],
          ['solution', '"1a7f"'],
          ['proof', '"a token"'],
        ]),
      ]);
      return { ...asked, headers: [...asked.headers, ['x-visitor-token', roomToken(random)]] };
    },
  ],
  [
    1,
    (random, world) =>
      asOperator(random, world, ask('PUT', `/api/events/${anotherEvent(random, world)}/waiting-room`, ROOM)),
  ],
  [2, (random) => ask('GET', pick(random, ['/healthz', '/healthz/pipeline', '/readyz']))],
  [
    0.3,
    (random) =>
      ask('GET', pick(random, ['/openapi.json', '/docs', '/docs/start.js', '/docs/assets/index.css', '/docs/assets'])),
  ],
  [1, () => ask('GET', '/nothing')],
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
];
const CHANGE: readonly Field[] = [
  ['name', '"Other"'],
  ['salesPaused', 'false'],
  ['onSaleAt', 'null'],
  ['avoidSingles', 'true'],
  ['rings', '[[1,2],[4,3]]'],
  ['maxHoldSeconds', '900'],
];

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

export const anyRequest: Maker = (random, world) => pickWeighted(random, ROUTES)(random, world);

/** A request that brings a body. */
export const withBody: Maker = (random, world) => {
  for (;;) {
    const asked = anyRequest(random, world);
    if (asked.fields !== undefined) return asked;
  }
};

const target = ({ path, query }: Asked) => (query === '' ? path : `${path}?${query}`);

/** A request in bytes, framed as it should be unless `headers` says otherwise. */
export function bytesOf(
  asked: Asked,
  body: Buffer | string | undefined = asked.fields && objectOf(asked.fields),
  framing = true,
): Buffer {
  const length: Asked['headers'] =
    framing && body !== undefined ? [['content-length', String(Buffer.byteLength(body))]] : [];
  return Buffer.concat([headOf(asked, [['host', 'localhost'], ...asked.headers, ...length]), Buffer.from(body ?? '')]);
}

export const headOf = (asked: Asked, headers: Asked['headers'], version = '1.1'): Buffer =>
  Buffer.from(
    `${asked.method} ${target(asked)} HTTP/${version}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    'latin1',
  );

/** Bytes of one readable request, which has to be answered; `expected`: further facts about its answer. */
export const whole = (
  asked: Asked,
  bytes = bytesOf(asked),
  expected: Pick<AskedFor, 'refused' | 'decided'> = {},
): Omit<Input, 'what'> => ({
  bytes,
  asks: [{ path: asked.path, head: asked.method === 'HEAD', ...expected }],
});

/** Bytes of which nobody can say how much of a request is in them. */
export const unsure = (bytes: Buffer): Omit<Input, 'what'> => ({ bytes });

export const withHeaders = (asked: Asked, ...headers: Asked['headers']): Asked => ({
  ...asked,
  headers: [...asked.headers, ...headers],
});
