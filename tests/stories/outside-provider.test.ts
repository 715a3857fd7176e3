import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { freePort } from '../../local/embedded/free-port.ts';
import { send } from '../support/client.ts';
import { bearer } from '../support/logins.ts';
import { useSystem } from '../support/system.ts';

const PROVIDER_PORT = await freePort();

describe('with an outside identity provider', () => {
  const keys = generateKeyPair('ES256');
  const other = generateKeyPair('ES256');
  let jwks = '';
  const provider = createServer((_req, res) => res.setHeader('content-type', 'application/json').end(jwks));
  beforeAll(async () => {
    const key = { ...(await exportJWK((await keys).publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
    jwks = JSON.stringify({ keys: [key] });
    provider.listen(PROVIDER_PORT, '127.0.0.1');
    await once(provider, 'listening');
  });
  afterAll(() => void provider.close());
  const system = useSystem({
    AUTH: 'on',
    AUTH_JWKS_URL: `http://127.0.0.1:${PROVIDER_PORT}/keys`,
    AUTH_ISSUER: 'https://id.example',
    AUTH_AUDIENCE: 'tickets',
  });

  const tokenOf = async (subject: string, pair = keys, { validFrom = '-1s', validUntil = '5m' } = {}) =>
    new SignJWT({ name: 'Carla' })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setSubject(subject)
      .setIssuer('https://id.example')
      .setAudience('tickets')
      .setNotBefore(validFrom)
      .setExpirationTime(validUntil)
      .sign((await pair).privateKey);
  const hold = (token: string) =>
    send(system().url, 'POST', '/api/bookings?wait=20', { eventId: 1, count: 1 }, bearer(token));

  test('its users get user ids of Frontrow, the same ones each time', async () => {
    const subject = `auth|${randomUUID()}`;
    const first = await hold(await tokenOf(subject));
    expect(first.status).toBe(201);
    expect(first.body.userId).toBeGreaterThan(100);
    expect((await hold(await tokenOf(subject))).body.userId).toBe(first.body.userId);
    expect((await hold(await tokenOf('another'))).body.userId).not.toBe(first.body.userId);
    const token = await tokenOf(`auth|${randomUUID()}`);
    const together = await Promise.all(Array.from({ length: 8 }, () => hold(token)));
    expect(new Set(together.map(({ status, body }) => `${status} ${body.userId}`)).size).toBe(1);
  });

  test('its clock may differ by a few seconds and no more', async () => {
    const statusOf = async (times: { validFrom?: string; validUntil?: string }) =>
      (await hold(await tokenOf('auth|clocks', keys, times))).status;
    expect(await statusOf({ validFrom: '4s' })).toBe(201);
    expect(await statusOf({ validFrom: '60s' })).toBe(401);
    expect(await statusOf({ validUntil: '-2s' })).toBe(201);
    expect(await statusOf({ validUntil: '-60s' })).toBe(401);
  });

  test('tokens of other issuers are rejected, and there is no log-in with a password', async () => {
    expect(await hold(await tokenOf('x', other))).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    const own = new SignJWT({ sub: '1', iss: 'https://id.example', aud: 'tickets' }).setProtectedHeader({
      alg: 'HS256',
    });
    const forged = await own.setExpirationTime('5m').sign(new TextEncoder().encode(jwks));
    expect(await hold(forged)).toMatchObject({ status: 401 });
    const login = await fetch(`${system().url}/api/users/login`, { method: 'POST' });
    expect(login.status).toBe(404);
  });
});
