import { expect, test } from '@jest/globals';
import type { Overview } from '../../shared/contract/overview.ts';
import type { Point } from './operation.ts';
import { etaInWords, outcomesOf, problemsOf, secondsInWords } from './words.ts';

const queue = { depth: 5, accepted: 105, settled: 100, etaSeconds: 1, oldestSeconds: 1, failed: 0 };
const overview: Overview = {
  ...{
    atMs: 0,
    problems: [],
    redisUp: true,
    postgresUp: true,
    queue,
    workers: { alive: 1, desired: 1, asked: 'auto' },
  },
  ...{ faults: [], process: 'API process 1' },
};

/** Overviews of so many seconds, of which each settled so many tickets. */
const historyOf = (seconds: number, settledEach: number, isShort = false): Point[] =>
  Array.from({ length: seconds }, (_, i) => ({
    ...{ atMs: i * 1000, isShort, acceptedPerSecond: 0, settledPerSecond: settledEach },
    ...{ queue: { ...queue, settled: 100 + i * settledEach }, outcomes: { booked: i * settledEach, SOLD_OUT: 7 } },
  }));

test('nothing is wrong where tickets wait and are settled', () => {
  expect(problemsOf(overview, historyOf(60, 1))).toEqual([]);
});

test('what is away, stuck or missing is told, the worst first', () => {
  const away: Overview = { ...overview, problems: [{ code: 'queue_paused', message: 'A queue is paused.' }] };
  expect(problemsOf(away, historyOf(12, 0))).toEqual([
    'A queue is paused.',
    'Tickets wait, and none has got its outcome for 10 s.',
  ]);
  expect(problemsOf(overview, historyOf(9, 0))).toEqual([]);
  expect(problemsOf(overview, historyOf(12, 0))).toEqual(['Tickets wait, and none has got its outcome for 10 s.']);
  const few = { ...overview, workers: { alive: 1, desired: 3, asked: 3 } };
  expect(problemsOf(few, historyOf(15, 1, true))).toEqual([]);
  expect(problemsOf(few, historyOf(25, 1, true))).toEqual(['1 of 3 workers run: see the supervisor.']);
  const old = { ...overview, queue: { ...queue, oldestSeconds: 600, failed: 1 } };
  expect(problemsOf(old, [])).toEqual([
    'The oldest job has waited for 10 min.',
    'Jobs that failed for good: 1. See the faults, and the queues.',
  ]);
});

test('a server that is set wrongly is a problem, one that cannot be read is not', () => {
  const cost = 'Everything is lost.';
  const settings = [
    { setting: 'redis appendonly', value: 'no', state: 'wrong', cost },
    { setting: 'postgres fsync', state: 'unknown', cost },
    { setting: 'redis appendfsync', value: 'always', state: 'right', cost },
  ] as const;
  expect(problemsOf({ ...overview, serverSettings: [...settings] }, [])).toEqual([
    'redis appendonly is no. Everything is lost.',
  ]);
});

test('outcomes are counted over the last minute and ever, the most frequent of late first', () => {
  expect(outcomesOf(historyOf(100, 2), 60)).toEqual([
    { name: 'booked', lately: 120, ever: 198 },
    { name: 'SOLD_OUT', lately: 0, ever: 7 },
  ]);
  expect(outcomesOf([], 60)).toEqual([]);
});

test('without a worker there is no estimate', () => {
  expect([undefined, 3].map(etaInWords)).toEqual(['none: no worker runs', '3 s']);
});

test('seconds are told as exactly as they matter', () => {
  expect([0.04, 2.26, 59.6, 130, 9_000].map(secondsInWords)).toEqual(['0 s', '2.3 s', '60 s', '2 min', '3 h']);
});
