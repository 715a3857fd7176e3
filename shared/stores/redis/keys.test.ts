import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { shardOfEvent } from '../../domain/ticket-id.ts';
import { slotOf } from '../../platform/redis-cluster.ts';
import { projectRoot } from '../../platform/root.ts';
import { keysOf, placeOf, shardIn, spellTags, tagsOf } from './keys.ts';

afterEach(() => spellTags({ isCluster: false }));

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

test('a key stays, goes with its event, or is not needed: each key of an event', () => {
  const source = readFileSync(join(projectRoot, 'shared', 'stores', 'redis', 'keys.ts'), 'utf8');
  const stems = [...source.matchAll(/^ {2}\/\*\* (?:A hash.*?)?\+ event.*\n {2}(\w+):/gm)].map(([, name = '']) => name);
  expect(stems).toContain('seatDifferencesStem');
  const event = [1, 2, 3, 4].find((id) => shardOfEvent(id, 2) === 1);
  for (const name of stems) {
    const keyIn = (shard: number) => `${(keysOf(shard) as Readonly<Record<string, string>>)[name]}${event}`;
    const moves = /^(room|lapses)/.test(name);
    expect([name, placeOf(keyIn(0), 1), placeOf(`${keyIn(1)}:1:1`, 2)]).toEqual([name, keyIn(0), `${keyIn(1)}:1:1`]);
    expect([name, placeOf(keyIn(0), 2)]).toEqual([name, moves ? keyIn(1) : undefined]);
    expect([name, placeOf(keyIn(1), 1)]).toEqual([name, moves ? keyIn(0) : undefined]);
  }
  for (const key of [keysOf(1).sequence, `${keysOf(1).batchStem}1`, '{s1}:booking:7', 'foreign']) {
    expect(placeOf(key, 2)).toBe(key);
    expect(placeOf(key, 1)).toBe(key === 'foreign' ? key : undefined);
  }
});

test.each([
  [3, 3, 0],
  [6, 3, 0],
  [6, 6, 0],
  [12, 3, 0],
  [64, 3, 1],
  [64, 4, 2],
  [64, 5, 2],
])('in a cluster %i shards fall evenly on %i masters', (shards, masters, difference) => {
  spellTags({ isCluster: true });
  const counts = Array.from({ length: masters }, () => 0);
  for (const tag of tagsOf(shards)) {
    const master = Math.floor((slotOf(tag) * masters) / 16_384);
    counts[master] = (counts[master] ?? 0) + 1;
  }
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(difference);
});

test('the tags of a cluster never change, since its data is named by them, and shard 0 has the same everywhere', () => {
  const alone = [keysOf(0).system, keysOf(5).tag];
  spellTags({ isCluster: true });
  expect([...tagsOf(6), keysOf(63).tag]).toEqual([
    '{s0}',
    '{s1.176}',
    '{s2.62}',
    '{s3.6}',
    '{s4.279}',
    '{s5.101}',
    '{s63.110}',
  ]);
  expect([keysOf(0).system, shardIn(keysOf(5).sequence)]).toEqual([alone[0], 5]);
  const { tag } = keysOf(5);
  expect(placeOf(`${tag}:booking:7`, 6)).toBe(`${tag}:booking:7`);
  expect(placeOf(`${tag}:booking:7`, 5)).toBeUndefined();
  spellTags({ isCluster: false });
  expect(keysOf(5).tag).toBe(alone[1]);
});
