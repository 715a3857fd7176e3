import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkersAsked } from '../../shared/contract/workers.ts';
import type { WorkersBounds, WorkersStore } from '../../shared/stores/redis/workers.ts';
import type { RunningPart, Supervisor } from './supervisor.ts';

/** Milliseconds between two looks at how many workers are desired. */
const LOOK_MS = 500;

/**
 * Runs as many worker processes as Redis says are desired, as long as no other supervisor does. Who starts one says how many there are
 * to be; from then on the last word counts, an operator's too.
 *
 * @param processes how many, or `auto` within the bounds
 * @param force take over from a supervisor that is said to run, at once
 * @throws whatever stops the first start of one of the first workers
 */
export async function startPool(deps: {
  supervisor: Supervisor;
  workers: WorkersStore;
  startWorker: (name: string) => Promise<RunningPart>;
  processes: WorkersAsked;
  bounds: WorkersBounds;
  force: boolean;
  /** Aborted when this process is to end: then another may take over at once. The supervisor stops what runs. */
  stopping: AbortSignal;
  say: (line: string) => void;
}) {
  const { supervisor, workers, startWorker, processes, bounds, force, stopping, say } = deps;
  const id = `${process.pid}:${Date.now()}`;
  const names: string[] = []; // of those that are to run, the newest last
  const leaving = new Set<string>();
  let asked = processes;

  const pause = () => sleep(LOOK_MS, undefined, { signal: stopping }).catch(() => undefined); // rejects only when stopping, which ends the pause

  function nextPart() {
    let number = 1;
    while (names.includes(`worker ${number}`) || leaving.has(`worker ${number}`)) number += 1;
    const name = `worker ${number}`;
    names.push(name);
    return { name, start: () => startWorker(name) };
  }

  function scaleTo(count: number): void {
    if (count === names.length || stopping.aborted) return;
    say(`Workers: ${count} instead of ${names.length}`);
    while (names.length < count) supervisor.keep(nextPart());
    for (const name of names.splice(count)) {
      leaving.add(name);
      void supervisor.remove(name).finally(() => leaving.delete(name));
    }
  }

  /** Waits until this supervisor is the one, or it is clear that there is another: its lead was renewed and not only left over. */
  async function leads(): Promise<boolean> {
    for (let leftMs = Number.NEGATIVE_INFINITY; ; await pause()) {
      if (await workers.lead(id, force)) return true;
      const before = leftMs;
      leftMs = await workers.leadLeftMs();
      if (stopping.aborted || (before > 0 && leftMs > before - LOOK_MS / 2)) return false;
    }
  }

  async function look(): Promise<void> {
    if (!(await workers.lead(id))) return scaleTo(0);
    const state = await workers.read();
    if (state.bounds === undefined) return workers.ask(asked, bounds); // Redis was wiped
    asked = state.asked ?? 'auto';
    scaleTo(state.desired ?? state.bounds.min);
  }

  async function follow(): Promise<void> {
    while (!stopping.aborted) {
      await look().catch((fault: Error) => {
        if (!stopping.aborted) say(`How many workers are desired is not known: ${fault.message}`);
      });
      await pause();
    }
  }

  const resign = () =>
    workers
      .resign(id)
      .catch((fault: Error) => say(`The lead is not given up, it runs out by itself: ${fault.message}`));
  stopping.addEventListener('abort', () => void resign(), { once: true });
  await workers.ask(asked, bounds);
  const leader = await leads();
  let firstStarts: Promise<void>[] = [];
  if (leader) {
    const { desired = bounds.min } = await workers.read();
    say(desired === 1 ? 'Starting a worker' : `Starting ${desired} workers`);
    firstStarts = Array.from({ length: desired }, () => supervisor.add(nextPart()));
  }
  void follow(); // already now: the lead must not run out while they start
  await Promise.all(firstStarts);

  return {
    /** Whether this supervisor was the one from the start. Where it is not, its number was said to the other, and it takes over when that ends. */
    leader,
  };
}
