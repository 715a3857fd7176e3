import { expect, jest, test } from '@jest/globals';
import {
  command,
  flag,
  helpOf,
  namesOf,
  number,
  optionalNumber,
  readOptions,
  text,
  UsageError,
  urls,
} from './command.ts';
import { renderPlots } from './plot.ts';
import { noneOf, verdictLines } from './report.ts';
import { atRate } from './schedule.ts';
import { median, middleMean, percentile } from './statistics.ts';

test('a middle mean ignores strays', () => {
  expect(middleMean([9_000, 5, 6, 7, 8, 0])).toBe(6.5);
  expect(median([3, 1, 2])).toBe(2);
  expect(percentile([1, 2, 3, 4], 0.99)).toBe(4);
});

test('a beginning at a rate does not wait for earlier ones, and its delay counts from when it was due', async () => {
  const delays: number[] = [];
  let free = () => {};
  const stall = new Promise<void>((resolve) => {
    free = resolve;
  });
  setTimeout(free, 100);
  const { skipped } = await atRate({
    rate: 200,
    count: 10,
    max: 5,
    isQuiet: true,
    async begin(_index, dueAt) {
      await stall;
      delays.push(performance.now() - dueAt);
    },
  });
  expect([delays.length, skipped]).toEqual([5, 5]);
  expect(delays[0]).toBeGreaterThan(Number(delays[4]) + 10);
});

test('a plot begins at zero and names its contents', () => {
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

const OPTIONS = {
  rounds: number('rounds', 5, { max: 9 }),
  share: number('a share', 0.5, { min: 0, max: 1, isFraction: true }),
  seats: optionalNumber('seats', 'many', { max: 9 }),
  only: namesOf('fruit', ['apple', 'pear']),
  json: text('a file', 'FILE'),
  quick: flag('a short run'),
  url: urls(),
};

test('options have defaults, and are read as what they are', () => {
  const defaults = { rounds: 5, share: 0.5, seats: undefined, only: ['apple', 'pear'], json: undefined, quick: false };
  expect(readOptions(OPTIONS, [])).toEqual({ ...defaults, url: undefined });
  const args = ['--rounds', '9', '--share', '0.1', '--seats=3', '--only', 'pear', '--json', 'x', '--quick'];
  const given = { rounds: 9, share: 0.1, seats: 3, only: ['pear'], json: 'x', quick: true, url: ['a', 'b'] };
  expect(readOptions(OPTIONS, [...args, '--url', 'a', '--url', 'b'])).toEqual(given);
});

test('an unknown option, and a value outside the bounds, is refused by the name of the option', () => {
  const refusals = [
    [['--round', '1'], "Unknown option '--round'"],
    [['--rounds', '1.5'], '--rounds: a whole number from 1 to 9'],
    [['--rounds', '0'], '--rounds: a whole number from 1 to 9'],
    [['--rounds', 'many'], '--rounds: a whole number from 1 to 9'],
    [['--share', '2'], '--share: a number from 0 to 1'],
    [['--only', 'pear,plum'], '--only: all, or some of apple,pear'],
    [['--json'], "Option '--json <value>' argument missing"],
    [['more'], "Unexpected argument 'more'"],
  ] as const;
  for (const [args, message] of refusals) {
    expect(() => readOptions(OPTIONS, [...args])).toThrow(UsageError);
    expect(() => readOptions(OPTIONS, [...args])).toThrow(message);
  }
});

test('the help lists every option with its default', () => {
  expect(readOptions(OPTIONS, ['-h'])).toBeUndefined();
  const help = helpOf({ name: 'fruit', summary: 'Eats fruit.', options: OPTIONS });
  expect(help).toMatch(/^npm run fruit -- \[options\]\n\nEats fruit\.\n\n {2}--rounds N +rounds \(default: 5\)\n/);
  for (const option of Object.keys(OPTIONS)) expect(help).toMatch(new RegExp(`^ {2}--${option} `, 'm'));
});

test('a command ends with 1 where a check is broken, and with 2 where the command line is wrong', async () => {
  const outputs = [jest.spyOn(console, 'log'), jest.spyOn(console, 'error')];
  for (const output of outputs) output.mockImplementation(() => undefined);
  const exitCodeOf = async (held: boolean, ...args: string[]) => {
    await command({ name: 'fruit', summary: '', options: OPTIONS, run: async () => [{ what: 'a check', held }] }, args);
    const { exitCode } = process;
    process.exitCode = undefined;
    return exitCode;
  };
  expect([await exitCodeOf(true), await exitCodeOf(false), await exitCodeOf(true, '--bogus')]).toEqual([0, 1, 2]);
  for (const output of outputs) output.mockRestore();
});

test('a verdict has a line for each check, held or broken, and examples of what broke it', () => {
  const checks = [{ what: 'all is well', held: true, figure: '3 of 3' }, noneOf('no seat is sold twice', ['1-1-1'])];
  expect(verdictLines(checks)).toBe(
    '  held    all is well: 3 of 3\n  BROKEN  no seat is sold twice: 1\n            1-1-1',
  );
});
