import { expect, test } from '@jest/globals';
import { bottleneckOf } from './bottleneck.ts';

test('a diagnosis names the saturated parts, the busiest first, else the busiest part', () => {
  const loads = [
    { part: 'the workers', share: 0.9, because: 'nine tenths' },
    { part: "Redis' thread", share: 0.95, because: 'more' },
  ];
  expect(bottleneckOf(loads, 0.5, 0)).toBe("Saturated: Redis' thread (more), then the workers (nine tenths).");
  const idle = [{ part: 'the workers', share: 0.2, because: 'a fifth' }];
  expect(bottleneckOf(idle, 0.5, 0)).toBe('Nothing is saturated. The busiest part is the workers (a fifth).');
  expect(bottleneckOf(idle, 0.99, 0)).toMatch(
    /^Saturated: the cores of this machine \(99% busy\); no part is by itself/,
  );
  expect(bottleneckOf(idle, 0.5, 500)).toMatch(/500 more tickets wait each second/);
});
