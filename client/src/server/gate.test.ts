import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { createGate } from './gate.ts';

const API = 'https://tickets.example';
const SITE = 'https://shop.example';
const HOUR_SECONDS = 3_600;
const nowSeconds = () => Math.floor(Date.now() / 1_000);

type Asked = { path: string; body: Record<string, unknown> | undefined };

let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let jwk: JWK;
beforeAll(async () => {
  keys = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  jwk = { ...(await exportJWK(keys.publicKey)), kid: 'first', use: 'sig', alg: 'EdDSA' };
});

/** The API: a test may change its answers, and sees the requests. */
let api: { answer: (asked: Asked) => Response | Promise<Response>; asked: Asked[] };
const realFetch = globalThis.fetch;
const WAITING = { eventId: 12, status: 'waiting' };

const verified = (more: object = {}) => {
  const expiresAt = new Date(Date.now() + 1_000 * HOUR_SECONDS).toISOString();
  return Response.json({ eventId: 12, site: SITE, position: 1, expiresAt, ...more });
};
const refusal = (reason: string) => Response.json({ code: 'ADMISSION_INVALID', reason }, { status: 403 });

/** The answer of an API with a line, where the judgement is this one. */
const answerWith =
  (judge: (token: unknown) => Response, line: object = WAITING) =>
  ({ path, body }: Asked): Response => {
    if (path === '/.well-known/jwks.json') return Response.json({ keys: [jwk] });
    return path === '/api/gate/verify' ? judge(body?.token) : Response.json(line);
  };

beforeEach(() => {
  api = { answer: answerWith(() => verified()), asked: [] };
  globalThis.fetch = async (input, init) => {
    const asked = {
      path: new URL(String(input)).pathname,
      body: init?.body ? JSON.parse(String(init.body)) : undefined,
    };
    api.asked.push(asked);
    return api.answer(asked);
  };
});
afterEach(() => {
  globalThis.fetch = realFetch;
  jest.restoreAllMocks();
});

const gateOf = (more: { publicUrl?: string } = {}) => createGate({ baseUrl: API, eventId: 12, site: SITE, ...more });

type Signed = { typ?: string; claims?: JWTPayload; seconds?: number; kid?: string };

/** A token that the API may have signed. */
const tokenOf = ({ typ = 'admission+jwt', claims = {}, seconds = HOUR_SECONDS, kid = 'first' }: Signed = {}) =>
  new SignJWT({ event: 12, aud: SITE, ...claims })
    .setProtectedHeader({ alg: 'EdDSA', kid, typ })
    .setExpirationTime(nowSeconds() + seconds)
    .sign(keys.privateKey);

const PAGE = { 'sec-fetch-mode': 'navigate' };
const request = (path: string, { headers = {}, method = 'GET' }: { headers?: object; method?: string } = {}) => ({
  method,
  url: path,
  headers: new Headers({ ...PAGE, ...headers }),
});
const withCookie = (token: string, path = '/sale') =>
  request(path, { headers: { cookie: `a=b; __Host-frontrow_12=${token}` } });
const waitingPage = (address: string) => `${API}/events/12/wait?return=${encodeURIComponent(address)}`;
const sentTo = (location: string, cookie?: unknown) => ({
  passes: false,
  status: 302,
  headers: { location, 'cache-control': 'no-store', ...(cookie !== undefined && { 'set-cookie': cookie }) },
  body: '',
});
const toWait = (path = '/sale') => sentTo(waitingPage(`${SITE}${path}`));
const countAsked = (path: string) => api.asked.filter((asked) => asked.path === path).length;
const VERIFY = '/api/gate/verify';

/** Lets time go by for the gate. */
function after(ms: number): void {
  const [now, monotonic] = [Date.now(), performance.now()];
  jest.spyOn(Date, 'now').mockReturnValue(now + ms);
  jest.spyOn(performance, 'now').mockReturnValue(monotonic + ms);
}

test('a visitor without an admission is sent to the waiting page, and back to the same address', async () => {
  const gate = gateOf();
  expect(await gate.decide(request('/sale?size=2&q=a%20b'))).toEqual(toWait('/sale?size=2&q=a%20b'));
  expect(await gateOf({ publicUrl: 'https://wait.example' }).decide(request('/sale'))).toMatchObject({
    headers: { location: `https://wait.example/events/12/wait?return=${encodeURIComponent(`${SITE}/sale`)}` },
  });
  expect(await gate.decide(new Request('http://10.0.0.7:8080/sale', { headers: { accept: 'text/html' } }))).toEqual(
    toWait(),
  );
});

test('no address leads back to another site', async () => {
  const gate = gateOf();
  expect(await gate.decide(request('//evil.test/x'))).toEqual(toWait('//evil.test/x'));
  expect(await gate.decide(request('https://evil.test/x'))).toEqual(toWait('/x'));
  expect(await gate.decide(request('@evil.test'))).toEqual(toWait('/'));
  expect(await gate.decide(request(`/${'a'.repeat(2_000)}`))).toEqual(sentTo(waitingPage(SITE)));
  for (const site of ['https://shop.example/', 'shop.example', 'https://shop.example/sale'])
    expect(() => createGate({ baseUrl: API, eventId: 12, site })).toThrow();
});

test('a script without an admission gets a problem, which names the waiting page', async () => {
  const answer = await gateOf().decide(request('/cart', { headers: { 'sec-fetch-mode': 'cors' }, method: 'POST' }));
  expect(answer).toMatchObject({ status: 403, headers: { 'content-type': 'application/problem+json' } });
  const body = JSON.parse((answer as { body: string }).body);
  expect(body).toMatchObject({ code: 'ADMISSION_REQUIRED', location: waitingPage(`${SITE}/cart`) });
});

test('an entry becomes a cookie, and the address loses it', async () => {
  api.answer = answerWith(() => verified({ admission: 'next' }));
  const entry = await tokenOf({ typ: 'entry+jwt' });
  const path = `/sale?size=2&frontrow_12=${entry}&q=a%20b`;
  const gate = gateOf();
  const answers = await Promise.all([gate.decide(request(path)), gate.decide(request(path))]);
  const cookie = expect.stringMatching(
    /^__Host-frontrow_12=next; Path=\/; Max-Age=3\d{3}; Secure; HttpOnly; SameSite=Lax/,
  );
  expect(answers).toContainEqual(sentTo(`${SITE}/sale?size=2&q=a%20b`, cookie));
  expect(answers).toContainEqual(toWait('/sale?size=2&q=a%20b'));
  // It is remembered as used; a form that was posted does not use one.
  expect(await gate.decide(request(path))).toEqual(toWait('/sale?size=2&q=a%20b'));
  expect(countAsked(VERIFY)).toBe(1);
  expect(await gateOf().decide(request(path, { method: 'POST' }))).toMatchObject(toWait('/sale?size=2&q=a%20b'));
  expect(countAsked(VERIFY)).toBe(1);
});

test('an admission is asked for every 15 seconds, once for all requests, and its renewal goes to one', async () => {
  const answer = answerWith(() => verified({ admission: 'next' }));
  // Judgements take longer than all requests need to come.
  api.answer = (asked) => (asked.path === VERIFY ? sleep(100).then(() => answer(asked)) : answer(asked));
  const [gate, token] = [gateOf(), await tokenOf()];
  const answers = await Promise.all(Array.from({ length: 5 }, () => gate.decide(withCookie(token))));
  expect(answers.filter(({ passes }) => passes)).toHaveLength(5);
  expect(answers.filter((answer) => 'cookie' in answer)).toHaveLength(1);
  after(14_000);
  expect(await gate.decide(withCookie(token))).toEqual({ passes: true });
  expect(countAsked(VERIFY)).toBe(1);
  after(2_000);
  api.answer = answerWith(() => refusal('replaced'));
  expect(await gate.decide(withCookie(token))).toEqual(toWait());
  expect(await gate.decide(withCookie(token))).toEqual(toWait());
  expect(countAsked(VERIFY)).toBe(2);
});

test('tokens that are not valid offline are not asked for online', async () => {
  const gate = gateOf();
  const { privateKey } = await generateKeyPair('EdDSA');
  const header = { alg: 'EdDSA', kid: 'first', typ: 'admission+jwt' };
  const tokens = [
    'nonsense',
    'a'.repeat(5_000),
    await tokenOf({ typ: 'entry+jwt' }),
    await tokenOf({ claims: { aud: 'https://other.example' } }),
    await tokenOf({ claims: { event: 13 } }),
    await tokenOf({ seconds: -1 }),
    await tokenOf({ kid: 'unknown' }),
    await new SignJWT({ event: 12, aud: SITE }).setProtectedHeader(header).sign(keys.privateKey),
    await new SignJWT({ event: 12, aud: SITE, exp: nowSeconds() + 99 }).setProtectedHeader(header).sign(privateKey),
  ];
  for (const token of tokens) expect(await gate.decide(withCookie(token))).toEqual(toWait());
  const admission = await tokenOf();
  expect(await gate.decide(request(`/sale?frontrow_12=${admission}`))).toEqual(toWait());
  expect(countAsked(VERIFY)).toBe(0);
  expect(countAsked('/.well-known/jwks.json')).toBe(1);
});

test('without a line everybody passes; the line is read once a second', async () => {
  api.answer = answerWith(() => refusal('left'), { eventId: 12, status: 'open' });
  const gate = gateOf();
  const visitors = [request('/sale'), withCookie(await tokenOf()), request('/sale', { headers: { accept: '*/*' } })];
  for (const visitor of visitors) expect(await gate.decide(visitor)).toEqual({ passes: true });
  expect(countAsked('/api/events/12/line')).toBe(1);
  after(1_100);
  api.answer = answerWith(() => refusal('left'));
  expect(await gate.decide(request('/sale'))).toEqual(toWait());
});

test('a refusal of what the gate asks is thrown: its options are wrong', async () => {
  api.answer = () => Response.json({ code: 'EVENT_UNKNOWN' }, { status: 404 });
  await expect(gateOf().decide(request('/sale'))).rejects.toMatchObject({ code: 'EVENT_UNKNOWN' });
});

describe('while the API does not answer', () => {
  const unavailable = { passes: false, status: 503, headers: { 'retry-after': '5', 'cache-control': 'no-store' } };
  const silent = () => Promise.reject(new Error('refused'));

  test('signed admissions pass, the others get 503, and one request a second tries again', async () => {
    const [gate, known, other] = [gateOf(), await tokenOf(), await tokenOf({ claims: { position: 2 } })];
    expect(await gate.decide(withCookie(known))).toEqual({ passes: true });
    api.answer = silent;
    after(400_000); // the keys are too old by then, and nothing newer is to be had
    for (const token of [known, other]) expect(await gate.decide(withCookie(token))).toEqual({ passes: true });
    expect(await gate.decide(withCookie('nonsense'))).toMatchObject(unavailable);
    expect(await gate.decide(request('/sale'))).toMatchObject(unavailable);
    const entry = await tokenOf({ typ: 'entry+jwt' });
    expect(await gate.decide(request(`/sale?frontrow_12=${entry}`))).toMatchObject(unavailable);
    expect(await gate.decide(withCookie(known, `/sale?frontrow_12=${entry}`))).toEqual(sentTo(`${SITE}/sale`));
    const asked = api.asked.length;
    await Promise.all(Array.from({ length: 20 }, () => gate.decide(request('/sale'))));
    expect(api.asked.length).toBe(asked);
    after(1_100);
    await Promise.all(Array.from({ length: 20 }, () => gate.decide(withCookie(known))));
    expect(api.asked.length).toBe(asked + 1);
    api.answer = answerWith(() => verified());
    after(1_100);
    expect(await gate.decide(request('/sale'))).toEqual(toWait());
  });

  test('an admission that was refused before stays out, and without keys nobody passes', async () => {
    const token = await tokenOf();
    api.answer = answerWith(() => refusal('left'));
    const gate = gateOf();
    expect(await gate.decide(withCookie(token))).toEqual(toWait());
    after(20_000);
    api.answer = silent;
    expect(await gate.decide(withCookie(token))).toMatchObject(unavailable);
    expect(await gateOf().decide(withCookie(token))).toMatchObject(unavailable);
  });

  test.each<[string, () => Response]>([
    ['a page of something in between', () => new Response('<html>', { status: 502 })],
    ['an answer without an end', () => new Response('['.repeat(100_000))],
    ['no object', () => Response.json('open')],
    ['a fault', () => Response.json({ code: 'UNAVAILABLE' }, { status: 503 })],
  ])('%s is no answer', async (_name, answer) => {
    api.answer = answer;
    expect(await gateOf().decide(request('/sale'))).toMatchObject(unavailable);
  });
});

test('the middleware adds the cookie, answers for the site, and passes faults on', async () => {
  api.answer = answerWith(() => verified({ admission: 'next' }));
  const { middleware } = gateOf();
  const handled = (cookie: string) =>
    new Promise<{ added: string[]; status?: number; fault?: unknown }>((resolve) => {
      const added: string[] = [];
      const res = {
        appendHeader: (name: string, value: string) => added.push(`${name}: ${value}`),
        writeHead: (status: number) => ({ end: () => resolve({ added, status }) }),
      };
      const headers = { ...PAGE, cookie };
      middleware({ method: 'GET', url: '/', originalUrl: '/sale', headers }, res, (fault) => resolve({ added, fault }));
    });
  const passed = await handled(`__Host-frontrow_12=${await tokenOf()}`);
  expect(passed).toEqual({
    added: [expect.stringMatching(/^Set-Cookie: __Host-frontrow_12=next; Path/)],
    fault: undefined,
  });
  expect(await handled('')).toEqual({ added: [], status: 302 });
  api.answer = () => Response.json({ code: 'INVALID_REQUEST' }, { status: 400 });
  after(1_100);
  expect(await handled('')).toMatchObject({ fault: { code: 'INVALID_REQUEST' } });
});

test('a clock that is wrong by an hour changes nothing', async () => {
  const serverMs = Date.now() + 3_600_000;
  const answer = answerWith(() => verified());
  api.answer = (asked) => {
    const answered = answer(asked);
    answered.headers.set('date', new Date(serverMs).toUTCString());
    return answered;
  };
  const gate = gateOf();
  await gate.decide(request('/sale'));
  expect(await gate.decide(withCookie(await tokenOf({ seconds: 3_500 })))).toEqual(toWait());
  expect(await gate.decide(withCookie(await tokenOf({ seconds: 3_700 })))).toEqual({ passes: true });
});
