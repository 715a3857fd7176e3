import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { secondsUntil } from './pace.ts';

test('the wait is that of a line that is called step by step', () => {
  const rates = fc.record({
    rate: fc.integer({ min: 10, max: 500 }),
    growth: fc.constantFrom(0, 0.05, 0.5),
    top: fc.integer({ min: 10, max: 5_000 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20_000 }), rates, (people, pace) => {
      let { rate } = pace;
      let [seconds, left] = [0, people];
      const step = 0.01;
      while (left > 0) {
        left -= rate * step;
        seconds += step;
        rate = Math.max(rate, Math.min(pace.top, rate * (1 + pace.growth) ** step));
      }
      expect(Math.abs(secondsUntil(people, pace) - seconds)).toBeLessThan(0.05 + seconds * 0.01);
    }),
  );
});

test('the wait is infinite while nobody is admitted', () => {
  expect(secondsUntil(1, { rate: 0, growth: 0.5, top: 100 })).toBe(Number.POSITIVE_INFINITY);
});
