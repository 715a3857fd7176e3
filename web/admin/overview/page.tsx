import { useEffect, useState } from 'preact/hooks';
import type { Overview } from '../../../shared/contract/overview.ts';
import type { TrailPage } from '../../../shared/contract/trail.ts';
import type { WebhookView } from '../../../shared/contract/webhooks.ts';
import { timeOf } from '../../times.ts';
import type { PageProps } from '../page-props.ts';
import { Refusal } from '../refusal.tsx';
import { formatFigure } from '../text.ts';
import { ActList } from '../trail/acts.tsx';
import { useRead } from '../use-read.ts';
import { lagProblems } from '../webhooks/lag.ts';
import type { Command } from './command.ts';
import { Events } from './events.tsx';
import { problemsOf } from './problems.ts';
import { Queue } from './queue.tsx';
import { Faults, Orders, Outcomes, ServerSettings } from './tables.tsx';
import { Workers } from './workers.tsx';

/** Milliseconds between two reads of acts and webhooks: another operator may add some. */
const TABLES_INTERVAL_MS = 10_000;

/** `/admin#/overview`: the state of the system, live, and the controls that an operator needs in a hurry. */
export function OverviewPage({ operator, live }: PageProps) {
  const { overview, history, isLost, refusal } = live;
  const [fault, setFault] = useState<unknown>();
  const trail = useRead<TrailPage>(operator, '/admin/trail?limit=5', TABLES_INTERVAL_MS);
  const hooks = useRead<{ webhooks: WebhookView[] }>(operator, '/admin/webhooks', TABLES_INTERVAL_MS);
  const command: Command = async (method, path, body) => {
    try {
      const answer = await operator.command(method, path, body);
      setFault(undefined);
      trail.readAgain();
      return answer;
    } catch (refused) {
      setFault(refused);
      return undefined;
    }
  };
  const openQueueDashboard = async () => {
    const session = (await command('POST', '/admin/session', {})) as { path: string } | undefined;
    if (session !== undefined) location.assign(session.path);
  };
  if (overview === undefined) {
    return (
      <>
        <h1>Connecting</h1>
        {refusal !== undefined && <p role="alert">{refusal}</p>}
      </>
    );
  }
  return (
    <>
      <Verdict
        overview={overview}
        isLost={isLost}
        problems={[...problemsOf(overview, history), ...lagProblems(hooks.answer?.webhooks ?? [])]}
      />
      <Refusal fault={fault} />
      <Queue
        operator={operator}
        queue={overview.queue}
        isStopped={overview.workers?.alive === 0}
        history={history}
        openDashboard={() => void openQueueDashboard()}
      />
      <Orders orders={overview.orders} />
      <div class="halves">
        <Workers workers={overview.workers} command={command} />
        <Outcomes history={history} />
      </div>
      <Events operator={operator} events={overview.events} inAll={overview.eventsInAll} command={command} />
      <section aria-label="Last acts of operators">
        <h2>Last acts of operators</h2>
        {trail.answer?.entries.length === 0 && <p>None yet.</p>}
        <ActList entries={trail.answer?.entries ?? []} />
        <a href="#/trail">All acts</a>
      </section>
      <ServerSettings settings={overview.serverSettings} />
      <Faults faults={overview.faults} process={overview.process} />
    </>
  );
}

type VerdictProps = { overview: Overview; problems: readonly string[]; isLost: boolean };

function Verdict({ overview, problems, isLost }: VerdictProps) {
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
