import { useEffect, useRef, useState } from 'preact/hooks';
import { MAX_WORKERS } from '../../shared/contract/limits.ts';
import type { LoggedFault, Overview } from '../../shared/contract/overview.ts';
import type { WorkersView } from '../../shared/contract/workers.ts';
import { Masthead } from '../masthead.tsx';
import { timeOf } from '../times.ts';
import { Chart } from './chart.tsx';
import { Events } from './events.tsx';
import { createOperation, type Operation, type Operator, type Point } from './operation.ts';
import './style.css';
import { Acts } from './acts.tsx';
import { etaInWords, inWords, meanOf, outcomesOf, problemsOf, secondsInWords } from './words.ts';

type Ask = Operator['ask'];

/** `/admin`: how everything stands, live, and the handles that an operator needs in a hurry. */
export function OperatorPage() {
  const [operation, setOperation] = useState<Operation>({ phase: 'connecting', lost: false, history: [] });
  const operator = useRef<Operator>(undefined);
  useEffect(() => {
    const opened = createOperation(setOperation);
    operator.current = opened;
    return opened.stop;
  }, []);
  const { phase, refusal, now, history, lost, failure, acts } = operation;
  const ask: Ask = async (...what) => operator.current?.ask(...what);
  return (
    <>
      <Masthead where="Operator" />
      <main class={phase}>
        {phase === 'live' && now !== undefined ? (
          <>
            <Verdict now={now} history={history} lost={lost} />
            {failure !== undefined && (
              <p class="notice" role="alert">
                <strong>That was not done.</strong> {failure}
              </p>
            )}
            <Queue now={now} history={history} openBoard={() => void operator.current?.openBoard()} />
            <div class="halves">
              <Workers workers={now.workers} ask={ask} />
              <Outcomes history={history} />
            </div>
            <Events events={now.events} ask={ask} />
            <Acts acts={acts} />
            <ServerSettings settings={now.serverSettings} />
            <Faults faults={now.faults} process={now.process} />
          </>
        ) : (
          <Door phase={phase} refusal={refusal} enter={(token) => operator.current?.enter(token)} />
        )}
      </main>
    </>
  );
}

function Door(props: { phase: Operation['phase']; refusal: string | undefined; enter: (token: string) => void }) {
  const { phase, refusal, enter } = props;
  const [token, setToken] = useState('');
  useEffect(() => {
    document.title = 'Operator · Frontrow';
  }, []);
  const submit = (e: SubmitEvent) => {
    e.preventDefault();
    if (token !== '') enter(token);
  };
  return (
    <>
      <h1>{phase === 'connecting' ? 'Connecting' : 'For operators'}</h1>
      {refusal !== undefined && <p role="alert">{refusal}</p>}
      {phase === 'token' && (
        <form onSubmit={submit}>
          <label>
            <span class="label">Admin token</span>
            <input
              type="password"
              autoComplete="current-password"
              value={token}
              onInput={(e) => setToken(e.currentTarget.value)}
            />
          </label>
          <p class="soft">It is kept in this tab until you close it.</p>
          <button type="submit" class="action">
            Enter
          </button>
        </form>
      )}
    </>
  );
}

function Verdict({ now, history, lost }: { now: Overview; history: Point[]; lost: boolean }) {
  const problems = problemsOf(now, history);
  const headline = lost ? 'Out of touch' : problems.length === 0 ? 'All is well' : 'Not all is well';
  useEffect(() => {
    document.title = `${headline} · ${inWords(now.queue?.depth ?? 0)} waiting · Frontrow`;
  }, [headline, now.queue?.depth]);
  return (
    <header>
      {/* The list below counts seconds, which nobody wants read out. */}
      <div aria-live="polite">
        <h1 class={lost || problems.length > 0 ? 'bad' : 'good'}>{headline}</h1>
      </div>
      {lost && <p class="notice">The connection is lost: what you see is of {timeOf(now.atMs)}. Trying again.</p>}
      {problems.length > 0 && (
        <ul class="problems">
          {problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
    </header>
  );
}

const DEPTH = [{ name: 'Waiting', of: ({ queue }: Point) => queue.depth, color: '--accent' }] as const;
const RATES = [
  { name: 'Accepted', of: (point: Point) => point.acceptedPerSecond, color: '--second' },
  { name: 'Settled', of: (point: Point) => point.settledPerSecond, color: '--accent' },
] as const;

function Queue({ now: { queue }, history, openBoard }: { now: Overview; history: Point[]; openBoard: () => void }) {
  const perSecond = (name: Parameters<typeof meanOf>[1]) => `${inWords(meanOf(history, name))}/s`;
  const figures = [
    ['Tickets waiting', queue && inWords(queue.depth)],
    ['ETA of the newest', queue && etaInWords(queue.etaSeconds)],
    ['Accepted', queue && perSecond('acceptedPerSecond')],
    ['Settled', queue && perSecond('settledPerSecond')],
    ['Oldest job', queue && secondsInWords(queue.oldestSeconds)],
    ['Failed jobs', queue && inWords(queue.failed)],
  ] as const;
  return (
    <section>
      <div class="title">
        <h2>Queue</h2>
        <button type="button" class="quiet" onClick={openBoard}>
          Look into the queues
        </button>
      </div>
      <dl class="figures">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value ?? 'not known'}</dd>
          </div>
        ))}
      </dl>
      <div class="halves">
        <Chart title="Tickets waiting" lines={DEPTH} history={history} />
        <Chart title="Tickets a second" lines={RATES} history={history} />
      </div>
    </section>
  );
}

function Workers({ workers, ask }: { workers: WorkersView | undefined; ask: Ask }) {
  // Pressed twice before an overview shows it, it is two more.
  const [wanted, setWanted] = useState<number | 'auto'>();
  useEffect(() => setWanted(undefined), [workers]);
  if (workers === undefined) {
    return (
      <section>
        <h2>Workers</h2>
        <p>Not known: Redis does not answer.</p>
      </section>
    );
  }
  const { alive, desired, asked } = workers;
  const goal = wanted ?? asked;
  const base = goal === 'auto' ? (desired ?? alive) : goal;
  const change = (processes: number | 'auto') => {
    setWanted(processes);
    void ask('POST', '/admin/workers', { processes });
  };
  return (
    <section>
      <h2>Workers</h2>
      <dl class="figures">
        <div>
          <dt>Alive</dt>
          <dd>{alive}</dd>
        </div>
        <div>
          <dt>Desired</dt>
          <dd>{desired ?? 'not said'}</dd>
        </div>
      </dl>
      <p class="soft">
        {asked === 'auto'
          ? 'As many as the load needs.'
          : `An operator asked for ${asked}. The supervisor that runs follows.`}
      </p>
      <div class="buttons">
        <button
          type="button"
          class="step"
          aria-label="One worker fewer"
          disabled={base <= 1}
          onClick={() => change(base - 1)}
        >
          −
        </button>
        <button
          type="button"
          class="step"
          aria-label="One worker more"
          disabled={base >= MAX_WORKERS}
          onClick={() => change(base + 1)}
        >
          +
        </button>
        {asked !== 'auto' && (
          <button type="button" class="plain" onClick={() => change('auto')}>
            As the load needs
          </button>
        )}
      </div>
    </section>
  );
}

function Outcomes({ history }: { history: Point[] }) {
  const outcomes = outcomesOf(history, 60);
  return (
    <section>
      <h2>Outcomes</h2>
      {outcomes.length === 0 ? (
        <p class="soft">None yet.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Outcome</th>
              <th scope="col">Last minute</th>
              <th scope="col">Ever</th>
            </tr>
          </thead>
          <tbody>
            {outcomes.map(({ name, lately, ever }) => (
              <tr key={name}>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td>{inWords(lately)}</td>
                <td>{inWords(ever)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function ServerSettings({ settings }: { settings: Overview['serverSettings'] }) {
  if (settings === undefined || settings.length === 0) return null;
  return (
    <section>
      <h2>Server settings</h2>
      <p class="soft">
        These settings decide how much is lost when Redis or PostgreSQL fails. They are read once a minute.
      </p>
      <ul>
        {settings.map(({ setting, value, state, cost }) => (
          <li key={setting}>
            {setting}: {state === 'unknown' ? 'not known, this account may not read it' : value}
            {state === 'wrong' && <strong> {cost}</strong>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Faults({ faults, process }: { faults: LoggedFault[]; process: string }) {
  return (
    <section>
      <h2>Last faults</h2>
      <p class="soft">
        Warnings and errors of {process}, which answers you. Other API processes and the workers have theirs in their
        logs.
      </p>
      {faults.length === 0 ? (
        <p>None since it started.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users can scroll it
        <section class="scrolls" tabIndex={0} aria-label="Last faults">
          <table class="faults">
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Level</th>
                <th scope="col">What</th>
              </tr>
            </thead>
            <tbody>
              {faults.map(({ at, level, message, fault }, i) => (
                <tr key={`${at} ${faults.length - i}`}>
                  <td>{timeOf(Date.parse(at))}</td>
                  <td class={level}>{level}</td>
                  <td>
                    {message}
                    {fault !== undefined && <small>{fault}</small>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}
