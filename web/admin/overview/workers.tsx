import { useEffect, useState } from 'preact/hooks';
import { MAX_WORKERS } from '../../../shared/contract/limits.ts';
import type { WorkersView } from '../../../shared/contract/workers.ts';
import type { Command } from './command.ts';

/** The worker processes, and the operator's wish for more or fewer. */
export function Workers({ workers, command }: { workers: WorkersView | undefined; command: Command }) {
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
