import { useEffect, useState } from 'preact/hooks';
import type { HerdView } from '../../shared/contract/herd.ts';
import { adminToken } from '../admin-token.ts';
import { type Problem, Refused } from '../answers.ts';
import { numberInWords } from '../words.ts';

/** Milliseconds between two looks at a herd that runs. */
const LOOK_MS = 400;

const problemOf = (fault: unknown): string =>
  fault instanceof Refused ? fault.message : 'The server is out of reach.';

const isUnderWay = ({ status }: HerdView) => status === 'running' || status === 'checking';

/** @throws Refused where the answer is a refusal; another error where there is none */
async function ask(method: 'GET' | 'POST'): Promise<HerdView> {
  const token = adminToken.read();
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch('/admin/herd', { method, headers });
  const answer = (await response.json()) as HerdView & Problem;
  if (!response.ok) throw new Refused(response, answer);
  return answer;
}

/**
 * Sends a herd and shows its progress. Hidden where the server offers none (on external servers) or not to this
 * visitor: it needs the admin token, which comes with the address that `npm start` prints.
 */
export function HerdCard() {
  const [herd, setHerd] = useState<HerdView>();
  const [problem, setProblem] = useState<string>();
  const isRunning = herd !== undefined && isUnderWay(herd);

  useEffect(() => {
    ask('GET').then(setHerd, () => undefined);
  }, []);
  useEffect(() => {
    if (!isRunning) return;
    const look = () =>
      ask('GET').then(
        (view) => {
          setHerd(view);
          setProblem(undefined);
        },
        (fault) => setProblem(problemOf(fault)),
      );
    const timer = setInterval(() => void look(), LOOK_MS);
    return () => clearInterval(timer);
  }, [isRunning]);

  async function send(): Promise<void> {
    if (isRunning) return;
    try {
      setHerd(await ask('POST'));
      setProblem(undefined);
    } catch (fault) {
      setProblem(problemOf(fault));
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
      <p role="status">{wordsOf(herd)}</p>
      {herd.status === 'done' && <Verdict herd={herd} />}
      {problem !== undefined && (
        <p class="notice" role="alert">
          {problem}
        </p>
      )}
      <button type="button" class="action second" aria-disabled={isRunning} onClick={() => void send()}>
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
      {status === 'running' && <p>{numberInWords(accepted - settled)} wait in the queue.</p>}
    </>
  );
}

/** Read out when it changes: with the status, and no more often. It is there before it says anything, or nobody would hear the first. */
function wordsOf({ status, booked = 0, seconds = 0 }: HerdView): string {
  if (status === 'none') return '';
  if (status === 'running') return 'They are on their way.';
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
