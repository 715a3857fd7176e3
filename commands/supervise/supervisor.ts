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

/** From so many ends one after the other on it is said how many they were. */
const MANY_ENDS = 3;

/** Milliseconds that stopping waits for a part that is just starting. */
const STARTING_STOP_MS = 5_000;

/** A part that is kept running, until `leave` is aborted. */
type Kept = {
  part: Part;
  running: RunningPart | undefined;
  starting: Promise<void> | undefined;
  leave: AbortController;
};

/** Starts parts and keeps them running. `say` tells people what happens to them. */
export function createSupervisor(say: (line: string) => void) {
  const kept = new Map<string, Kept>();
  let stopped = false;

  /** Starts it once. One that is to leave by then is stopped at once. */
  async function start(one: Kept): Promise<void> {
    const running = await one.part.start();
    if (one.leave.signal.aborted) return running.stop();
    one.running = running;
  }

  async function keepRunning(one: Kept, first: Promise<void>): Promise<void> {
    const { part, leave } = one;
    let ends = 0; // one after the other
    for (one.starting = first; ; one.starting = start(one)) {
      let how: string;
      try {
        await one.starting;
        if (ends > 0 && !leave.signal.aborted) say(`${part.name} runs again.`);
        const startedAt = performance.now();
        how = `ended (${await one.running?.exited})`;
        if (performance.now() - startedAt > STEADY_MS) ends = 0;
      } catch (fault) {
        how = `did not start: ${(fault as Error).message}`;
      }
      one.running = undefined;
      if (leave.signal.aborted) return;
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** ends, LONGEST_PAUSE_MS);
      ends += 1;
      const often = ends < MANY_ENDS ? '' : `, ${ends} times in a row`;
      say(`${part.name} ${how}${often}. Starting it again in ${pauseMs / 1000} s.`);
      await sleep(pauseMs, undefined, { signal: leave.signal }).catch(() => undefined); // it is to leave: nothing to wait for
      if (leave.signal.aborted) return;
    }
  }

  function note(part: Part): Kept {
    const one: Kept = { part, running: undefined, starting: undefined, leave: new AbortController() };
    kept.set(part.name, one);
    return one;
  }

  /** From here on it is not started again. Waits for a start that is under way. */
  async function letGo(one: Kept): Promise<void> {
    one.leave.abort();
    const started = one.starting?.catch(() => undefined); // keepRunning says why it did not start
    await Promise.race([started, sleep(STARTING_STOP_MS, undefined, { ref: false })]);
  }

  return {
    /** Starts a part and keeps it running. @throws whatever stops its first start: then it is not kept */
    async add(part: Part): Promise<void> {
      if (stopped) throw new Error(`${part.name} is not started: everything stops`);
      const one = note(part);
      one.starting = start(one);
      await one.starting.catch((fault) => {
        kept.delete(part.name);
        throw fault;
      });
      void keepRunning(one, one.starting);
    },

    /** Keeps a part running, also one that does not start at first. */
    keep(part: Part): void {
      if (stopped) return;
      const one = note(part);
      void keepRunning(one, start(one));
    },

    /** Stops one part, for good. */
    async remove(name: string): Promise<void> {
      const one = kept.get(name);
      if (one === undefined) return;
      await letGo(one);
      await one.running?.stop();
      kept.delete(name);
    },

    /**
     * Stops all parts, for good, and starts no other: `first` before the others, `last` after them; the parts of a
     * group stop at the same time.
     */
    async stop(first: string[], last: string[]): Promise<void> {
      stopped = true;
      // A part that is just starting is stopped by its own start once it runs.
      await Promise.all([...kept.values()].map(letGo));
      const others = [...kept.keys()].filter((name) => !first.includes(name) && !last.includes(name));
      for (const group of [first, others, last])
        await Promise.all(group.map((name) => kept.get(name)?.running?.stop()));
    },
  };
}

export type Supervisor = ReturnType<typeof createSupervisor>;
