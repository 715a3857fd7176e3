import { useEffect, useState } from 'preact/hooks';
import type { HerdView } from '../../shared/contract/herd.ts';
import { get } from './live.ts';
import { numberInWords } from './words.ts';

/** Milliseconds between two looks at a herd that runs. */
const LOOK_MS = 400;

const isUnderWay = ({ status }: HerdView) => status === 'running' || status === 'checking';

/** Sends a herd and shows how it fares. Not there where the server offers none: on any but embedded servers. */
export function HerdCard() {
  const [herd, setHerd] = useState<HerdView>();
  const [isLost, setLost] = useState(false);
  const isRunning = herd !== undefined && isUnderWay(herd);

  useEffect(() => {
    get<HerdView>('/admin/herd').then(setHerd, () => undefined);
  }, []);
  useEffect(() => {
    if (!isRunning) return;
    const look = () =>
      get<HerdView>('/admin/herd').then(
        (view) => {
          setHerd(view);
          setLost(false);
        },
        () => setLost(true),
      );
    const timer = setInterval(() => void look(), LOOK_MS);
    return () => clearInterval(timer);
  }, [isRunning]);

  async function send(): Promise<void> {
    try {
      const response = await fetch('/admin/herd', { method: 'POST' });
      if (!response.ok) throw new Error(response.statusText);
      setHerd(await response.json());
    } catch {
      setLost(true);
    }
  }

  if (herd === undefined) return null;
  return (
    <section class="card" aria-labelledby="herd">
      <h2 id="herd">Try it with a herd</h2>
      <p class="hint">
        {numberInWords(herd.buyers)} programs buy at once, at this very house. Watch it fill; afterwards every answer is
        held against the database.
      </p>
      {herd.status !== 'none' && <Figures herd={herd} />}
      {isLost && (
        <p class="notice" role="alert">
          The server is out of reach.
        </p>
      )}
      <button type="button" class="action second" disabled={isRunning} onClick={() => void send()}>
        {isRunning ? 'Under way …' : `Send ${numberInWords(herd.buyers)} buyers`}
      </button>
    </section>
  );
}

function Figures({ herd }: { herd: HerdView }) {
  const { status, buyers, answered, accepted, settled } = herd;
  return (
    <>
      <label>
        <span class="label">Asked {numberInWords(answered)}</span>
        <progress value={answered} max={buyers} />
      </label>
      <label>
        <span class="label">Decided {numberInWords(settled)}</span>
        <progress value={settled} max={buyers} />
      </label>
      <p role="status">{wordsOf(herd, accepted - settled)}</p>
      {status === 'done' && <Verdict herd={herd} />}
    </>
  );
}

function wordsOf({ status, booked = 0, seconds = 0, accepted }: HerdView, waiting: number): string {
  if (status === 'running' && accepted === 0) return 'They are on their way.';
  if (status === 'running') return `${numberInWords(waiting)} wait in the queue.`;
  if (status === 'checking') return 'All are decided. Holding every answer against the database …';
  if (status === 'failed') return 'The herd broke off. Its log tells why.';
  return `${numberInWords(booked)} bookings in ${seconds.toFixed(1)} seconds.`;
}

function Verdict({
  herd: { soldTwice = 0, withoutOutcome = 0, notAsTold = 0, differences = 0, refused = {} },
}: {
  herd: HerdView;
}) {
  const rows: [string, number][] = [
    ['Sold twice', soldTwice],
    ['Lost', withoutOutcome],
    ['Not as told', notAsTold],
    ['Database and Redis differ', differences],
  ];
  const reasons = Object.entries(refused).map(
    ([code, count]) => `${code.replaceAll('_', ' ').toLowerCase()} ${numberInWords(count)}`,
  );
  return (
    <>
      <table class="verdict">
        <tbody>
          {rows.map(([what, count]) => (
            <tr key={what}>
              <th scope="row">{what}</th>
              <td>{numberInWords(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {reasons.length > 0 && <p class="hint">Refused: {reasons.join(', ')}</p>}
    </>
  );
}
