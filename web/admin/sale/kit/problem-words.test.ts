import { expect, test } from '@jest/globals';
import { seatsOfProblem, seatsText } from './problem-words.ts';

test('a refusal names its seats as they are printed, and some of many', () => {
  const named = { seats: ['1-1-1', '1-1-2'], labels: { '1-1-1': 'A-1' } };
  expect(seatsOfProblem(named as object)).toBe('Seats: A-1 (1-1-1), 1-1-2.');
  expect(seatsText(Array.from({ length: 14 }, (_, i) => `1-1-${i + 1}`))).toMatch(/^1-1-1, .* 1-1-12 and 2 more$/);
});

test('a refusal names the seats that it offers instead', () => {
  const alternatives = [
    { zone: 1, row: 2, startIndex: 3, seatsCount: 2, zoneName: 'Stalls', rowLabel: 'B' },
    { zone: 2, row: 1, seatsCount: 2 },
  ];
  expect(seatsOfProblem({ alternatives })).toBe(
    'Free at the moment: 2 in Stalls, row B, from seat 4; 2 in zone 2, row 1.',
  );
  expect(seatsOfProblem({})).toBeUndefined();
});
