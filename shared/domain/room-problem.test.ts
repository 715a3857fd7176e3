import { expect, test } from '@jest/globals';
import { problemWithoutSeats } from './room-problem.ts';

const off = { mode: 'off' as const, peoplePerMinute: null, peopleInside: null };

test('a room without seats needs a rate, or a number of people inside, while it is on', () => {
  expect(problemWithoutSeats(off)).toBeUndefined();
  expect(problemWithoutSeats({ ...off, mode: 'on' })).toMatch(/^peoplePerMinute, peopleInside: /);
  expect(problemWithoutSeats({ ...off, mode: 'on', peoplePerMinute: 60 })).toBeUndefined();
  expect(problemWithoutSeats({ ...off, mode: 'on', peopleInside: 60 })).toBeUndefined();
});

test('a room without seats is never automatic', () => {
  expect(problemWithoutSeats({ ...off, mode: 'auto', peoplePerMinute: 60 })).toMatch(/^mode: on or off/);
});
