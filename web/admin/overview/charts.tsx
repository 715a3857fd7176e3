import { useMemo, useState } from 'preact/hooks';
import type { LoadHistory } from '../../../shared/contract/overview.ts';
import { storedValue } from '../../storage.ts';
import type { Operator } from '../operator-client.ts';
import { useRead } from '../use-read.ts';
import { Chart, type Line } from './chart.tsx';
import type { Point } from './history.ts';
import { RANGES, seriesOf } from './series.ts';

/** Milliseconds between two reads of what the server keeps: well within what this page itself remembers. */
const READ_MS = 300_000;

/** The minutes that this tab showed last. */
const storedMinutes = () => storedValue<number>('chart-minutes', 'sessionStorage');

const DEPTH: readonly Line[] = [{ name: 'Waiting', of: 'depth', color: '--accent' }];
const RATES: readonly Line[] = [
  { name: 'Accepted', of: 'acceptedPerSecond', color: '--second' },
  { name: 'Settled', of: 'settledPerSecond', color: '--accent' },
];

/** The load of the last hours, as the API has recorded it, and then live. */
export function Charts({ operator, seen }: { operator: Operator; seen: readonly Point[] }) {
  const [minutes, setMinutes] = useState(() => storedMinutes().read() ?? 60);
  const range = RANGES.find((one) => one.minutes === minutes) ?? RANGES[1];
  const { answer } = useRead<LoadHistory>(operator, `/admin/history?minutes=${range.minutes}`, READ_MS);
  const points = useMemo(() => seriesOf(answer?.points ?? [], seen, range), [answer, seen, range]);
  const choose = (chosen: number) => {
    storedMinutes().write(chosen);
    setMinutes(chosen);
  };
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset would need a visible legend */}
      <div class="ranges" role="group" aria-label="Time that the charts show">
        {RANGES.map((one) => (
          <button key={one.minutes} type="button" aria-pressed={one === range} onClick={() => choose(one.minutes)}>
            {one.name}
          </button>
        ))}
      </div>
      <div class="halves">
        <Chart title="Tickets waiting" unit="" lines={DEPTH} points={points} minutes={range.minutes} />
        <Chart title="Tickets a second" unit="/s" lines={RATES} points={points} minutes={range.minutes} />
      </div>
    </>
  );
}
