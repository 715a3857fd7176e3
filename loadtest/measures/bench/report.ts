import type { Figures, ProcessName } from './figures.ts';

/** What is told of a contestant: its medians, and what is known only of all rounds together. */
export type Result = Figures & {
  /** Syncs of the WAL. null where there is no PostgreSQL. */
  walSyncsPerBooking: number | null;
  /** As many as all others, or what it can do in a round's time. */
  requestsPerRound: number;
  /** Frontrow's bookings a second over this one's in the same round (`ratioTo`), the median. null where Frontrow did not take part. */
  frontrowTimes: number | null;
};

/** What is measured of Frontrow alone. Milliseconds. */
export type Alone = { halfLoad: { perSecond: number; outcomeP99Ms: number }; oneClient: { outcomeP50Ms: number } };

/**
 * How many times as fast Frontrow is: its durable bookings against bookings, durable or not; against one that only accepts, what it
 * accepts.
 */
export function ratioTo(other: Figures, frontrow: Figures): number {
  if (other.outcomeP50Ms === null) return frontrow.acceptedPerSecond / other.acceptedPerSecond;
  return (frontrow.durablePerSecond ?? Number.NaN) / (other.durablePerSecond ?? other.acceptedPerSecond);
}

type Row = [label: string, figure: (result: Result) => number | null, digits: number];

const cpuRow = (label: string, name: ProcessName | 'generator'): Row => [
  label,
  ({ cpuMicrosByProcess }) => cpuMicrosByProcess[name],
  0,
];

const ROWS: readonly Row[] = [
  ['accepted/s', (result) => result.acceptedPerSecond, 0],
  ['durable bookings/s', (result) => result.durablePerSecond, 0],
  ['frontrow is ... times as fast', (result) => result.frontrowTimes, 2],
  ['time to accept, p50 ms', (result) => result.acceptP50Ms, 1],
  ['time to accept, p99 ms', (result) => result.acceptP99Ms, 1],
  ['time to outcome, p50 ms', (result) => result.outcomeP50Ms, 1],
  ['time to outcome, p99 ms', (result) => result.outcomeP99Ms, 1],
  ['CPU µs a booking', (result) => result.cpuMicrosPerBooking, 0],
  cpuRow('- API', 'api'),
  cpuRow('- workers', 'workers'),
  cpuRow('- Redis', 'redis'),
  cpuRow('- PostgreSQL', 'postgres'),
  cpuRow('generator µs, not in the sum', 'generator'),
  ['Redis commands a booking', (result) => result.redisCommandsPerBooking, 1],
  ['WAL bytes a booking', (result) => result.walBytesPerBooking, 0],
  ['WAL fsyncs a booking', (result) => result.walSyncsPerBooking, 3],
  ['requests a round', (result) => result.requestsPerRound, 0],
];

/** The results as a Markdown table, a column for each contestant. */
export function tableOf(results: ReadonlyMap<string, Result>): string {
  const cells = [
    ['median of all rounds', ...results.keys()],
    ...ROWS.map(([label, figure, digits]) => [
      label,
      ...[...results.values()].map((result) => figure(result)?.toFixed(digits) ?? '-'),
    ]),
  ];
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]) =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  const [head = [], ...rows] = cells;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** The lines under the table. */
export const aloneOf = ({ halfLoad, oneClient }: Alone): string =>
  `frontrow at half of full load (${halfLoad.perSecond.toFixed(0)} requests/s): time to outcome p99 ${halfLoad.outcomeP99Ms.toFixed(1)} ms\n` +
  `frontrow, one client alone: time to outcome p50 ${oneClient.outcomeP50Ms.toFixed(1)} ms`;
