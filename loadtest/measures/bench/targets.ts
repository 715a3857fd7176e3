import { markdownTable } from '../../kit/report.ts';
import { logBytesOf, type TicketBytes } from '../ledger/tickets.ts';
import type { Alone, Result } from './report.ts';

/** The figures of a bench. A part that did not run has none. */
export type Measured = {
  results: ReadonlyMap<string, Result>;
  alone: Alone | undefined;
  ticket: TicketBytes | undefined;
};

type Target = {
  figure: string;
  bound: 'at least' | 'at most';
  value: number;
  unit: 'times' | 'µs' | 'bytes' | 'ms';
  digits?: number;
  read: (measured: Measured) => number | null | undefined;
};

/** How many times as fast Frontrow is, by `ratioTo`: durable bookings, or accepted requests of a route without any. */
const fastAs =
  (name: string) =>
  ({ results }: Measured) =>
    results.get(name)?.frontrowTimes;

const times = { bound: 'at least', unit: 'times', digits: 2 } as const;

/**
 * The targets in one run, with the generator on the same two cores. 80 µs of Redis' CPU was the figure from which they
 * were set.
 */
const TARGETS: readonly Target[] = [
  { figure: 'durable bookings/s against sync-lua', ...times, value: 1.8, read: fastAs('sync-lua') },
  { figure: 'durable bookings/s against lock-and-insert', ...times, value: 15, read: fastAs('lock-and-insert') },
  { figure: 'durable bookings/s against job-per-request', ...times, value: 4, read: fastAs('job-per-request') },
  { figure: 'accepted/s against express-noop', ...times, value: 0.75, read: fastAs('express-noop') },
  {
    figure: 'CPU of a durable booking against express-noop',
    ...times,
    bound: 'at most',
    value: 1.6,
    read: ({ results }) => results.get('express-noop')?.frontrowCpuTimes,
  },
  {
    figure: "Redis' CPU of a ticket",
    bound: 'at most',
    value: 0.6 * 80,
    unit: 'µs',
    read: ({ results }) => results.get('frontrow')?.cpuMicrosByProcess.redis,
  },
  {
    figure: "Redis' log of a ticket",
    bound: 'at most',
    value: 400,
    unit: 'bytes',
    read: ({ ticket }) => ticket && logBytesOf(ticket),
  },
  {
    figure: "Redis' memory of a ticket",
    bound: 'at most',
    value: 450,
    unit: 'bytes',
    read: ({ ticket }) => ticket?.memory,
  },
  {
    figure: 'time to outcome at half of full load, p99',
    bound: 'at most',
    value: 60,
    unit: 'ms',
    digits: 1,
    read: ({ alone }) => alone?.halfLoad.outcomeP99Ms,
  },
  {
    figure: 'time to outcome of one client alone, p50',
    bound: 'at most',
    value: 4,
    unit: 'ms',
    digits: 1,
    read: ({ alone }) => alone?.oneClient.outcomeP50Ms,
  },
];

/** A target with its measured value. null where that part of the bench did not run. */
export type TargetResult = { figure: string; target: string; measured: number | null; held: boolean | null };

/** Compares a bench with the targets. */
export const targetsOf = (measured: Measured): TargetResult[] =>
  TARGETS.map(({ figure, bound, value, unit, read }) => {
    const reached = read(measured) ?? null;
    const held = reached === null ? null : bound === 'at least' ? reached >= value : reached <= value;
    return { figure, target: `${bound} ${value} ${unit}`, measured: reached, held };
  });

const resultOf = (held: boolean | null): string => (held === null ? 'not measured' : held ? 'held' : 'missed');

/** The targets as a Markdown table. */
export const targetTable = (targets: readonly TargetResult[]): string =>
  markdownTable(
    ['target', 'value', 'measured', 'result'],
    targets.map(({ figure, target, measured, held }, i) => [
      figure,
      target,
      measured?.toFixed(TARGETS[i]?.digits ?? 0) ?? '-',
      resultOf(held),
    ]),
  );
