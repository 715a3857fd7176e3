import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { projectRoot } from '../../platform/root.ts';
import { scriptFields } from './script-values.ts';
import { scriptNames, scriptText } from './scripts.ts';

test('every script of lua/ is defined, and every definition has its script', () => {
  const files = readdirSync(join(projectRoot, 'lua')).filter((name) => name.endsWith('.lua'));
  expect(files.map((name) => name.slice(0, -'.lua'.length)).sort()).toEqual([...scriptNames].sort());
});

describe.each(scriptNames)('the header of %s', (name) => {
  const text = scriptText(name);
  const header = text
    .split('\n')
    .filter((_line, i, lines) => lines.slice(0, i + 1).every((earlier) => earlier.startsWith('--')));
  const body = text.slice(header.join('\n').length);
  const documented = (what: string) =>
    header.flatMap((line) => [...line.matchAll(new RegExp(`^-- ${what}\\[(\\d+)(\\.\\.)?\\]`, 'g'))]);

  test('begins with its name and what it does, and states what it returns and what it costs', () => {
    const purpose = header.slice(
      0,
      header.findIndex((line) => line.startsWith('-- KEYS[1]')),
    );
    expect(purpose[0]).toMatch(new RegExp(`^-- ${name}: .+`));
    expect(purpose.at(-1)).toMatch(/\.$/);
    expect(header.some((line) => line.startsWith('-- RETURNS  '))).toBe(true);
    expect(header.at(-1)).toMatch(/^-- COST {5}O\(/);
  });

  test('names the tag as its only key, and the body reads it once', () => {
    const names = header.flatMap((line) => /^-- KEYS\[\d+\] +(\w+)/.exec(line)?.[1] ?? []);
    expect(names).toEqual(['tag']);
    expect(body.match(/KEYS\[\d+\]/g)).toEqual(['KEYS[1]']);
    expect(body).toMatch(/^local tag\b[^=\n]* = KEYS\[1\]/m);
  });

  test('numbers what the body reads, no more and no less', () => {
    const read = (what: string) =>
      [...new Set([...body.matchAll(new RegExp(`${what}\\[(\\d+)\\]`, 'g'))].map(([, n]) => Number(n)))].sort(
        (a, b) => a - b,
      );
    expect(read('KEYS')).toEqual(documented('KEYS').map(([, n]) => Number(n)));
    const fixed = documented('ARGV').filter(([, , open]) => open === undefined);
    expect(read('ARGV')).toEqual(fixed.map(([, n]) => Number(n)));
    const open = documented('ARGV').find(([, , dots]) => dots !== undefined);
    if (open !== undefined) expect(body).toMatch(new RegExp(`for (i|at) = ${open[1]}, #ARGV`));
  });
});

test.each(Object.entries(scriptFields))('%s reads each of its fields, and no other', (name, fields) => {
  const text = readFileSync(join(projectRoot, 'lua', `${name}.lua`), 'utf8');
  const read = [...text.matchAll(/\bFIELDS\.(\w+)/g)].map(([, field]) => field);
  expect([...new Set(read)].sort()).toEqual([...fields, 'COUNT'].sort());
});

test.each(scriptNames)('%s defines no function twice', (name) => {
  const names = [...scriptText(name).matchAll(/^local function (\w+)/gm)].map(([, defined]) => defined);
  expect(new Set(names).size).toBe(names.length);
});
