import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { MAX_WORKERS } from '../shared/contract/limits.ts';
import { NO_WORKERS_SEEN, type WorkersModel, workersDesired, workersModel } from '../shared/domain/workers-desired.ts';
import type { Logger } from '../shared/platform/logger.ts';
import { outcomesCounted } from '../shared/platform/metrics.ts';
import { repeat } from '../shared/platform/repeat.ts';
import type { WorkersStore } from '../shared/stores/workers.ts';

/** Milliseconds between two heartbeats, and in which one worker looks at the load: a little less, so that each second has a look. */
const BEAT_MS = 1_000;
const TURN_MS = 900;

/**
 * Says each second that this worker runs and what became of tickets in it, and in its turn how many are desired: not by a job, for it must be said above all when jobs
 * wait. The result ends that, and says that the worker has ended.
 */
export async function startHeartbeat({ workers, log }: { workers: WorkersStore; log: Logger }) {
  const worker = `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`;

  let told = await outcomesCounted();

  async function beat(): Promise<void> {
    const counted = await outcomesCounted();
    const fresh = Object.entries(counted).map(([name, tickets]) => [name, tickets - (told[name] ?? 0)] as const);
    await workers.beat(worker, Object.fromEntries(fresh.filter(([, tickets]) => tickets > 0)));
    told = counted;
    if (!(await workers.takeTurn(worker, TURN_MS))) return;
    const { asked, bounds = { min: 1, max: MAX_WORKERS }, model: before } = await workers.read();
    const { desired, model } = workersDesired(modelOf(before), await workers.look(), bounds);
    await workers.keep(asked ?? desired, JSON.stringify(model));
  }

  await beat();
  const stop = repeat(BEAT_MS, beat, (fault) => log.warn({ fault: fault.message }, 'no heartbeat'));
  return async () => {
    await stop();
    await workers.gone(worker);
  };
}

/** What another version wrote and this one cannot read is begun anew. */
function modelOf(text: string | undefined): WorkersModel {
  const parsed = workersModel.safeParse(text === undefined ? undefined : JSON.parse(text));
  return parsed.success ? parsed.data : NO_WORKERS_SEEN;
}
