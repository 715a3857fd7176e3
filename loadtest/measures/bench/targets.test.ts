import { expect, test } from '@jest/globals';
import type { Result } from './report.ts';
import { targetsOf, targetTable } from './targets.ts';

const result = (frontrowTimes: number, frontrowCpuTimes = 1, redis: number | null = null): Result => ({
  acceptedPerSecond: 5_000,
  durablePerSecond: 5_000,
  acceptP50Ms: 40,
  acceptP99Ms: 90,
  outcomeP50Ms: 60,
  outcomeP99Ms: 120,
  cpuMicrosPerBooking: 200,
  cpuMicrosByProcess: { api: 90, workers: 50, redis, postgres: 30, generator: 60 },
  redisCommandsPerBooking: 4,
  walBytesPerBooking: 700,
  walSyncsPerBooking: 0.02,
  requestsPerRound: 20_000,
  frontrowTimes,
  frontrowCpuTimes,
});

const halfLoad = { perSecond: 2_500, outcomeP99Ms: 60.1 };
const oneClient = { outcomeP50Ms: 4 };
const ticket = { log: { accept: 40, claim: 150, settle: 210 }, memory: 451 };

test('a target is held at its value, and missed beyond it', () => {
  const results = new Map([
    ['frontrow', result(1, 1, 47.9)],
    ['sync-lua', result(1.79)],
    ['lock-and-insert', result(15)],
    ['express-noop', result(0.75, 1.61)],
  ]);
  const targets = targetsOf({ results, alone: { halfLoad, oneClient }, ticket });
  expect(targets.map(({ figure, measured, held }) => [figure, measured, held])).toEqual([
    ['durable bookings/s against sync-lua', 1.79, false],
    ['durable bookings/s against lock-and-insert', 15, true],
    ['durable bookings/s against job-per-request', null, null],
    ['accepted/s against express-noop', 0.75, true],
    ['CPU of a durable booking against express-noop', 1.61, false],
    ["Redis' CPU of a ticket", 47.9, true],
    ["Redis' log of a ticket", 400, true],
    ["Redis' memory of a ticket", 451, false],
    ['time to outcome at half of full load, p99', 60.1, false],
    ['time to outcome of one client alone, p50', 4, true],
  ]);
  const table = targetTable(targets);
  expect(table).toMatch(/\| durable bookings\/s against sync-lua +\| +at least 1.8 times \| +1.79 \| +missed \|/);
  expect(table).toMatch(
    /\| durable bookings\/s against job-per-request +\| +at least 4 times \| +- \| not measured \|/,
  );
});
