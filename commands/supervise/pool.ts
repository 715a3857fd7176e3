import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestedWorkers } from '../../shared/contract/workers.ts';
import type { WorkersBounds, WorkersStore } from '../../shared/stores/redis/workers.ts';
import type { RunningPart, Supervisor } from './supervisor.ts';

/** Milliseconds between two readings of the desired number of workers, which changes once a second at the most. */
const READ_MS = 1_000;

type PoolDeps = {
  supervisor: Supervisor;
  workers: WorkersStore;
  startWorker: (name: string) => Promise<RunningPart>;
  /** The number of workers, or `auto` within the bounds. A later request of an operator replaces it. */
  processes: RequestedWorkers;
  bounds: WorkersBounds;
  /** Take the lead at once from a supervisor that still holds it. */
  force: boolean;
  /** Aborted when this process is to end: then another may take the lead at once. The supervisor stops the workers. */
  stopping: AbortSignal;
  report: (line: string) => void;
};

/**
 * Runs the number of worker processes that Redis has as desired, while this supervisor leads: one supervisor at a time
 * does. One that does not lead passes its number on, and takes over when the leader ends.
 *
 * @throws the fault of the first start of one of the first workers
 * @returns whether this supervisor led from the start
 */
export async function startPool(deps: PoolDeps): Promise<{ leader: boolean }> {
  const { workers, processes, bounds, stopping, report } = deps;
  const id = `${process.pid}:${Date.now()}`;
  const crew = createCrew(deps);
  const resign = () =>
    workers.resign(id).catch((fault: Error) => report(`Giving up the lead failed, it expires: ${fault.message}`));
  stopping.addEventListener('abort', () => void resign(), { once: true });

  await workers.request(processes, bounds);
  const leader = await awaitLead(deps, id);
  let firstStarts: Promise<unknown> = Promise.resolve();
  if (leader) {
    const { desired = bounds.min } = await workers.read();
    report(desired === 1 ? 'Starting a worker' : `Starting ${desired} workers`);
    firstStarts = crew.start(desired);
  }
  void followDesired(deps, id, crew); // already now: the lead must not expire while they start
  await firstStarts;
  return { leader };
}

/** Waits until this supervisor leads, or another one has renewed its lead: a dead one's lead would expire. */
async function awaitLead({ workers, force, stopping }: PoolDeps, id: string): Promise<boolean> {
  for (let leftMs = Number.NEGATIVE_INFINITY; ; await pause(stopping)) {
    if (await workers.takeLead(id, force)) return true;
    const previousMs = leftMs;
    leftMs = await workers.leadLeftMs();
    const isRenewed = previousMs > 0 && leftMs > previousMs - READ_MS / 2;
    if (stopping.aborted || isRenewed) return false;
  }
}

/** Renews the lead and scales the crew to the desired number, until this process is to end. */
async function followDesired(deps: PoolDeps, id: string, crew: Crew): Promise<void> {
  const { workers, bounds, stopping, report } = deps;
  let lastAsked = deps.processes;

  async function scale(): Promise<void> {
    if (!(await workers.takeLead(id))) return crew.scaleTo(0);
    const { bounds: stored, asked = 'auto', desired } = await workers.read();
    if (stored === undefined) return workers.request(lastAsked, bounds); // Redis was wiped
    lastAsked = asked;
    crew.scaleTo(desired ?? stored.min);
  }

  while (!stopping.aborted) {
    await scale().catch((fault: Error) => {
      if (!stopping.aborted) report(`Reading the desired number of workers failed: ${fault.message}`);
    });
    await pause(stopping);
  }
}

/** The worker processes of this supervisor. */
function createCrew({ supervisor, startWorker, stopping, report }: PoolDeps) {
  const names: string[] = []; // of workers that are to run, the newest last
  const leaving = new Set<string>();

  function nextPart() {
    let number = 1;
    while (names.includes(`worker ${number}`) || leaving.has(`worker ${number}`)) number += 1;
    const name = `worker ${number}`;
    names.push(name);
    return { name, start: () => startWorker(name) };
  }

  return {
    /** Starts the first workers. @throws the fault of one that does not start */
    start: (count: number) => Promise.all(Array.from({ length: count }, () => supervisor.add(nextPart()))),

    /** Adds workers, or removes the newest, until there are `count`. */
    scaleTo(count: number): void {
      if (count === names.length || stopping.aborted) return;
      report(`Workers: ${count} instead of ${names.length}`);
      while (names.length < count) supervisor.keep(nextPart());
      for (const name of names.splice(count)) {
        leaving.add(name);
        void supervisor.remove(name).finally(() => leaving.delete(name));
      }
    },
  };
}

type Crew = ReturnType<typeof createCrew>;

/** Waits for the next reading. The sleep rejects only when this process is to end, which ends the pause. */
const pause = (stopping: AbortSignal) => sleep(READ_MS, undefined, { signal: stopping }).catch(() => undefined);
