import { useEffect, useRef, useState } from 'preact/hooks';
import { MAX_WORKERS } from '../../shared/contract/limits.ts';
import type { LoggedFault, Overview } from '../../shared/contract/overview.ts';
import type { WorkersView } from '../../shared/contract/workers.ts';
import { Masthead } from '../masthead.tsx';
import { timeOf } from '../times.ts';
import { Chart } from './chart.tsx';
import { Events } from './events.tsx';
import { meanOf, outcomesOf, type Point } from './history.ts';
import { createOperatorConnection, type OperatorConnection, type OperatorState } from './operator-connection.ts';
import { problemsOf } from './problems.ts';
import './style.css';
import { Acts } from './acts.tsx';
import { etaText, formatFigure, formatSeconds } from './text.ts';
import { Webhooks } from './webhooks.tsx';

type Command = OperatorConnection['command'];

/** `/admin`: the state of the system, live, and the controls that an operator needs in a hurry. */
export function OperatorPage() {
  const [state, setState] = useState<OperatorState>({ phase: 'connecting', history: [] });
  const connection = useRef<OperatorConnection>(undefined);
  useEffect(() => {
    const created = createOperatorConnection(setState);
    connection.current = created;
    return created.stop;
  }, []);
  const command: Command = async (...args) => connection.current?.command(...args);
  return (
    <>
      <Masthead where="Operator" />
      <main class={state.phase}>
        {state.phase === 'live' ? (
          <Live
            state={state}
            command={command}
            openQueueDashboard={() => void connection.current?.openQueueDashboard()}
          />
        ) : (
          <Door state={state} enter={(token) => connection.current?.enter(token)} />
        )}
      </main>
    </>
  );
}

type LiveProps = {
  state: Extract<OperatorState, { phase: 'live' }>;
  command: Command;
  openQueueDashboard: () => void;
};

function Live({ state, command, openQueueDashboard }: LiveProps) {
  const { overview, isLost, history, failure, acts, webhooks } = state;
  return (
    <>
      <Verdict overview={overview} history={history} isLost={isLost} />
      {failure !== undefined && (
        <p class="notice" role="alert">
          <strong>The command was not done.</strong> {failure}
        </p>
      )}
      <Queue queue={overview.queue} history={history} openDashboard={openQueueDashboard} />
      <Orders orders={overview.orders} />
      <div class="halves">
        <Workers workers={overview.workers} command={command} />
        <Outcomes history={history} />
      </div>
      <Events events={overview.events} command={command} />
      <Webhooks webhooks={webhooks} command={command} />
      <Acts acts={acts} />
      <ServerSettings settings={overview.serverSettings} />
      <Faults faults={overview.faults} process={overview.process} />
    </>
  );
}

type DoorProps = { state: Exclude<OperatorState, { phase: 'live' }>; enter: (token: string) => void };

function Door({ state, enter }: DoorProps) {
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
      <h1>{state.phase === 'connecting' ? 'Connecting' : 'For operators'}</h1>
      {'refusal' in state && <p role="alert">{state.refusal}</p>}
      {state.phase === 'token' && (
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
          <p class="soft">This tab stores it until you close the tab.</p>
          <button type="submit" class="action">
            Enter
          </button>
        </form>
      )}
    </>
  );
}

type VerdictProps = { overview: Overview; history: Point[]; isLost: boolean };

function Verdict({ overview, history, isLost }: VerdictProps) {
  const problems = problemsOf(overview, history);
  const headline = isLost ? 'Connection lost' : problems.length === 0 ? 'No problems' : 'There are problems';
  const depth = overview.queue?.depth ?? 0;
  useEffect(() => {
    document.title = `${headline} · ${formatFigure(depth)} waiting · Frontrow`;
  }, [headline, depth]);
  return (
    <header>
      {/* Not the list below: a screen reader would read each of its seconds. */}
      <div aria-live="polite">
        <h1 class={isLost || problems.length > 0 ? 'bad' : 'good'}>{headline}</h1>
      </div>
      {isLost && <p class="notice">This page shows the state at {timeOf(overview.atMs)}. Trying again.</p>}
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

type QueueProps = { queue: Overview['queue']; history: Point[]; openDashboard: () => void };

function Queue({ queue, history, openDashboard }: QueueProps) {
  const perSecond = (name: Parameters<typeof meanOf>[1]) => `${formatFigure(meanOf(history, name))}/s`;
  const figures = [
    ['Tickets waiting', queue && formatFigure(queue.depth)],
    ['ETA of the newest', queue && etaText(queue.etaSeconds)],
    ['Accepted', queue && perSecond('acceptedPerSecond')],
    ['Settled', queue && perSecond('settledPerSecond')],
    ['Oldest job', queue && formatSeconds(queue.oldestSeconds)],
    ['Failed jobs', queue && formatFigure(queue.failed)],
  ] as const;
  return (
    <section>
      <div class="title">
        <h2>Queue</h2>
        <button type="button" class="quiet" onClick={openDashboard}>
          Open the queue dashboard
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

function Orders({ orders }: { orders: Overview['orders'] }) {
  if (orders === undefined) return null;
  return (
    <section>
      <h2>Payments</h2>
      <dl class="figures">
        <div>
          <dt>Refunds due</dt>
          <dd>{formatFigure(orders.refundsDue)}</dd>
        </div>
        <div>
          <dt>Not decided in time</dt>
          <dd>{formatFigure(orders.overdue)}</dd>
        </div>
      </dl>
    </section>
  );
}

function Workers({ workers, command }: { workers: WorkersView | undefined; command: Command }) {
  // A button pressed twice before the next overview means two more.
  const [requested, setRequested] = useState<number | 'auto'>();
  useEffect(() => setRequested(undefined), [workers]);
  if (workers === undefined) {
    return (
      <section>
        <h2>Workers</h2>
        <p>Not known: Redis does not answer.</p>
      </section>
    );
  }
  const { alive, desired, asked } = workers;
  const goal = requested ?? asked;
  const base = goal === 'auto' ? (desired ?? alive) : goal;
  const change = (processes: number | 'auto') => {
    setRequested(processes);
    void command('POST', '/admin/workers', { processes });
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
          <dd>{desired ?? 'not known'}</dd>
        </div>
      </dl>
      <p class="soft">
        {asked === 'auto'
          ? 'Their number follows the load.'
          : `An operator set their number to ${asked}. The running supervisor applies it.`}
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
            Follow the load
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
              <th scope="col">In total</th>
            </tr>
          </thead>
          <tbody>
            {outcomes.map(({ name, recent, total }) => (
              <tr key={name}>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td>{formatFigure(recent)}</td>
                <td>{formatFigure(total)}</td>
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
        These settings decide how much data is lost when Redis or PostgreSQL fails. They are read once a minute.
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
        Warnings and errors of {process}, which serves this page. Other API processes and the workers write theirs to
        their own logs.
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
                <th scope="col">Message</th>
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
