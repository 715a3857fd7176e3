import { MAX_BODY_BYTES, MAX_OPERATOR_BODY_BYTES } from '../../../shared/contract/limits.ts';
import type { Categories } from './input.ts';
import { type Asked, anyKey, bytesOf, unsure, whole, withBody, withHeaders } from './requests.ts';
import { below, chance, deep, mutated, objectOf, PROTOTYPE_FIELDS, pick, STRANGE_BYTES, withBytes } from './values.ts';

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

/** What is done to the bodies of requests, by weight. */
export const BODY_CATEGORIES: Categories = [
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
        const keyed = chance(random, 0.5) ? withHeaders(asked, ['idempotency-key', anyKey(random)]) : asked;
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
];
