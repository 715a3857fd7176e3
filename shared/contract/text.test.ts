import { expect, test } from '@jest/globals';
import { text } from './text.ts';

const nameSchema = text(20);

test.each(['Club night', 'שלום', 'می‌خواهم', 'हिन्दी', '👨‍👩‍👧 fair', '🏳️‍🌈', 'Ünïted', '2 + 2', 'x'.repeat(20)])(
  '%s is valid and stays unchanged',
  (name) => {
    expect(nameSchema.parse(name)).toBe(name);
  },
);

test('surrounding spaces are trimmed and do not count', () => {
  expect(nameSchema.parse(`\u3000\u00a0 ${'x'.repeat(20)} \t\n`)).toBe('x'.repeat(20));
});

const invalidNames = [
  ...['', ' ', '\u3000', '\u00a0\u00a0', '\u200d', '\u3164', '\u2800', '\ufe0f', 'x'.repeat(21)],
  ...['a\u0000b', 'a\nb', 'a\u007fb', 'a\u0085b', 'a\u2028b', 'a\u2029b', 'a\ud83c', '\udf89b'],
  ...['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069'].map(
    (mark) => `a${mark}b`,
  ),
  ...['\u200e', '\u200f', '\u061c', '\u200b', '\u2060', '\ufeff', '\u180e'].map((mark) => `a${mark}b`),
];

test.each(invalidNames.map((name) => [JSON.stringify(name), name]))('%s is rejected', (_label, name) => {
  expect(nameSchema.safeParse(name).success).toBe(false);
});
