import { escaped, svgRect, svgText } from '../../kit/plot.ts';
import { markdownTable } from '../../kit/report.ts';
import { type Figures, PROCESSES, type ProcessName } from './figures.ts';

/** The result of a contestant: its medians, and the figures of all rounds together. */
export type Result = Figures & {
  /** Syncs of the WAL. null where there is no PostgreSQL. */
  walSyncsPerBooking: number | null;
  /** The requests of a round: fewer for a slow contestant. */
  requestsPerRound: number;
  /** How many times as fast Frontrow was (`ratioTo`), the median of the rounds. null without Frontrow. */
  frontrowTimes: number | null;
  /** How many times as much CPU a booking of Frontrow takes, the median of the rounds. null without Frontrow. */
  frontrowCpuTimes: number | null;
};

/** Figures of Frontrow below full load. Milliseconds. */
export type Alone = { halfLoad: { perSecond: number; outcomeP99Ms: number }; oneClient: { outcomeP50Ms: number } };

/** How many times as much CPU a booking of Frontrow takes in one round. */
export const cpuRatioTo = (other: Figures, frontrow: Figures): number =>
  frontrow.cpuMicrosPerBooking / other.cpuMicrosPerBooking;

/**
 * How many times as fast Frontrow is in one round: its durable bookings compared with the other's bookings, durable or
 * not; or its accepted requests, compared with a contestant that only accepts.
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
  ['frontrow takes ... times as much CPU', (result) => result.frontrowCpuTimes, 2],
  cpuRow('generator µs, not in the sum', 'generator'),
  ['Redis commands a booking', (result) => result.redisCommandsPerBooking, 1],
  ['WAL bytes a booking', (result) => result.walBytesPerBooking, 0],
  ['WAL fsyncs a booking', (result) => result.walSyncsPerBooking, 3],
  ['requests a round', (result) => result.requestsPerRound, 0],
];

/** The results as a Markdown table, a column for each contestant. */
export const tableOf = (results: ReadonlyMap<string, Result>): string =>
  markdownTable(
    ['median of all rounds', ...results.keys()],
    ROWS.map(([label, figure, digits]) => [
      label,
      ...[...results.values()].map((result) => figure(result)?.toFixed(digits) ?? '-'),
    ]),
  );

/** The lines below the table. */
export const aloneOf = ({ halfLoad, oneClient }: Alone): string =>
  `frontrow at half of full load (${halfLoad.perSecond.toFixed(0)} requests/s): ` +
  `time to outcome p99 ${halfLoad.outcomeP99Ms.toFixed(1)} ms\n` +
  `frontrow, one client alone: time to outcome p50 ${oneClient.outcomeP50Ms.toFixed(1)} ms`;

const WIDTH = 900;
const LEFT = 150;
const RIGHT = 90;
const BAR = 16;
const HEAD = 64;
const GAP = 10;

const COLOURS = { accepted: '#9db8d2', durable: '#1f5f99' };
const CPU_COLOURS = { api: '#1f5f99', workers: '#d98c1f', redis: '#b5403a', postgres: '#4d7f53' };

/** A bar: its segments one after the other, and the words at its end. */
type Bar = { segments: { value: number; colour: string }[]; end: string };

type Panel = { title: string; legend: [name: string, colour: string][]; groups: [name: string, bars: Bar[]][] };

/** Draws a panel from `top` on. Returns its end too. */
function drawPanel({ title, legend, groups }: Panel, top: number): { svg: string; bottom: number } {
  const total = ({ segments }: Bar) => segments.reduce((sum, { value }) => sum + value, 0);
  const max = Math.max(1, ...groups.flatMap(([, bars]) => bars.map(total)));
  const scale = (WIDTH - LEFT - RIGHT) / max;
  const parts = [svgText(16, top + 22, title, 'font-size="17" font-weight="600"')];
  legend.forEach(([name, colour], i) => {
    parts.push(svgRect(LEFT + i * 110, top + 36, 12, 12, colour), svgText(LEFT + 18 + i * 110, top + 46, name));
  });
  let y = top + HEAD;
  for (const [name, bars] of groups) {
    parts.push(svgText(LEFT - 10, y + (bars.length * BAR) / 2 + 5, name, 'text-anchor="end"'));
    for (const bar of bars) {
      let x = LEFT;
      for (const { value, colour } of bar.segments) {
        parts.push(svgRect(x, y, value * scale, BAR - 2, colour));
        x += value * scale;
      }
      parts.push(svgText(x + 6, y + BAR - 4, bar.end));
      y += BAR;
    }
    y += GAP;
  }
  return { svg: parts.join('\n'), bottom: y + GAP };
}

function speedPanel(results: ReadonlyMap<string, Result>): Panel {
  const bar = (value: number, colour: string): Bar => ({ segments: [{ value, colour }], end: value.toFixed(0) });
  return {
    title: 'Requests accepted and bookings saved in a second',
    legend: [
      ['accepted', COLOURS.accepted],
      ['saved', COLOURS.durable],
    ],
    groups: [...results].map(([name, { acceptedPerSecond, durablePerSecond }]) => {
      const saved = durablePerSecond === null ? [] : [bar(durablePerSecond, COLOURS.durable)];
      return [name, [bar(acceptedPerSecond, COLOURS.accepted), ...saved]];
    }),
  };
}

const cpuPanel = (results: ReadonlyMap<string, Result>): Panel => ({
  title: 'CPU for each booking, µs',
  legend: PROCESSES.map((name) => [name, CPU_COLOURS[name]]),
  groups: [...results].map(([name, { cpuMicrosByProcess, cpuMicrosPerBooking }]) => {
    const segments = PROCESSES.map((part) => ({ value: cpuMicrosByProcess[part] ?? 0, colour: CPU_COLOURS[part] }));
    return [name, [{ segments, end: cpuMicrosPerBooking.toFixed(0) }]];
  }),
});

/** The results in one sentence each, for readers who do not see the picture. */
const descriptionOf = (results: ReadonlyMap<string, Result>): string =>
  [...results]
    .map(([name, { acceptedPerSecond, durablePerSecond, cpuMicrosPerBooking }]) => {
      const saved = durablePerSecond === null ? 'none' : durablePerSecond.toFixed(0);
      const speed = `${acceptedPerSecond.toFixed(0)} accepted and ${saved} saved a second`;
      return `${name}: ${speed}, ${cpuMicrosPerBooking.toFixed(0)} µs of CPU for each.`;
    })
    .join(' ');

/** The results as an SVG: requests a second, and CPU by process. */
export function pictureOf(results: ReadonlyMap<string, Result>, machine: string): string {
  const speed = drawPanel(speedPanel(results), 0);
  const cpu = drawPanel(cpuPanel(results), speed.bottom);
  const height = cpu.bottom + 20;
  const size = `viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`;
  const font = 'font-family="system-ui, sans-serif" font-size="13" fill="#1c2733"';
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-labelledby="title description" ${font}>
<title id="title">Frontrow's bench</title>
<desc id="description">${escaped(descriptionOf(results))}</desc>
${svgRect(0, 0, WIDTH, height, '#ffffff')}
${speed.svg}
${cpu.svg}
${svgText(16, height - 10, machine, 'font-size="11"')}
</svg>
`;
}
