import { expect, test } from '@jest/globals';
import { contrastOf } from '../../shared/contract/contrast.ts';
import { styleOf } from './look-style.ts';

/** The variables of the page, and those at the visitor's turn. */
const rulesOf = (style: string) =>
  [...style.matchAll(/\{(.*?)\}/g)].map(
    ([, rule = '']) =>
      Object.fromEntries(rule.split(';').map((line) => line.split(/:(.*)/s))) as Record<string, string>,
  );

test.each([
  ['#ffffff', '#222222', '#005ab5', '#ffffff', 'light'],
  ['#101820', '#f2f2f2', '#fee715', '#101820', 'dark'],
  ['#ffffff', '#767676', '#ffe066', '#3d2b00', 'light'],
  ['#767676', '#ffffff', '#000000', '#ffffff', 'light'],
])('secondary text can be read, and marks be seen: %s %s %s %s', (background, text, accent, accentText, scheme) => {
  const [always = {}, turn = {}] = rulesOf(styleOf({ background, text, accent, accentText }));
  expect(always).toMatchObject({ '--paper': background, '--ink': text, '--accent': accent, '--on-accent': accentText });
  expect(turn).toMatchObject({ '--paper': accent, '--ink': accentText, '--accent': accentText, '--on-accent': accent });
  expect(turn['--logo-paper']).toBe(background);
  expect(always['color-scheme']).toBe(scheme);
  for (const { '--soft': soft = '', '--mark': mark = '', '--paper': paper = '' } of [always, turn]) {
    expect(contrastOf(soft, paper)).toBeGreaterThanOrEqual(4.5);
    expect(contrastOf(mark, paper)).toBeGreaterThanOrEqual(3);
  }
});

test('secondary text is softer where it may be', () => {
  const [always = {}] = rulesOf(
    styleOf({ background: '#ffffff', text: '#000000', accent: '#005ab5', accentText: '#ffffff' }),
  );
  expect(always['--soft']).toBe('#595959');
});
