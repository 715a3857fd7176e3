import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { projectRoot } from '../../platform/root.ts';
import { keysOf } from './keys.ts';

/** Keys that are called otherwise in Lua, by their Lua names. */
const namedInTypeScript: Readonly<Record<string, string>> = { node: 'channel' };

const lua = readFileSync(join(projectRoot, 'lua', 'lib', 'keys.lua'), 'utf8');

/** Each key or stem of keys.lua: its name, and the parts that it is made of. */
const spelled = [
  ...lua.matchAll(/^local function (\w+?)(Key|Stem|Channel)\(tag.*?\)\s+return tag \.\. (.+?)(?: end)?$/gm),
].map(([, name = '', , parts = '']) => ({ name, parts: parts.split(' .. ') }));

test('the test reads every function of keys.lua', () => {
  expect(spelled.map(({ name }) => name)).toHaveLength([...lua.matchAll(/^local function \w+\(tag/gm)].length);
});

test.each(spelled)('Lua and TypeScript spell the key $name alike', ({ name, parts: [beginning = '', ...parts] }) => {
  const keys: Readonly<Record<string, string>> = keysOf(7);
  const known = namedInTypeScript[name] ?? name;
  const expected = parts.length === 0 ? keys[known] : keys[`${known}Stem`];
  expect(`{s7}${beginning.replaceAll("'", '')}`).toBe(expected);
  // Names and colons alternate, as in "event:zone:row".
  for (const [i, part] of parts.entries()) expect(part).toMatch(i % 2 === 0 ? /^\w+$/ : /^':'$/);
});
