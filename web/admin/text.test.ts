import { expect, test } from '@jest/globals';
import { etaText, formatSeconds } from './text.ts';

test('without a worker there is no estimate', () => {
  expect([undefined, 3].map(etaText)).toEqual(['none: no worker runs', '3 s']);
});

test('a duration is rounded to one unit', () => {
  expect([0.04, 2.26, 59.6, 130, 9_000].map(formatSeconds)).toEqual(['0 s', '2.3 s', '60 s', '2 min', '3 h']);
});
