import { MAX_BODY_BYTES, MAX_OPERATOR_BODY_BYTES } from '../../../shared/contract/limits.ts';
import { below, chance, pick } from '../../kit/random.ts';
import { type Category, category } from './category.ts';
import { anyKey, anyRequestWithBody, bytesOf, type FuzzRequest, readable, uncertain, withHeaders } from './requests.ts';
import { deep, mutated, objectOf, PROTOTYPE_FIELDS, STRANGE_BYTES, withBytes } from './values.ts';

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

/** Inputs with strange bodies. */
export const BODY_CATEGORIES: readonly Category[] = [
  category(22, 'strange fields', (random, world) => {
    const request = anyRequestWithBody(random, world);
    return readable({ ...request, fields: mutated(random, request.fields ?? []) });
  }),
  category(6, 'prototype keys', (random, world) => {
    const request = anyRequestWithBody(random, world);
    const added = Array.from({ length: 1 + below(random, 3) }, () => pick(random, PROTOTYPE_FIELDS));
    const own = request.fields ?? [];
    const fields = chance(random, 0.5) ? [...added, ...own] : [...own, ...added];
    return readable({ ...request, fields: chance(random, 0.2) ? added : fields });
  }),
  category(7, 'bytes that are no text', (random, world) => {
    const request = anyRequestWithBody(random, world);
    const text = objectOf(request.fields ?? []);
    const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le');
    const body = chance(random, 0.2) ? utf16 : withBytes(random, Buffer.from(text), pick(random, STRANGE_BYTES));
    const sent = chance(random, 0.1)
      ? { ...request, headers: [['content-type', 'application/json; charset=utf-16']] as FuzzRequest['headers'] }
      : request;
    return readable(request, bytesOf(sent, body));
  }),
  category(3, 'deep', (random, world) => {
    const request = anyRequestWithBody(random, world);
    const maxBytes = chance(random, 0.2) ? MAX_OPERATOR_BODY_BYTES : MAX_BODY_BYTES;
    const levels = below(random, maxBytes / 2 - 200);
    const value = chance(random, 0.7) ? deep(levels) : deep(Math.floor(levels / 3), '{"a":', '}');
    const body = chance(random, 0.3) ? value : objectOf([...(request.fields ?? []), ['x', value]]);
    const keyed = chance(random, 0.5) ? withHeaders(request, ['idempotency-key', anyKey(random)]) : request;
    return body.length > MAX_BODY_BYTES ? uncertain(bytesOf(keyed, body)) : readable(request, bytesOf(keyed, body));
  }),
  category(1.5, 'huge', (random, world) => {
    const request = anyRequestWithBody(random, world);
    const size = pick(random, [15_000, 17_000, 17_000, 140_000, 140_000, 1_500_000]);
    if (chance(random, 0.3))
      return uncertain(bytesOf(withHeaders(request, ['x-huge', 'x'.repeat(Math.min(size, 140_000))])));
    if (chance(random, 0.2))
      return uncertain(
        bytesOf(withHeaders(request, ...Array.from({ length: 3_000 }, (_, i): [string, string] => [`x${i}`, '']))),
      );
    if (chance(random, 0.2)) return uncertain(bytesOf({ ...request, query: 'x'.repeat(size) }));
    return uncertain(bytesOf(request, objectOf([...(request.fields ?? []), ['x', `"${'x'.repeat(size)}"`]])));
  }),
  category(5, 'content type and encoding', (random, world) => {
    const request = anyRequestWithBody(random, world);
    const encoded: FuzzRequest['headers'] = chance(random, 0.3) ? [['content-encoding', pick(random, ENCODINGS)]] : [];
    return readable({ ...request, headers: [['content-type', pick(random, TYPES)], ...encoded] });
  }),
];
