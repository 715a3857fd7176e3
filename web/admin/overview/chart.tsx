import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { timeOf } from '../../times.ts';
import { clockText, formatFigure } from '../text.ts';
import type { Plotted } from './series.ts';
import { timeTicks, valueTicks } from './ticks.ts';

export type Line = {
  name: string;
  of: 'depth' | 'acceptedPerSecond' | 'settledPerSecond';
  color: '--accent' | '--second';
};

type ChartProps = {
  title: string;
  /** Follows each value of the axis: `/s`. */
  unit: string;
  lines: readonly Line[];
  points: readonly Plotted[];
  /** How much of the time before the newest point is shown. */
  minutes: number;
};

const HEIGHT = 170;

/** Rows of the table behind a chart. */
const ROWS = 12;

/** Lines over the last minutes or hours, and the same figures as a table for screen readers. */
export function Chart({ title, unit, lines, points, minutes }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const shown = useRef({ points, minutes });
  shown.current = { points, minutes };

  useEffect(() => {
    const { current } = place;
    if (current === null) return;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(
        optionsOf(lines, unit, current, () => shown.current),
        dataOf(lines, points),
        current,
      );
    };
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: current.clientWidth, height: HEIGHT }));
    const dark = matchMedia('(prefers-color-scheme: dark)');
    draw();
    resized.observe(current);
    dark.addEventListener('change', draw);
    return () => {
      resized.disconnect();
      dark.removeEventListener('change', draw);
      plot.current?.destroy();
    };
  }, []);

  useEffect(() => plot.current?.setData(dataOf(lines, points)), [points]);

  return (
    <figure>
      <figcaption>
        <h3>{title}</h3>
        {lines.length > 1 &&
          lines.map(({ name, color }) => (
            <span class="swatch" key={name}>
              <i style={{ background: `var(${color})` }} />
              {name}
            </span>
          ))}
      </figcaption>
      <div class="plot" ref={place} aria-hidden="true" />
      <details>
        <summary>{title} as a table</summary>
        <Table lines={lines} points={points} />
      </details>
    </figure>
  );
}

function Table({ lines, points }: Pick<ChartProps, 'lines' | 'points'>) {
  const whole = points.filter(({ depth }) => depth !== null);
  const every = Math.max(1, Math.floor(whole.length / ROWS));
  const rows = whole.filter((_, i) => (whole.length - 1 - i) % every === 0).slice(-ROWS);
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Time</th>
          {lines.map(({ name }) => (
            <th scope="col" key={name}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.toReversed().map((point) => (
          <tr key={point.atMs}>
            <th scope="row">{timeOf(point.atMs)}</th>
            {lines.map(({ name, of }) => (
              <td key={name}>{point[of] === null ? '–' : formatFigure(point[of])}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const dataOf = (lines: readonly Line[], points: readonly Plotted[]): uPlot.AlignedData => [
  points.map(({ atMs }) => atMs / 1000),
  ...lines.map(({ of }) => points.map((point) => point[of])),
];

/** Pixels of an axis of values: the widest digit of its font is 7 wide. */
const axisSize = (values: readonly string[] | null): number =>
  18 + 7 * Math.max(1, ...(values ?? []).map(({ length }) => length));

function optionsOf(
  lines: readonly Line[],
  unit: string,
  place: HTMLElement,
  shown: () => { points: readonly Plotted[]; minutes: number },
): uPlot.Options {
  const style = getComputedStyle(place);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: color('--soft'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
  };
  const times = (): [number, number] => {
    const { points, minutes } = shown();
    const end = (points.at(-1)?.atMs ?? Date.now()) / 1000;
    return [end - 60 * minutes, end];
  };
  const aheadSeconds = -60 * new Date().getTimezoneOffset();
  const top = (max: number | null) => valueTicks(max ?? 0).at(-1) ?? 1;
  return {
    width: place.clientWidth,
    height: HEIGHT,
    padding: [8, 12, 0, 0],
    cursor: { show: false },
    legend: { show: false },
    scales: { x: { range: times }, y: { range: (_, __, max) => [0, top(max)] } },
    axes: [
      {
        ...axis,
        splits: ({ width }, _, from, to) => timeTicks(from, to, width, aheadSeconds),
        values: (_, ticks) => ticks.map((seconds) => clockText(seconds * 1000)),
        size: 28,
      },
      {
        ...axis,
        splits: (_, __, ___, max) => valueTicks(max),
        values: (_, ticks) => ticks.map((value) => formatFigure(value) + (value === 0 ? '' : unit)),
        size: (_, values) => axisSize(values),
      },
    ],
    series: [
      {},
      ...lines.map((line) => ({ label: line.name, stroke: color(line.color), width: 2, points: { show: false } })),
    ],
  };
}
