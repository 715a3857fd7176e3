import { pick, type Random } from '../../kit/random.ts';
import { type Category, category } from './category.ts';
import {
  anyKey,
  anyRequest,
  bytesOf,
  type FuzzRequest,
  headOf,
  readable,
  requestTo,
  uncertain,
  withHeaders,
} from './requests.ts';
import { wordsOf } from './values.ts';

const PATHS = wordsOf(`
  /%00 /%2e%2e/%2e%2e/etc/passwd /% /%zz // //reserve /reserve/ /reserve// /RESERVE /reserve%00 /reserve%2f
  /%72eserve /api/tickets/% /api/tickets/%00 /api/bookings/%2e%2e /api//bookings /./reserve /../reserve /reserve;x=1
  /docs/assets/%2e%2e/package.json /docs/assets/..%2fpackage.json /docs/assets/%00 /docs/assets//
  /docs/assets/%c0%af /api/events/%31 /api/events/__proto__ /api/users/constructor /ws /.env /occupancy/%31/1
  /occupancy/1 /occupancy/1/1/1 /occupancy/%ff/1 /availability /admin /admin/queues
`);
const PARAMETERS = wordsOf(`
  0 -1 1.0 1.5 1e1 0x1 NaN Infinity 2147483648 99999999999999999999 %20 %201 null a __proto__ constructor
  00000000-0000-0000-0000-000000000000 FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF %F0%9F%8E%AB 1-1-1
`);
const QUERIES = [
  ...wordsOf(`
    wait= wait=-1 wait=1e3 wait=soon wait=0&wait=x wait=%00 wait=% wait[]=1 wait=0;1 WAIT=1 wait=0000000 eventId=
    eventId=1&eventId=2 eventId=1.5 eventId=-1 eventId=1e400 eventId=%31 eventId=1&limit=0 eventId=1&limit=1e9
    eventId=1&after=1-1-1 eventId=1&after=9-9-9 eventId=1&after=999999-999999-999999 eventId=1&zone=99
    eventId=1&row=0 eventId=1&zone=1&row=99999 after=-1 after=9007199254740993 after=1e21 limit=101
    include=seats&include=x include= __proto__=1 __proto__[x]=1 constructor=1 ? ??&&==
  `),
  '&'.repeat(500),
  `eventId=${'1'.repeat(5_000)}`,
  'eventId=1&after=%00',
];
const METHODS = wordsOf('GET PUT PATCH DELETE OPTIONS HEAD TRACE PROPFIND SEARCH PURGE POST QUERY');

const AUTHORIZATIONS = [
  ...['', 'Bearer', 'Bearer  ', 'Basic eDp5', 'bearer a.b.c', 'Bearer é'],
  `Bearer ${'x'.repeat(8_000)}`,
];
const KEYS = ['', 'short', 'x'.repeat(255), 'x'.repeat(256), 'é'.repeat(20), '__proto__'.repeat(3)];
const NO_SESSION = `${'0'.repeat(12)}.${'A'.repeat(22)}`;
const SESSION_TOKENS = ['', 'x', NO_SESSION, `${NO_SESSION}A`, `${NO_SESSION}, ${NO_SESSION}`, 'é'.repeat(35)];
const PREFERENCES = [
  ...wordsOf('wait wait= wait=-1 wait=1e9 wait="1" ,,, wait=0;wait=1'),
  'respond-async, wait=0',
  ',wait= '.repeat(500),
];

/** Headers that are repeated, or have a value that the API does not expect. */
function strangeHeaders(random: Random): FuzzRequest['headers'] {
  const twice = (name: string, ...values: [string, string]): FuzzRequest['headers'] =>
    values.map((value) => [name, value]);
  return pick(random, [
    twice('idempotency-key', anyKey(random), anyKey(random)),
    [['idempotency-key', pick(random, KEYS)]],
    [['idempotency-key', anyKey(random)]],
    [['x-session-token', pick(random, SESSION_TOKENS)]],
    twice('authorization', 'Bearer a', 'Bearer b'),
    [['authorization', pick(random, AUTHORIZATIONS)]],
    twice('prefer', 'wait=0', 'wait=1'),
    [['prefer', pick(random, PREFERENCES)]],
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

/** Headers that browsers send for a page of another site, and values that name no site. */
const foreignHeaders = (random: Random): FuzzRequest['headers'] =>
  pick(random, [
    [
      [
        'origin',
        pick(random, ['https://evil.example', 'http://localhost:1', 'null', '', 'https://localhost.evil.example']),
      ],
    ],
    [['sec-fetch-site', pick(random, ['cross-site', 'same-site', 'none', 'x'])]],
    [
      ['origin', 'https://evil.example'],
      ['sec-fetch-site', 'cross-site'],
      ['content-type', pick(random, ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])],
    ],
    [
      ['origin', 'http://rebound.example'],
      ['host', 'rebound.example'],
    ],
  ]);

/** Inputs with strange methods, addresses and headers. */
export const HEAD_CATEGORIES: readonly Category[] = [
  category(6, 'headers', (random, world) =>
    readable(withHeaders(anyRequest(random, world), ...strangeHeaders(random))),
  ),
  category(4, 'pages of other sites', (random, world) =>
    readable(withHeaders(anyRequest(random, world), ...foreignHeaders(random))),
  ),
  category(1, 'host', (random, world) => {
    const request = anyRequest(random, world);
    const hosts = pick(random, [[], ['a', 'b'], [''], ['fuzz:99999'], ['[::1'], ['\u0001']]);
    return uncertain(
      headOf(
        request,
        hosts.map((host) => ['host', host]),
      ),
    );
  }),
  category(4, 'odd methods', (random, world) => {
    const request = { ...anyRequest(random, world), method: pick(random, METHODS) };
    const known = request.method !== 'QUERY';
    return known ? readable(request) : uncertain(bytesOf(request));
  }),
  category(1, 'no method', (random, world) =>
    uncertain(
      bytesOf({
        ...anyRequest(random, world),
        method: pick(random, ['', 'get', 'FOO', 'CONNECT', 'PRI', 'M-SEARCH', '\u0016\u0003\u0001']),
      }),
    ),
  ),
  category(6, 'encoded paths', (random) =>
    readable(requestTo(pick(random, ['GET', 'POST', 'DELETE']), pick(random, PATHS))),
  ),
  category(1, 'invalid addresses', (random) =>
    uncertain(
      bytesOf(
        requestTo(
          'GET',
          pick(random, ['http://other/reserve', '*', '', 'reserve', '/é', '/\u0001', '/ x', '/#x', 'http://', '//']),
        ),
      ),
    ),
  ),
  category(6, 'queries', (random, world) => readable({ ...anyRequest(random, world), query: pick(random, QUERIES) })),
  category(6, 'parameters', (random, world) => {
    const request = anyRequest(random, world);
    const path = request.path.replace(/(?<=\/)[\da-f-]+(?=\/|$)/, () => pick(random, PARAMETERS));
    return readable({ ...request, path });
  }),
];
