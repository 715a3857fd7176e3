import type { Categories } from './input.ts';
import { type Asked, anyRequest, ask, bytesOf, headOf, unsure, whole, withBody, withHeaders } from './requests.ts';
import { below, chance, cutOff, objectOf, pick, type Random, STRANGE_BYTES, withBytes } from './values.ts';

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

/** Upgrades that are none, or to something else. The real ones are in socket-inputs.ts. */
function strangeUpgrade(random: Random): Buffer {
  const headers: Asked['headers'] = [
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

/** What is done to the bytes of requests and to how they follow each other, by weight. */
export const BYTE_CATEGORIES: Categories = [
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
