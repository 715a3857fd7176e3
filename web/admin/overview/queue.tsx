import type { Overview } from '../../../shared/contract/overview.ts';
import type { Operator } from '../operator-client.ts';
import { etaText, formatFigure, formatSeconds } from '../text.ts';
import { Charts } from './charts.tsx';
import { meanOf, type Point } from './history.ts';

type QueueProps = {
  operator: Operator;
  queue: Overview['queue'];
  /** No worker runs: nobody knows when anything is done. */
  isStopped: boolean;
  history: Point[];
  openDashboard: () => void;
};

/** The queues of all shards: figures, and charts of the last minutes. */
export function Queue({ operator, queue, isStopped, history, openDashboard }: QueueProps) {
  const perSecond = (name: Parameters<typeof meanOf>[1]) => `${formatFigure(meanOf(history, name))}/s`;
  const figures = [
    ['Tickets waiting', queue && formatFigure(queue.depth)],
    ['ETA of the newest', queue && etaText(isStopped ? undefined : queue.etaSeconds)],
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
      <Charts operator={operator} seen={history} />
    </section>
  );
}
