import { PROCESSES } from './figures.ts';
import type { Result } from './report.ts';

const WIDTH = 900;
const LEFT = 150;
const RIGHT = 90;
const BAR = 16;
const HEAD = 64;
const TEXT = '#1c2733';

const COLOURS = { accepted: '#9db8d2', durable: '#1f5f99' };
const CPU_COLOURS = { api: '#1f5f99', workers: '#d98c1f', redis: '#b5403a', postgres: '#4d7f53' };

type Segment = { value: number; colour: string };

/** A bar: its segments one after the other, and the words at its end. */
type Bar = { segments: Segment[]; end: string };

type Panel = { title: string; legend: [name: string, colour: string][]; groups: [name: string, bars: Bar[]][] };

const text = (x: number, y: number, words: string, more = '') => `<text x="${x}" y="${y}" ${more}>${words}</text>`;
const rect = (x: number, y: number, width: number, height: number, colour: string) =>
  `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${height}" fill="${colour}"/>`;

/** A panel from `top` on, and where it ends. */
function drawPanel({ title, legend, groups }: Panel, top: number): { svg: string; bottom: number } {
  const total = ({ segments }: Bar) => segments.reduce((sum, { value }) => sum + value, 0);
  const most = Math.max(1, ...groups.flatMap(([, bars]) => bars.map(total)));
  const scale = (WIDTH - LEFT - RIGHT) / most;
  const parts = [text(16, top + 22, title, 'font-size="17" font-weight="600"')];
  legend.forEach(([name, colour], i) => {
    parts.push(rect(LEFT + i * 110, top + 36, 12, 12, colour), text(LEFT + 18 + i * 110, top + 46, name));
  });
  let y = top + HEAD;
  for (const [name, bars] of groups) {
    parts.push(text(LEFT - 10, y + (bars.length * BAR) / 2 + 5, name, 'text-anchor="end"'));
    for (const bar of bars) {
      let x = LEFT;
      for (const { value, colour } of bar.segments) {
        parts.push(rect(x, y, value * scale, BAR - 2, colour));
        x += value * scale;
      }
      parts.push(text(Math.round(x) + 6, y + BAR - 4, bar.end));
      y += BAR;
    }
    y += 10;
  }
  return { svg: parts.join('\n'), bottom: y + 10 };
}

/** The results as an SVG: requests a second, and CPU by process. */
export function pictureOf(results: ReadonlyMap<string, Result>, machine: string): string {
  const bar = (value: number, colour: string): Bar => ({ segments: [{ value, colour }], end: value.toFixed(0) });
  const speed = drawPanel(
    {
      title: 'Requests accepted and bookings saved in a second',
      legend: [
        ['accepted', COLOURS.accepted],
        ['saved', COLOURS.durable],
      ],
      groups: [...results].map(([name, { acceptedPerSecond, durablePerSecond }]) => [
        name,
        [
          bar(acceptedPerSecond, COLOURS.accepted),
          ...(durablePerSecond === null ? [] : [bar(durablePerSecond, COLOURS.durable)]),
        ],
      ]),
    },
    0,
  );
  const cpu = drawPanel(
    {
      title: 'CPU for each booking, µs',
      legend: PROCESSES.map((name) => [name, CPU_COLOURS[name]]),
      groups: [...results].map(([name, { cpuMicrosByProcess, cpuMicrosPerBooking }]) => {
        const segments = PROCESSES.map((part) => ({ value: cpuMicrosByProcess[part] ?? 0, colour: CPU_COLOURS[part] }));
        return [name, [{ segments, end: cpuMicrosPerBooking.toFixed(0) }]];
      }),
    },
    speed.bottom,
  );
  const height = cpu.bottom + 20;
  const described = [...results]
    .map(([name, { acceptedPerSecond, durablePerSecond, cpuMicrosPerBooking }]) => {
      const saved = durablePerSecond === null ? 'none' : durablePerSecond.toFixed(0);
      return `${name}: ${acceptedPerSecond.toFixed(0)} accepted and ${saved} saved a second, ${cpuMicrosPerBooking.toFixed(0)} µs of CPU for each.`;
    })
    .join(' ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description" font-family="system-ui, sans-serif" font-size="13" fill="${TEXT}">
<title id="title">Frontrow's bench</title>
<desc id="description">${described}</desc>
${rect(0, 0, WIDTH, height, '#ffffff')}
${speed.svg}
${cpu.svg}
${text(16, height - 10, machine, 'font-size="11"')}
</svg>
`;
}
