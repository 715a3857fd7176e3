import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { MAX_WORKERS } from '../shared/contract/limits.ts';
import { NO_WORKERS_SEEN, type WorkersModel, workersDesired, workersModel } from '../shared/domain/workers-desired.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { WorkersStore } from '../shared/stores/workers.ts';

/** Milliseconds between two heartbeats. */
const BEAT_MS = 1_000;

/** Says that this worker runs, again and again until the result is called: then that it has ended. */
export async function startHeartbeat({ workers, log }: { workers: WorkersStore; log: Logger }) {
  const worker = `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`;
  await workers.beat(worker);
  let beating: Promise<void> | undefined;
  const timer = setInterval(() => {
    beating ??= workers
      .beat(worker)
      .catch((fault: Error) => log.warn({ fault: fault.message }, 'no heartbeat'))
      .finally(() => {
        beating = undefined;
      });
  }, BEAT_MS);
  return async () => {
    clearInterval(timer);
    await beating;
    await workers.gone(worker);
  };
}

/** Says how many workers are desired, from what load and workers look like now and what was seen before. */
export function createScale({ workers }: { workers: WorkersStore }) {
  return async () => {
    const { asked, bounds, model } = await workers.read();
    const seen = workersDesired(modelOf(model), await workers.look(), bounds ?? { min: 1, max: MAX_WORKERS });
    await workers.keep(asked ?? seen.desired, JSON.stringify(seen.model));
  };
}

/** What another version wrote and this one cannot read is begun anew. */
function modelOf(text: string | undefined): WorkersModel {
  const parsed = workersModel.safeParse(text === undefined ? undefined : JSON.parse(text));
  return parsed.success ? parsed.data : NO_WORKERS_SEEN;
}
