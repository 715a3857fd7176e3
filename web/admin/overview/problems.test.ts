import { expect, test } from '@jest/globals';
import type { Overview } from '../../../shared/contract/overview.ts';
import type { Point } from './history.ts';
import { problemsOf } from './problems.ts';

const queue = { depth: 5, accepted: 105, settled: 100, etaSeconds: 1, oldestSeconds: 1, failed: 0 };
const overview: Overview = {
  atMs: 0,
  problems: [],
  redisUp: true,
  postgresUp: true,
  queue,
  workers: { alive: 1, desired: 1, asked: 'auto' },
  faults: [],
  process: 'API process 1',
};

/** Overviews of so many seconds, in each of which so many tickets were settled. */
const historyOf = (seconds: number, settledEach: number, isShort = false): Point[] =>
  Array.from({ length: seconds }, (_, i) => ({
    atMs: i * 1000,
    isShort,
    acceptedPerSecond: 0,
    settledPerSecond: settledEach,
    queue: { ...queue, settled: 100 + i * settledEach },
    outcomes: { booked: i * settledEach, SOLD_OUT: 7 },
  }));

test('there is no problem while tickets wait and are settled', () => {
  expect(problemsOf(overview, historyOf(60, 1))).toEqual([]);
});

test('a stuck queue, missing workers and old or failed jobs are problems, after those that the server reports', () => {
  const paused: Overview = { ...overview, problems: [{ code: 'queue_paused', message: 'A queue is paused.' }] };
  expect(problemsOf(paused, historyOf(12, 0))).toEqual([
    'A queue is paused.',
    'Tickets are waiting, and none was settled for 10 s.',
  ]);
  expect(problemsOf(overview, historyOf(9, 0))).toEqual([]);
  expect(problemsOf(overview, historyOf(12, 0))).toEqual(['Tickets are waiting, and none was settled for 10 s.']);
  const missing = { ...overview, workers: { alive: 1, desired: 3, asked: 3 } };
  expect(problemsOf(missing, historyOf(15, 1, true))).toEqual([]);
  expect(problemsOf(missing, historyOf(25, 1, true))).toEqual(['1 of 3 workers run: see the supervisor.']);
  const old = { ...overview, queue: { ...queue, oldestSeconds: 600, failed: 1 } };
  expect(problemsOf(old, [])).toEqual([
    'The oldest job has waited for 10 min.',
    'Jobs that failed for good: 1. See the last faults and the queues.',
  ]);
});

test('a wrong server setting is a problem, and one that cannot be read is not', () => {
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
