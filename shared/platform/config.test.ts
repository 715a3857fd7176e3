import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ConfigError, readConfig, requireServers, settings } from './config.ts';
import { projectRoot } from './root.ts';

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

test('.env.example lists every setting with its default', () => {
  const lines = readFileSync(join(projectRoot, '.env.example'), 'utf8').split('\n');
  const listed = new Map(
    lines.flatMap((line) => [...line.matchAll(/^#? ?([A-Z_]+)=(.*)$/g)].map(([, name, value]) => [name, value])),
  );
  const defaults = settings.parse({});
  const internal = new Set(['EMBEDDED']); // `npm start` sets it for its parts
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
