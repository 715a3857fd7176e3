import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { timeOf } from '../../times.ts';
import { formatFigure } from '../text.ts';
import type { Point } from './history.ts';

type Line = { name: string; of: (point: Point) => number; color: '--accent' | '--second' };

const HEIGHT = 170;

/** Seconds between two rows of the table behind a chart. */
const ROW_SECONDS = 10;
const MAX_ROWS = 12;

/** Lines over the last minutes, and the same figures as a table for screen readers. */
export function Chart({ title, lines, history }: { title: string; lines: readonly Line[]; history: readonly Point[] }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);

  useEffect(() => {
    const { current } = place;
    if (current === null) return;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(lines, current), [[]], current);
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

  useEffect(() => {
    plot.current?.setData([history.map(({ atMs }) => atMs / 1000), ...lines.map(({ of }) => history.map(of))]);
  }, [history]);

  const rows = history.filter((_, i) => (history.length - 1 - i) % ROW_SECONDS === 0).slice(-MAX_ROWS);
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
                  <td key={name}>{formatFigure(of(point))}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

function optionsOf(lines: readonly Line[], place: HTMLElement): uPlot.Options {
  const style = getComputedStyle(place);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: color('--soft'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
  };
  return {
    width: place.clientWidth,
    height: HEIGHT,
    cursor: { show: false },
    legend: { show: false },
    scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [
      { ...axis, values: (_, ticks) => ticks.map((seconds) => timeOf(seconds * 1000)), space: 120, size: 30 },
      { ...axis, values: (_, ticks) => ticks.map(formatFigure), size: 56 },
    ],
    series: [
      {},
      ...lines.map((line) => ({ label: line.name, stroke: color(line.color), width: 2, points: { show: false } })),
    ],
  };
}
