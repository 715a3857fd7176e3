import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { verifyWebhook, type WebhookHeaders } from './verify-webhook.ts';

const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;
const SECRET = newSecret();
const BODY = '{"type":"changes","data":[{"id":"Opéra ☂"}]}';
const SECOND_MS = 1_000;

/** The headers of a message that the published package has signed. */
function headersOf({ secret = SECRET, body = BODY, ageSeconds = 0 } = {}) {
  const at = new Date(Date.now() - ageSeconds * SECOND_MS);
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / SECOND_MS)),
    'webhook-signature': new Webhook(secret).sign('msg_1', at, body),
  };
}

const MESSAGE = { id: 'msg_1', ...JSON.parse(BODY) };

test("accepts the specification's example, but for its age", async () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const headers = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  };
  const body = '{"test": 2432232314}';
  expect(new Webhook(secret).sign(headers['webhook-id'], new Date(1_614_265_330_000), body)).toBe(
    headers['webhook-signature'],
  );
  const realNow = Date.now;
  Date.now = () => 1_614_265_330_000;
  try {
    expect(await verifyWebhook(secret, headers, body)).toMatchObject({ test: 2432232314 });
  } finally {
    Date.now = realNow;
  }
});

test.each<[string, WebhookHeaders]>([
  ['of Node', headersOf()],
  ['of fetch', new Headers(headersOf())],
  ['with capitals', Object.fromEntries(Object.entries(headersOf()).map(([name, text]) => [name.toUpperCase(), text]))],
])('accepts headers %s, and a body as text or bytes', async (_name, headers) => {
  expect(await verifyWebhook(SECRET, headers, BODY)).toEqual(MESSAGE);
  expect(await verifyWebhook(SECRET, headers, new TextEncoder().encode(BODY))).toEqual(MESSAGE);
  expect(await verifyWebhook(SECRET, headers, Buffer.from(BODY))).toEqual(MESSAGE);
});

test('accepts one signature among several, and one secret among several', async () => {
  const [signature, other] = [
    headersOf()['webhook-signature'],
    headersOf({ secret: newSecret() })['webhook-signature'],
  ];
  for (const all of [`${other} ${signature}`, `v1a,abc ${signature}`, `v1, ${signature} v1,!`])
    expect(await verifyWebhook(SECRET, { ...headersOf(), 'webhook-signature': all }, BODY)).toEqual(MESSAGE);
  expect(await verifyWebhook([newSecret(), SECRET], headersOf(), BODY)).toEqual(MESSAGE);
});

describe('refuses', () => {
  const without = (name: string) => ({ ...headersOf(), [name]: undefined });

  test.each<[string, WebhookHeaders, RegExp, { secret?: string | string[]; body?: unknown }?]>([
    ['a changed body', headersOf(), /No signature matches/, { body: BODY.replace('changes', 'changed') }],
    ['another secret', headersOf(), /No signature matches/, { secret: newSecret() }],
    ['no secret', headersOf(), /No signature matches/, { secret: [] }],
    ['a secret that is none', headersOf(), /begins with whsec_/, { secret: 'frk_abc' }],
    ['a secret that is not set', headersOf(), /begins with whsec_/, { secret: [undefined as never] }],
    ['an empty secret', headersOf(), /begins with whsec_/, { secret: 'whsec_' }],
    ['a body that was parsed', headersOf(), /raw/, { body: JSON.parse(BODY) }],
    ['a message that is too old', headersOf({ ageSeconds: 302 }), /30\d s old/],
    ['a message of the future', headersOf({ ageSeconds: -302 }), /30\d s in the future/],
    [
      'another time',
      { ...headersOf(), 'webhook-timestamp': headersOf({ ageSeconds: 9 })['webhook-timestamp'] },
      /match/,
    ],
    ['a time that is none', { ...headersOf(), 'webhook-timestamp': 'now' }, /no number/],
    ['another id', { ...headersOf(), 'webhook-id': 'msg_2' }, /No signature matches/],
    ['a missing id', without('webhook-id'), /webhook-id is missing/],
    ['no headers', new Headers(), /webhook-id is missing/],
    ['a missing signature', without('webhook-signature'), /webhook-signature is missing/],
    ['another version', { ...headersOf(), 'webhook-signature': 'v2,abc' }, /No signature matches/],
  ])('%s', async (_name, headers, message, { secret = SECRET, body = BODY } = {}) => {
    const verified = verifyWebhook(secret, headers, body as string);
    await expect(verified).rejects.toMatchObject({
      name: 'FrontrowError',
      code: 'SIGNATURE_INVALID',
      message: expect.stringMatching(message),
    });
  });

  test('a signature that is too far down the list', async () => {
    const many = Array.from({ length: 10 }, () => 'v1,AAAA').join(' ');
    const headers = { ...headersOf(), 'webhook-signature': `${many} ${headersOf()['webhook-signature']}` };
    await expect(verifyWebhook(SECRET, headers, BODY)).rejects.toThrow('No signature matches');
  });
});
