import { MAX_BODY_BYTES, MAX_OPERATOR_BODY_BYTES } from '../../shared/contract/limits.ts';
import type { Input, World } from './input.ts';
import { type Asked, anyRequest, ask, bytesOf, headOf, unsure, whole, withBody, withHeaders } from './requests.ts';
import {
  below,
  chance,
  cutOff,
  deep,
  mutated,
  objectOf,
  PROTOTYPE_FIELDS,
  pick,
  type Random,
  STRANGE_BYTES,
  withBytes,
} from './values.ts';

const key = (random: Random) => `a key of the fuzz, number ${below(random, 1_000)}`;

const TYPES = [
  ...[
    'text/plain',
    'application/json; charset=utf-16',
    'application/json; charset="latin1"',
    'application/json;charset=UTF-8',
  ],
  ...['application/jsonp', 'APPLICATION/JSON', 'application/json; boundary=x', 'multipart/form-data; boundary=x', ''],
  ...['application/x-www-form-urlencoded', 'application/json, text/plain', `application/json;${' '.repeat(2_000)}`],
];
const ENCODINGS = ['gzip', 'br', 'identity', 'deflate, gzip', 'x'];
const PATHS = [
  ...[
    '/%00',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/%',
    '/%zz',
    '//',
    '//reserve',
    '/reserve/',
    '/reserve//',
    '/RESERVE',
    '/reserve%00',
  ],
  ...[
    '/reserve%2f',
    '/%72eserve',
    '/api/tickets/%',
    '/api/tickets/%00',
    '/api/bookings/%2e%2e',
    '/api//bookings',
    '/./reserve',
  ],
  ...[
    '/../reserve',
    '/reserve;x=1',
    '/docs/assets/%2e%2e/package.json',
    '/docs/assets/..%2fpackage.json',
    '/docs/assets/%00',
  ],
  ...[
    '/docs/assets//',
    '/docs/assets/%c0%af',
    '/api/events/%31',
    '/api/events/__proto__',
    '/api/users/constructor',
    '/ws',
    '/.env',
  ],
  ...[
    '/occupancy/%31/1',
    '/occupancy/1',
    '/occupancy/1/1/1',
    '/occupancy/%ff/1',
    '/availability',
    '/admin',
    '/admin/queues',
  ],
];
const PARAMETERS = [
  ...[
    '0',
    '-1',
    '1.0',
    '1.5',
    '1e1',
    '0x1',
    'NaN',
    'Infinity',
    '2147483648',
    '99999999999999999999',
    '%20',
    '%201',
    'null',
    'a',
  ],
  ...[
    '__proto__',
    'constructor',
    '00000000-0000-0000-0000-000000000000',
    'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
    '%F0%9F%8E%AB',
    '1-1-1',
  ],
];
const QUERIES = [
  ...[
    'wait=',
    'wait=-1',
    'wait=1e3',
    'wait=soon',
    'wait=0&wait=x',
    'wait=%00',
    'wait=%',
    'wait[]=1',
    'wait=0;1',
    'WAIT=1',
    'wait=0000000',
  ],
  ...[
    'eventId=',
    'eventId=1&eventId=2',
    'eventId=1.5',
    'eventId=-1',
    'eventId=1e400',
    'eventId=%31',
    'eventId=1&limit=0',
    'eventId=1&limit=1e9',
  ],
  ...[
    'eventId=1&after=1-1-1',
    'eventId=1&after=9-9-9',
    'eventId=1&after=999999-999999-999999',
    'eventId=1&zone=99',
    'eventId=1&row=0',
  ],
  ...[
    'eventId=1&zone=1&row=99999',
    'after=-1',
    'after=9007199254740993',
    'after=1e21',
    'limit=101',
    'include=seats&include=x',
    'include=',
  ],
  ...[
    '__proto__=1',
    '__proto__[x]=1',
    'constructor=1',
    '?',
    '??&&==',
    '&'.repeat(500),
    `eventId=${'1'.repeat(5_000)}`,
    'eventId=1&after=%00',
  ],
];
const METHODS = [
  'GET',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'HEAD',
  'TRACE',
  'PROPFIND',
  'SEARCH',
  'PURGE',
  'POST',
  'QUERY',
];

/** Ways to say how long a body is that are wrong, or two at once. */
function wrongFraming(random: Random, body: string): { headers: Asked['headers']; body: string } {
  const length = String(body.length);
  const [hex, chunked] = [body.length.toString(16), ['transfer-encoding', 'chunked'] as [string, string]];
  const right = `${hex}\r\n${body}\r\n0\r\n\r\n`;
  return pick(random, [
    { headers: [['content-length', String(below(random, body.length))]], body },
    { headers: [['content-length', String(body.length + 1 + below(random, 100))]], body },
    {
      headers: [
        ['content-length', length],
        ['content-length', length],
      ],
      body,
    },
    {
      headers: [
        ['content-length', length],
        ['content-length', '3'],
      ],
      body,
    },
    {
      headers: [['content-length', pick(random, ['-1', '+5', '0x5', '1e3', '5, 5', '', '99999999999999999999', '٥'])]],
      body,
    },
    { headers: [['content-length', length], chunked], body: right },
    { headers: [chunked, ['content-length', '4']], body: right },
    {
      headers: [
        ['transfer-encoding', pick(random, ['gzip', 'chunked, gzip', 'identity', 'xchunked', 'chunked, chunked'])],
      ],
      body: right,
    },
    {
      headers: [chunked],
      body: pick(random, [body, `${hex}\n${body}\n0\n\n`, `-1\r\n${body}`, `zz\r\n${body}\r\n0\r\n\r\n`, '0\r\n']),
    },
    { headers: [chunked], body: `fffffffffffffffff\r\n${body}` },
    { headers: [chunked], body: `${hex};${'x'.repeat(below(random, 20_000))}\r\n${body}\r\n0\r\n\r\n` },
    { headers: [chunked], body: `${hex}\r\n${body}\r\n0\r\nx: ${'y'.repeat(below(random, 20_000))}\r\n\r\n` },
    { headers: [chunked], body: `${(body.length + 5).toString(16)}\r\n${body}\r\n0\r\n\r\n` },
  ]);
}

function repeatedHeaders(random: Random): Asked['headers'] {
  const twice = (name: string, ...values: [string, string]): Asked['headers'] => values.map((value) => [name, value]);
  return pick(random, [
    twice('idempotency-key', key(random), key(random)),
    [
      [
        'idempotency-key',
        pick(random, ['', 'short', 'x'.repeat(255), 'x'.repeat(256), 'é'.repeat(20), '__proto__'.repeat(3)]),
      ],
    ],
    [['idempotency-key', key(random)]],
    twice('authorization', 'Bearer a', 'Bearer b'),
    [
      [
        'authorization',
        pick(random, [
          '',
          'Bearer',
          'Bearer  ',
          'Basic eDp5',
          'bearer a.b.c',
          `Bearer ${'x'.repeat(8_000)}`,
          'Bearer é',
        ]),
      ],
    ],
    twice('prefer', 'wait=0', 'wait=1'),
    [
      [
        'prefer',
        pick(random, [
          'wait',
          'wait=',
          'wait=-1',
          'wait=1e9',
          'wait="1"',
          'respond-async, wait=0',
          ',,,',
          'wait=0;wait=1',
          ',wait= '.repeat(500),
        ]),
      ],
    ],
    [['if-none-match', pick(random, ['*', '"x"', 'W/"1-1"', ','.repeat(1_000)])]],
    [['expect', pick(random, ['100-continue', 'x', ''])]],
    [['x-forwarded-for', pick(random, ['127.0.0.1', '::1', 'x, y', `${'1.2.3.4,'.repeat(300)}`])]],
    [['connection', pick(random, ['close', 'keep-alive', 'x', 'transfer-encoding'])]],
    [
      ['cookie', 'x=__proto__'],
      ['origin', 'null'],
      ['referer', 'javascript:1'],
      ['range', 'bytes=0-,0-,0-'],
    ],
    [...twice('content-type', 'application/json', 'text/plain'), ['accept', 'text/html']],
  ]);
}

/** Upgrades that are none, or to something else. The real ones are in socket-inputs.ts. */
function strangeUpgrade(random: Random): Buffer {
  const headers: Asked['headers'] = [
    ['host', 'fuzz'],
    ['connection', pick(random, ['Upgrade', 'upgrade', 'keep-alive, Upgrade', 'close'])],
    ['upgrade', pick(random, ['websocket', 'WebSocket', 'h2c', 'websocket, x', 'x', ''])],
    ['sec-websocket-version', pick(random, ['13', '12', '8', '', '99999', 'x'])],
    ['sec-websocket-key', pick(random, ['dGhlIHNhbXBsZSBub25jZQ==', '', 'x', `${'A'.repeat(5_000)}==`])],
    ['sec-websocket-protocol', pick(random, ['a', 'a, a', ',', '\u0001', 'é'])],
    [
      'sec-websocket-extensions',
      pick(random, ['permessage-deflate', 'permessage-deflate; server_max_window_bits=99', ';;', 'x; y="']),
    ],
  ];
  const some = headers.filter(([name]) => name === 'host' || chance(random, 0.85));
  const path = pick(random, [
    '/ws',
    '/ws',
    '/ws?x',
    '/ws/',
    '/',
    '/reserve',
    '/stats',
    '/occupancy/1/1',
    '/%',
    '//ws',
    '/api/bookings',
  ]);
  return headOf(ask(pick(random, ['GET', 'GET', 'GET', 'POST', 'PUT']), path), some);
}

type Category = (random: Random, world: World) => Omit<Input, 'what'>;

/** What is done to requests over HTTP, by weight. */
export const HTTP_CATEGORIES: readonly (readonly [weight: number, readonly [what: string, make: Category]])[] = [
  [10, ['valid', (random, world) => whole(anyRequest(random, world))]],
  [
    22,
    [
      'strange fields',
      (random, world) => {
        const asked = withBody(random, world);
        return whole({ ...asked, fields: mutated(random, asked.fields ?? []) });
      },
    ],
  ],
  [
    6,
    [
      'prototype keys',
      (random, world) => {
        const asked = withBody(random, world);
        const some = Array.from({ length: 1 + below(random, 3) }, () => pick(random, PROTOTYPE_FIELDS));
        const fields = chance(random, 0.5) ? [...some, ...(asked.fields ?? [])] : [...(asked.fields ?? []), ...some];
        return whole({ ...asked, fields: chance(random, 0.2) ? some : fields });
      },
    ],
  ],
  [
    7,
    [
      'bytes that are no text',
      (random, world) => {
        const asked = withBody(random, world);
        const text = objectOf(asked.fields ?? []);
        const other = Buffer.from(`\ufeff${text}`, 'utf16le');
        const body = chance(random, 0.2) ? other : withBytes(random, Buffer.from(text), pick(random, STRANGE_BYTES));
        const typed = chance(random, 0.1)
          ? { ...asked, headers: [['content-type', 'application/json; charset=utf-16']] as Asked['headers'] }
          : asked;
        return whole(asked, bytesOf(typed, body));
      },
    ],
  ],
  [
    3,
    [
      'deep',
      (random, world) => {
        const asked = withBody(random, world);
        const most = chance(random, 0.2) ? MAX_OPERATOR_BODY_BYTES : MAX_BODY_BYTES;
        const levels = below(random, most / 2 - 200);
        const value = chance(random, 0.7) ? deep(levels) : deep(Math.floor(levels / 3), '{"a":', '}');
        const body = chance(random, 0.3) ? value : objectOf([...(asked.fields ?? []), ['x', value]]);
        const keyed = chance(random, 0.5) ? withHeaders(asked, ['idempotency-key', key(random)]) : asked;
        return body.length > MAX_BODY_BYTES ? unsure(bytesOf(keyed, body)) : whole(asked, bytesOf(keyed, body));
      },
    ],
  ],
  [
    1.5,
    [
      'huge',
      (random, world) => {
        const asked = withBody(random, world);
        const size = pick(random, [15_000, 17_000, 17_000, 140_000, 140_000, 1_500_000]);
        if (chance(random, 0.3))
          return unsure(bytesOf(withHeaders(asked, ['x-huge', 'x'.repeat(Math.min(size, 140_000))])));
        if (chance(random, 0.2))
          return unsure(
            bytesOf(withHeaders(asked, ...Array.from({ length: 3_000 }, (_, i): [string, string] => [`x${i}`, '']))),
          );
        if (chance(random, 0.2)) return unsure(bytesOf({ ...asked, query: 'x'.repeat(size) }));
        return unsure(bytesOf(asked, objectOf([...(asked.fields ?? []), ['x', `"${'x'.repeat(size)}"`]])));
      },
    ],
  ],
  [
    5,
    [
      'content type and encoding',
      (random, world) => {
        const asked = withBody(random, world);
        const encoded: Asked['headers'] = chance(random, 0.3) ? [['content-encoding', pick(random, ENCODINGS)]] : [];
        return whole({ ...asked, headers: [['content-type', pick(random, TYPES)], ...encoded] });
      },
    ],
  ],
  [
    6,
    [
      'wrong framing',
      (random, world) => {
        const asked = withBody(random, world);
        const { headers, body } = wrongFraming(random, objectOf(asked.fields ?? []));
        return unsure(bytesOf(withHeaders(asked, ...headers), body, false));
      },
    ],
  ],
  [6, ['cut off', (random, world) => unsure(cutOff(random, bytesOf(anyRequest(random, world))))]],
  [
    3,
    [
      'broken bytes',
      (random, world) =>
        unsure(
          withBytes(
            random,
            bytesOf(anyRequest(random, world)),
            pick(random, [...STRANGE_BYTES, Buffer.from('\r\n'), Buffer.from('\r\n\r\n')]),
          ),
        ),
    ],
  ],
  [0.2, ['drip by drip', (random, world) => ({ ...whole(anyRequest(random, world)), drips: true })]],
  [6, ['headers', (random, world) => whole(withHeaders(anyRequest(random, world), ...repeatedHeaders(random)))]],
  [
    1,
    [
      'host',
      (random, world) => {
        const asked = anyRequest(random, world);
        const hosts = pick(random, [[], ['a', 'b'], [''], ['fuzz:99999'], ['[::1'], ['\u0001']]);
        return unsure(
          headOf(
            asked,
            hosts.map((host) => ['host', host]),
          ),
        );
      },
    ],
  ],
  [
    4,
    [
      'odd methods',
      (random, world) => {
        const asked = { ...anyRequest(random, world), method: pick(random, METHODS) };
        const known = asked.method !== 'QUERY';
        return known ? whole(asked) : unsure(bytesOf(asked));
      },
    ],
  ],
  [
    1,
    [
      'no method',
      (random, world) =>
        unsure(
          bytesOf({
            ...anyRequest(random, world),
            method: pick(random, ['', 'get', 'FOO', 'CONNECT', 'PRI', 'M-SEARCH', '\u0016\u0003\u0001']),
          }),
        ),
    ],
  ],
  [6, ['encoded paths', (random) => whole(ask(pick(random, ['GET', 'POST', 'DELETE']), pick(random, PATHS)))]],
  [
    1,
    [
      'addresses that are none',
      (random) =>
        unsure(
          bytesOf(
            ask(
              'GET',
              pick(random, [
                'http://other/reserve',
                '*',
                '',
                'reserve',
                '/é',
                '/\u0001',
                '/ x',
                '/#x',
                'http://',
                '//',
              ]),
            ),
          ),
        ),
    ],
  ],
  [6, ['queries', (random, world) => whole({ ...anyRequest(random, world), query: pick(random, QUERIES) })]],
  [
    6,
    [
      'parameters',
      (random, world) => {
        const asked = anyRequest(random, world);
        const path = asked.path.replace(/(?<=\/)[\da-f-]+(?=\/|$)/, () => pick(random, PARAMETERS));
        return whole({ ...asked, path });
      },
    ],
  ],
  [
    2,
    [
      'HTTP/1.0',
      (random, world) => {
        const asked = anyRequest(random, world);
        const body = asked.fields && objectOf(asked.fields);
        const length: Asked['headers'] = body === undefined ? [] : [['content-length', String(body.length)]];
        const head = headOf(
          asked,
          [...asked.headers, ...length],
          pick(random, ['1.0', '1.0', '1.0', '0.9', '2.0', '9.9', 'x']),
        );
        return unsure(Buffer.concat([head, Buffer.from(body ?? '')]));
      },
    ],
  ],
  [
    4,
    [
      'pipelined',
      (random, world) => {
        const some = Array.from({ length: 2 + below(random, 8) }, () => anyRequest(random, world));
        const asks = some.map(({ path }) => ({ path, head: false }));
        return { bytes: Buffer.concat(some.map((asked) => bytesOf(asked))), asks };
      },
    ],
  ],
  [
    2,
    [
      'pipelined with what is broken',
      (random, world) => {
        const some = Array.from({ length: 1 + below(random, 5) }, () => bytesOf(anyRequest(random, world)));
        return unsure(
          cutOff(random, Buffer.concat([...some, strangeUpgrade(random), bytesOf(anyRequest(random, world))])),
        );
      },
    ],
  ],
  [3, ['upgrades', (random) => unsure(strangeUpgrade(random))]],
  [
    0.5,
    ['noise', (random) => unsure(Buffer.from(Array.from({ length: below(random, 300) }, () => below(random, 256))))],
  ],
];
