import { setTimeout as sleep } from 'node:timers/promises';

/** A part while it runs. */
export type RunningPart = {
  /** Resolves when it has ended, with how. */
  exited: Promise<string>;
  /** Asks it to stop in order; kills it when it does not. */
  stop: () => Promise<void>;
};

/** A part that is started again when it ends by itself. */
export type Part = { name: string; start: () => Promise<RunningPart> };

/** Pauses before a part is started again: doubled each time, forgotten once it ran for a while. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
const STEADY_MS = 30_000;

/** Milliseconds that stopping waits for a part that is just starting. */
const STARTING_STOP_MS = 5_000;

/** Starts parts and keeps them running. `say` tells people what happens to them. */
export function createSupervisor(say: (line: string) => void) {
  const running = new Map<string, RunningPart>();
  const starting = new Set<Promise<RunningPart>>();
  let stopping = false;

  async function keep(part: Part, first: RunningPart): Promise<void> {
    let current = first;
    let pauseMs = FIRST_PAUSE_MS;
    for (;;) {
      const startedAt = performance.now();
      const how = await current.exited;
      running.delete(part.name);
      if (stopping) return;
      if (performance.now() - startedAt > STEADY_MS) pauseMs = FIRST_PAUSE_MS;
      say(`${part.name} ended (${how}). Starting it again in ${pauseMs / 1000} s.`);
      let next: RunningPart | undefined;
      while (next === undefined) {
        await sleep(pauseMs);
        if (stopping) return;
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
        next = await part.start().catch((fault: Error) => {
          say(`${part.name} did not start: ${fault.message}. Trying again in ${pauseMs / 1000} s.`);
          return undefined;
        });
      }
      if (stopping) return next.stop();
      running.set(part.name, next);
      say(`${part.name} runs again.`);
      current = next;
    }
  }

  return {
    /** Starts a part and keeps it running. @throws whatever stops its first start: then it is not kept */
    async add(part: Part): Promise<void> {
      const start = part.start();
      starting.add(start);
      const first = await start.finally(() => starting.delete(start));
      if (stopping) return first.stop();
      running.set(part.name, first);
      void keep(part, first);
    },

    /** Stops all parts in the given groups, one group after the other; each part of a group at once. */
    async stop(...groups: string[][]): Promise<void> {
      stopping = true;
      // A part that is just starting is stopped by its own `add` once it runs.
      await Promise.race([Promise.allSettled(starting), sleep(STARTING_STOP_MS)]);
      for (const group of groups) await Promise.all(group.map((name) => running.get(name)?.stop()));
    },
  };
}
