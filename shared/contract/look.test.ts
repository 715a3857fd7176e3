import { describe, expect, test } from '@jest/globals';
import { contrastOf } from './contrast.ts';
import { look } from './look.ts';

const COLORS = { background: '#ffffff', text: '#222222', accent: '#005AB5', accentText: '#ffffff' };

/** The problems of a look, each with its field. */
const problemsOf = (value: object): string[] =>
  (look.safeParse(value).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);

test('a contrast is that of WCAG', () => {
  expect(contrastOf('#ffffff', '#000000')).toBeCloseTo(21, 10);
  expect(contrastOf('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
  expect(contrastOf('#ffffff', '#0000ff')).toBeCloseTo(8.59, 2);
});

test('a whole look is taken, colours in lower case, and line breaks as one sign', () => {
  const whole = {
    title: ' Shop & Söhne ',
    logo: 'https://shop.example/logo.svg?v=2',
    colors: COLORS,
    languages: ['de', 'en'],
    text: { 'pt-BR': 'Um.\r\n\r\nDois.\n', ar: 'مرحبا' },
  };
  expect(look.parse(whole)).toEqual({
    ...whole,
    title: 'Shop & Söhne',
    colors: { ...COLORS, accent: '#005ab5' },
    text: { 'pt-BR': 'Um.\n\nDois.', ar: 'مرحبا' },
  });
  expect(look.parse({})).toEqual({});
});

describe('a look is refused by its field', () => {
  test.each([
    [{ name: 'Shop' }, /Unrecognized key: "name"/],
    [{ title: '' }, /^title: /],
    [{ title: 'x'.repeat(81) }, /^title: .*80/],
    [{ title: 'a\u202Eb' }, /^title: must have no control/],
    [{ logo: 'https://shop.example/l.svg' }, /^title: a logo needs it as its text$/],
    ...['/logo.svg', 'javascript:alert(1)', 'data:image/png;base64,AA', 'https://u:p@shop.example/l.svg'].map(
      (logo) => [{ title: 'S', logo }, /^logo: the address of a picture/] as const,
    ),
    ...['https://a;script-src.example/l', 'https://*.example/l', "https://'self'.example/l"].map(
      (logo) => [{ title: 'S', logo }, /^logo: the address of a picture/] as const,
    ),
    [{ colors: { ...COLORS, accent: undefined } }, /^colors\.accent: /],
    [{ colors: { ...COLORS, text: 'red' } }, /^colors\.text: a colour such as #1a2b3c$/],
    [{ colors: { ...COLORS, text: '#777777' } }, /^colors\.text: has a contrast of 4\.47 with background; .* 4\.5$/],
    [{ colors: { ...COLORS, accentText: '#005ab5' } }, /^colors\.accentText: has a contrast of 1\.00 with accent/],
    [{ languages: [] }, /^languages: /],
    [{ languages: ['en', 'en'] }, /^languages: each language once$/],
    [{ languages: ['fr'] }, /^languages\.0: /],
    [{ text: {} }, /^text: at least one text$/],
    [{ text: { en: ' \n ' } }, /^text\.en: must have a visible character$/],
    [{ text: { en: 'x'.repeat(2_001) } }, /^text\.en: .*2000/],
    [{ text: { en: 'a\u0000b' } }, /^text\.en: must have no control/],
    [{ text: { EN: 'Hello' } }, /^text\.EN: /],
    [{ text: { 'not a tag': 'Hello' } }, /^text\.not a tag: /],
    [{ text: Object.fromEntries('abcdefghijk'.split('').map((l) => [`a${l}`, 'x'])) }, /^text: at most 10 texts$/],
  ])('%j', (value, problem) => {
    const problems = problemsOf(value);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });
});
