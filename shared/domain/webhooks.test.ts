import { expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { afterFailure, headersOf, newSecret, verdictOf } from './webhooks.ts';

const DAY_MS = 24 * 3_600_000;

test('the published package verifies each signature, and none of another secret, id or body', () => {
  const [secret, oldSecret] = [newSecret(), newSecret()];
  const message = { id: 'msg_1', body: '{"type":"changes","data":[{"name":"Zoë"}]}' };
  const headers = headersOf(message, [secret, oldSecret], Date.now());
  for (const one of [secret, oldSecret])
    expect(new Webhook(one).verify(message.body, headers)).toEqual(JSON.parse(message.body));
  expect(() => new Webhook(newSecret()).verify(message.body, headers)).toThrow();
  expect(() => new Webhook(secret).verify(`${message.body} `, headers)).toThrow();
  expect(() => new Webhook(secret).verify(message.body, { ...headers, 'webhook-id': 'msg_2' })).toThrow();
  const late = headersOf(message, [secret], Date.now() - 10 * 60_000);
  expect(() => new Webhook(secret).verify(message.body, late)).toThrow();
});

test('only 2xx is a delivery, and 410 ends them', () => {
  const verdicts = [200, 204, 299, 301, 302, 400, 410, 429, 500, undefined].map((status) => verdictOf({ status }));
  expect(verdicts.slice(0, 3)).toEqual(['delivered', 'delivered', 'delivered']);
  expect(verdicts.slice(3)).toEqual(['failed', 'failed', 'failed', 'gone', 'failed', 'failed', 'failed']);
});

test('waits double from a second to an hour, with jitter', () => {
  const [least, most] = [0, 1].map((random) =>
    Array.from({ length: 14 }, (_, i) => Number(afterFailure(i + 1, 0, random)) / 1000),
  );
  expect(least).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1800, 1800, 1800]);
  expect(most).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600]);
  expect(afterFailure(2_000, DAY_MS, 1)).toBe(3_600_000);
});

test('an endpoint that failed for three days is given up', () => {
  expect(afterFailure(80, 3 * DAY_MS - 1, 0)).toBe(1_800_000);
  expect(afterFailure(80, 3 * DAY_MS, 0)).toBe('stop');
});
