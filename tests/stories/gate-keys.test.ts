import { expect, test } from '@jest/globals';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { entryParameter } from '../../shared/domain/site-entry.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';
import { eventWithRoom, visitorAt } from '../support/visitors.ts';

const SITE = 'https://shop.example';
const ADMIN_TOKEN = 'an-admin-token-of-at-least-32-characters';
const system = useSystem({ ADMIN_TOKEN });
const asAdmin = { authorization: `Bearer ${ADMIN_TOKEN}` };

type ShownKey = { id: string; state: string; publishedAt: string; endsAt?: string };

const call = async (method: string, path = '') => {
  const { status, body } = await send(system().url, method, `/admin/gate-keys${path}`, undefined, asAdmin);
  return { status, body, keys: body.keys as ShownKey[] };
};
const statesOf = (keys: readonly ShownKey[]) => keys.map(({ state }) => state);
const publicIds = async (): Promise<string[]> => {
  const { keys } = (await (await fetch(`${system().url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
};

/** Makes all keys older, and waits until the API has read that. */
async function age(minutes: number): Promise<ShownKey[]> {
  await system().prisma.$executeRaw`UPDATE gate_key SET published_at = published_at - ${minutes} * interval '1 minute'`;
  return (await call('GET')).keys;
}

/** The admission of a new visitor. */
async function newAdmission(): Promise<{ event: number; admission: string }> {
  const { url } = system();
  const event = await eventWithRoom(url, { sites: [SITE] }, asAdmin);
  const visitor = visitorAt(url, event);
  await visitor.join();
  await visitor.until('your_turn');
  const headers = { 'x-visitor-token': visitor.token };
  const { body } = await send(url, 'POST', `/api/events/${event}/waiting-room/entry`, {}, headers);
  const token = new URL(String(body.url)).searchParams.get(entryParameter(event));
  const verified = await send(url, 'POST', '/api/gate/verify', { eventId: event, site: SITE, token });
  return { event, admission: String(verified.body.admission) };
}

const verified = async ({ event, admission }: Awaited<ReturnType<typeof newAdmission>>) =>
  (await send(system().url, 'POST', '/api/gate/verify', { eventId: event, site: SITE, token: admission })).body;

test('a new key is published before it signs, and the old one is shown until its last token has ended', async () => {
  const { keys: first } = await call('GET');
  expect(statesOf(first)).toEqual(['signing']);
  const old = await newAdmission();
  expect(await call('POST')).toMatchObject({ status: 201, body: { state: 'published' } });
  const { keys } = await call('GET');
  expect(statesOf(keys)).toEqual(['signing', 'published']);
  expect(await publicIds()).toEqual(keys.map(({ id }) => id));
  expect(decodeProtectedHeader((await newAdmission()).admission).kid).toBe(keys[0]?.id);
  expect(await call('POST')).toMatchObject({ status: 409, body: { code: 'TOO_MANY_KEYS' } });

  expect(statesOf(await age(5))).toEqual(['signing', 'published']); // a cache may still be without it
  expect(statesOf(await age(1))).toEqual(['verifying', 'signing']);
  const recent = await newAdmission();
  expect(decodeProtectedHeader(recent.admission).kid).toBe(keys[1]?.id);
  // Both verify, also offline by a site that reads the keys as their cache allows.
  const remote = createRemoteJWKSet(new URL(`${system().url}/.well-known/jwks.json`));
  for (const { admission } of [old, recent]) await jwtVerify(admission, remote, { audience: SITE });
  expect(await verified(old)).toMatchObject({ position: 1 });

  expect(statesOf(await age(80))).toEqual(['ended', 'signing']);
  expect(await publicIds()).toEqual([keys[1]?.id]);
  expect(await verified(old)).toMatchObject({ code: 'ADMISSION_INVALID', reason: 'forged' });
  expect(await verified(recent)).toMatchObject({ position: 1 });
  await call('POST');
  expect(statesOf((await call('GET')).keys)).toEqual(['signing', 'published']); // the ended one is deleted
});

test('a key that is withdrawn is refused at once, and another one signs', async () => {
  const held = await newAdmission();
  const another = await system().anotherApi();
  const { keys } = await call('GET');
  const signing = keys.find(({ state }) => state === 'signing');
  expect(await call('DELETE', `/${signing?.id}`)).toMatchObject({ status: 204 });
  expect(await verified(held)).toMatchObject({ code: 'ADMISSION_INVALID', reason: 'forged' });
  const atAnother = async () => {
    const body = { eventId: held.event, site: SITE, token: held.admission };
    return (await send(another.url, 'POST', '/api/gate/verify', body)).body;
  };
  await until(async () => (await atAnother()).reason === 'forged', 10_000);
  expect(decodeProtectedHeader((await newAdmission()).admission).kid).not.toBe(signing?.id);
  // An ended key must not sign again once the one after it is withdrawn.
  await age(1_000);
  await call('POST');
  const ended = await age(80);
  expect(statesOf(ended)).toEqual(['ended', 'signing']);
  await call('DELETE', `/${ended[1]?.id}`);
  const { keys: left } = await call('GET');
  expect(statesOf(left)).toEqual(['signing']);
  expect(ended.map(({ id }) => id)).not.toContain(left[0]?.id);
  for (const { id } of left) await call('DELETE', `/${id}`);
  expect(statesOf((await call('GET')).keys)).toEqual(['signing']); // there is always one
  expect(await call('DELETE', '/unknown')).toMatchObject({ status: 404, body: { code: 'KEY_UNKNOWN' } });
  await another.close();
});

test('keys need the admin token, and their acts are in the trail without a private half', async () => {
  for (const [method, path] of [
    ['GET', ''],
    ['POST', ''],
    ['DELETE', '/any'],
  ] as const)
    expect(await send(system().url, method, `/admin/gate-keys${path}`)).toMatchObject({ status: 401 });
  const { body } = await send(system().url, 'GET', '/admin/trail', undefined, asAdmin);
  const acts = (body.entries as { act: string }[]).filter(({ act }) => /GateKey/.test(act));
  expect(acts.length).toBeGreaterThan(2);
  const [{ d } = {}] = await system().prisma.$queryRaw<{ d: string }[]>`SELECT jwk ->> 'd' AS d FROM gate_key LIMIT 1`;
  const shown = JSON.stringify([
    acts,
    (await call('GET')).keys,
    await (await fetch(`${system().url}/.well-known/jwks.json`)).json(),
  ]);
  expect(d).toMatch(/^[\w-]{43}$/);
  expect(shown).not.toContain(d);
  expect(shown).not.toMatch(/"d":/);
});
