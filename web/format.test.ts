import { expect, test } from '@jest/globals';
import { formatClock } from './format.ts';

test.each([
  [-5, '0:00'],
  [1, '0:01'],
  [65_000, '1:05'],
  [3_665_000, '1:01:05'],
  [90_061_000, '1 day 01:01:01'],
])('%d ms are %s', (milliseconds, text) => expect(formatClock(milliseconds)).toBe(text));
