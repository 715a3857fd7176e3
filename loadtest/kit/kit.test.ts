import { expect, test } from '@jest/globals';
import { verdictOf } from '../measures/diagnose/bottleneck.ts';
import { sampleInTurn } from '../measures/growth/section.ts';
import { wholeOf } from './options.ts';
import { renderPlots } from './plot.ts';
import { atRate } from './schedule.ts';
import { median, middleMean, percentile } from './statistics.ts';

test('a middle mean is deaf to strays', () => {
  expect(middleMean([9_000, 5, 6, 7, 8, 0])).toBe(6.5);
  expect(median([3, 1, 2])).toBe(2);
  expect(percentile([1, 2, 3, 4], 0.99)).toBe(4);
});

test('sides are sampled in turn, every second round backwards', async () => {
  const order: string[] = [];
  const side = (name: string) => async () => order.push(name);
  expect(await sampleInTurn(2, [side('a'), side('b')])).toEqual([
    [1, 4],
    [2, 3],
  ]);
  expect(order).toEqual(['a', 'b', 'b', 'a']);
});

test('what is begun at a rate does not wait for what was begun before, and its delay counts from when it was due', async () => {
  const delays: number[] = [];
  let free = () => {};
  const stall = new Promise<void>((resolve) => {
    free = resolve;
  });
  setTimeout(free, 100);
  const { leftOut } = await atRate({
    rate: 200,
    count: 10,
    most: 5,
    say: () => undefined,
    async begin(_index, dueAt) {
      await stall;
      delays.push(performance.now() - dueAt);
    },
  });
  expect([delays.length, leftOut]).toEqual([5, 5]);
  expect(delays[0]).toBeGreaterThan(Number(delays[4]) + 10);
});

test('the verdict names what is saturated, the busiest first, else what is nearest to it', () => {
  const loads = [
    { what: 'the workers', share: 0.9, because: 'nine tenths' },
    { what: "Redis' thread", share: 0.95, because: 'more' },
  ];
  expect(verdictOf(loads, 0.5, 0)).toBe("Saturated: Redis' thread (more), then the workers (nine tenths).");
  const idle = [{ what: 'the workers', share: 0.2, because: 'a fifth' }];
  expect(verdictOf(idle, 0.5, 0)).toBe('Nothing is saturated. The busiest part is the workers (a fifth).');
  expect(verdictOf(idle, 0.99, 0)).toMatch(/^Saturated: the cores of this machine \(99% busy\); no part is by itself/);
  expect(verdictOf(idle, 0.5, 500)).toMatch(/500 tickets more wait each second/);
});

test('a plot begins at zero and says what it shows', () => {
  const plot = {
    title: 'A < B',
    across: 'seats',
    steps: ['0', '65'],
    unit: 'µs',
    lines: [{ name: 'x', values: [0, 40] }],
  };
  const svg = renderPlots([plot]);
  expect(svg).toContain('A &lt; B');
  expect(svg).toContain('points="70.0,244.0 680.0,56.0"');
});

test('a number that an option was not made for is refused with its bounds, and one that is left out is what it is by itself', () => {
  const whole = wholeOf({ seed: '7', runs: '1.5', rounds: '0', requests: 'many', connections: undefined });
  expect([whole('seed', 1, 1, 9), whole('connections', 8, 1, 9)]).toEqual([7, 8]);
  for (const name of ['runs', 'rounds', 'requests'] as const) {
    expect(() => whole(name, 1, 1, 9)).toThrow(`--${name}: a whole number from 1 to 9`);
  }
});
