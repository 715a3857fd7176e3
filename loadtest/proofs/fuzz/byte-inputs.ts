import { below, chance, pick, type Random } from '../../kit/random.ts';
import { type Category, category } from './category.ts';
import {
  anyRequest,
  anyRequestWithBody,
  bytesOf,
  type FuzzRequest,
  headOf,
  readable,
  requestTo,
  uncertain,
  withHeaders,
} from './requests.ts';
import { cutOff, objectOf, STRANGE_BYTES, withBytes } from './values.ts';

/** Wrong lengths of a body, or two lengths at once. */
function wrongFraming(random: Random, body: string): { headers: FuzzRequest['headers']; body: string } {
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

/** Invalid upgrades, or upgrades to other protocols. Valid ones are in socket-inputs.ts. */
function strangeUpgrade(random: Random): Buffer {
  const headers: FuzzRequest['headers'] = [
    ['host', 'localhost'],
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
  const chosen = headers.filter(([name]) => name === 'host' || chance(random, 0.85));
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
  return headOf(requestTo(pick(random, ['GET', 'GET', 'GET', 'POST', 'PUT']), path), chosen);
}

/** Inputs with strange bytes, and several requests in one input. */
export const BYTE_CATEGORIES: readonly Category[] = [
  category(6, 'wrong framing', (random, world) => {
    const request = anyRequestWithBody(random, world);
    const { headers, body } = wrongFraming(random, objectOf(request.fields ?? []));
    return uncertain(bytesOf(withHeaders(request, ...headers), body, false));
  }),
  category(6, 'cut off', (random, world) => uncertain(cutOff(random, bytesOf(anyRequest(random, world))))),
  category(3, 'broken bytes', (random, world) =>
    uncertain(
      withBytes(
        random,
        bytesOf(anyRequest(random, world)),
        pick(random, [...STRANGE_BYTES, Buffer.from('\r\n'), Buffer.from('\r\n\r\n')]),
      ),
    ),
  ),
  category(0.2, 'byte by byte', (random, world) => ({ ...readable(anyRequest(random, world)), isSlow: true })),
  category(2, 'HTTP/1.0', (random, world) => {
    const request = anyRequest(random, world);
    const body = request.fields && objectOf(request.fields);
    const length: FuzzRequest['headers'] = body === undefined ? [] : [['content-length', String(body.length)]];
    const head = headOf(
      request,
      [...request.headers, ...length],
      pick(random, ['1.0', '1.0', '1.0', '0.9', '2.0', '9.9', 'x']),
    );
    return uncertain(Buffer.concat([head, Buffer.from(body ?? '')]));
  }),
  category(4, 'pipelined', (random, world) => {
    const requests = Array.from({ length: 2 + below(random, 8) }, () => anyRequest(random, world));
    const expected = requests.map(({ path }) => ({ path, isHead: false }));
    return { bytes: Buffer.concat(requests.map((request) => bytesOf(request))), expected };
  }),
  category(2, 'pipelined with what is broken', (random, world) => {
    const requests = Array.from({ length: 1 + below(random, 5) }, () => bytesOf(anyRequest(random, world)));
    return uncertain(
      cutOff(random, Buffer.concat([...requests, strangeUpgrade(random), bytesOf(anyRequest(random, world))])),
    );
  }),
  category(3, 'upgrades', (random) => uncertain(strangeUpgrade(random))),
  category(0.5, 'noise', (random) =>
    uncertain(Buffer.from(Array.from({ length: below(random, 300) }, () => below(random, 256)))),
  ),
];
