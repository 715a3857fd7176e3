import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readConfig, requireSecrets, requireServers, sellByOf, settings } from './config.ts';
import { ConfigError } from './platform/config-error.ts';
import { projectRoot } from './platform/root.ts';

test('bad settings are listed all together, and never with a value', () => {
  const bad = { PORT: '99999', ZONES: 'many', DATABASE_URL: 'mysql://user:secret@host/db', ADMIN_TOKEN: 'tooshort' };
  expect(() => readConfig(bad)).toThrow(ConfigError);
  const message = messageOf(() => readConfig(bad));
  for (const name of Object.keys(bad)) expect(message).toContain(`${name}:`);
  for (const value of ['99999', 'many', 'secret', 'tooshort']) expect(message).not.toContain(value);
});

test('an empty setting counts as not set', () => {
  expect(readConfig({ PORT: '', DATABASE_URL: '' })).toEqual(settings.parse({}));
});

test('a part that is started alone needs both addresses', () => {
  expect(() => requireServers(readConfig({ REDIS_URL: 'redis://127.0.0.1:6379' }))).toThrow('DATABASE_URL');
});

test('production needs secrets that nobody guesses, or an identity provider', () => {
  const production = { NODE_ENV: 'production', ADMIN_TOKEN: randomBytes(32).toString('base64') };
  const AUTH_SECRET = randomBytes(32).toString('hex');
  const needs = (environment: NodeJS.ProcessEnv) => () => requireSecrets(readConfig(environment));
  expect(needs({ ...production, AUTH_SECRET })).not.toThrow();
  expect(needs({ ...production, AUTH_JWKS_URL: 'https://id.test/keys' })).not.toThrow();
  expect(needs({ NODE_ENV: 'development' })).not.toThrow();
  expect(needs(production)).toThrow('AUTH_SECRET: missing');
  for (const weak of ['a'.repeat(40), '0123'.repeat(10), 'please-change-me-please-change-me-!'])
    expect(needs({ ...production, AUTH_SECRET, ADMIN_TOKEN: weak })).toThrow('ADMIN_TOKEN: too easy to guess');
});

test('in production only trusted servers sell, unless SELL_BY is set', () => {
  const sellBy = (environment: NodeJS.ProcessEnv) => sellByOf(readConfig(environment));
  expect(sellBy({})).toBe('anyone');
  expect(sellBy({ NODE_ENV: 'production' })).toBe('server');
  expect(sellBy({ NODE_ENV: 'production', SELL_BY: 'anyone' })).toBe('anyone');
  expect(sellBy({ SELL_BY: 'server' })).toBe('server');
  expect(() => sellBy({ SELL_BY: 'nobody' })).toThrow('SELL_BY:');
});

test('a secret is measured in bytes', () => {
  expect(() => readConfig({ ADMIN_TOKEN: 'ä'.repeat(16) })).not.toThrow();
  expect(() => readConfig({ ADMIN_TOKEN: 'a'.repeat(31) })).toThrow('ADMIN_TOKEN:');
});

test('proxies are a number of hops or a list of addresses; origins are origins', () => {
  expect(readConfig({ TRUST_PROXY: '2' }).TRUST_PROXY).toBe(2);
  expect(readConfig({ TRUST_PROXY: 'loopback, 10.0.0.0/8,fd00::/8' }).TRUST_PROXY).toEqual([
    ...['loopback', '10.0.0.0/8', 'fd00::/8'],
  ]);
  for (const bad of ['true', '0', '10.0.0.0/33', '10.0.0/8', 'balancer.test'])
    expect(() => readConfig({ TRUST_PROXY: bad })).toThrow('TRUST_PROXY:');
  for (const name of ['CORS_ORIGINS', 'EMBED_ORIGINS'] as const) {
    expect(readConfig({ [name]: 'https://a.test,http://localhost:5173' })[name]).toHaveLength(2);
    for (const bad of ['*', 'null', 'https://a.test/', 'a.test'])
      expect(() => readConfig({ [name]: bad })).toThrow(name);
  }
});

test('.env.example lists every setting with its default', () => {
  const lines = readFileSync(join(projectRoot, '.env.example'), 'utf8').split('\n');
  const listed = new Map(
    lines.flatMap((line) => [...line.matchAll(/^#? ?([A-Z_]+)=(.*)$/g)].map(([, name, value]) => [name, value])),
  );
  const defaults = settings.parse({});
  const internal = new Set(['DEMO_HERD', 'OPERATORS_FROM_LOOPBACK']); // for `npm start` and for tests
  const names = Object.keys(settings.shape).filter((name) => !internal.has(name));
  expect([...listed.keys()].sort()).toEqual(names.sort());
  for (const name of names) {
    const value = defaults[name as keyof typeof defaults];
    if (value !== undefined) expect([name, listed.get(name)]).toEqual([name, String(value)]);
  }
});

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (fault) {
    return (fault as Error).message;
  }
  throw new Error('nothing was thrown');
}
