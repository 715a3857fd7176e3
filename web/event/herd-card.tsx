import { useEffect, useState } from 'preact/hooks';
import type { HerdView } from '../../shared/contract/herd.ts';
import { formatNumber } from '../format.ts';
import { frontrow } from '../frontrow.ts';
import { isRefused } from '../refused.ts';
import { storedAdminToken } from '../stored-values.ts';

/** Milliseconds between two polls of a herd that runs. */
const POLL_MS = 400;

const problemOf = (fault: unknown): string => (isRefused(fault) ? fault.message : 'The server cannot be reached.');

const isUnderWay = ({ status }: HerdView) => status === 'running' || status === 'checking';

/** Reads the herd, or starts one. @throws FrontrowError */
const callHerd = async (method: 'GET' | 'POST'): Promise<HerdView> =>
  (await frontrow.attempt<HerdView>(method, '/admin/herd', { token: storedAdminToken().read() ?? null })).body;

/**
 * Starts a herd and shows its progress. Hidden where the server offers none (on external servers) or where it refuses
 * this visitor: the herd needs the admin token, which is in the address that `npm start` prints.
 */
export function HerdCard() {
  const [herd, setHerd] = useState<HerdView>();
  const [problem, setProblem] = useState<string>();
  const isRunning = herd !== undefined && isUnderWay(herd);

  useEffect(() => {
    if (storedAdminToken().read() !== undefined) callHerd('GET').then(setHerd, () => undefined);
  }, []);
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => void show('GET'), POLL_MS);
    return () => clearInterval(timer);
  }, [isRunning]);

  async function show(method: 'GET' | 'POST'): Promise<void> {
    try {
      setHerd(await callHerd(method));
      setProblem(undefined);
    } catch (fault) {
      setProblem(problemOf(fault));
    }
  }

  const start = () => {
    if (!isRunning) void show('POST');
  };
  if (herd === undefined) return null;
  return (
    <section class="card" aria-labelledby="herd">
      <h2 id="herd">Try it with a herd</h2>
      <p class="hint">
        {formatNumber(herd.buyers)} programs book this event’s seats at the same time. Afterwards every answer is
        compared with the database.
      </p>
      {herd.status !== 'none' && <Figures herd={herd} />}
      <p role="status">{statusText(herd)}</p>
      {herd.status === 'done' && <Verdict herd={herd} />}
      {problem !== undefined && (
        <p class="notice" role="alert">
          {problem}
        </p>
      )}
      <button type="button" class="action second" aria-disabled={isRunning} onClick={start}>
        {isRunning ? 'Under way …' : `Send ${formatNumber(herd.buyers)} buyers`}
      </button>
    </section>
  );
}

function Figures({ herd }: { herd: HerdView }) {
  const { status, buyers, answered, accepted, settled } = herd;
  return (
    <>
      <label>
        <span class="label">Answered {formatNumber(answered)}</span>
        <progress value={answered} max={buyers} />
      </label>
      <label>
        <span class="label">Settled {formatNumber(settled)}</span>
        <progress value={settled} max={buyers} />
      </label>
      {status === 'running' && <p>{formatNumber(accepted - settled)} wait in the queue.</p>}
    </>
  );
}

/**
 * A screen reader reads it when it changes: only with the status. The element exists before, or its first text would
 * be missed.
 */
function statusText({ status, booked = 0, seconds = 0 }: HerdView): string {
  if (status === 'none') return '';
  if (status === 'running') return 'The buyers are sending requests.';
  if (status === 'checking') return 'All tickets are settled. Comparing every answer with the database …';
  if (status === 'failed') return 'The herd failed. Its log has the reason.';
  return `${formatNumber(booked)} bookings in ${seconds.toFixed(1)} seconds.`;
}

function Verdict({
  herd: { soldTwice = 0, withoutOutcome = 0, notAsTold = 0, differences = 0, refused = {} },
}: {
  herd: HerdView;
}) {
  const rows: [string, number][] = [
    ['Sold twice', soldTwice],
    ['Lost', withoutOutcome],
    ['Answer differs', notAsTold],
    ['Database and Redis differ', differences],
  ];
  const reasons = Object.entries(refused).map(
    ([code, count]) => `${code.replaceAll('_', ' ').toLowerCase()} ${formatNumber(count)}`,
  );
  return (
    <>
      <table class="verdict">
        <tbody>
          {rows.map(([name, count]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{formatNumber(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {reasons.length > 0 && <p class="hint">Refused: {reasons.join(', ')}</p>}
    </>
  );
}
