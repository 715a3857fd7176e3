import { setTimeout as sleep } from 'node:timers/promises';

/** A part while it runs. */
export type RunningPart = {
  /** Resolves with the cause of its end, once it has ended. */
  exited: Promise<string>;
  /** Stops it in order, and kills it when it does not stop. */
  stop: () => Promise<void>;
};

/** A part that is started again when it ends by itself. */
export type Part = { name: string; start: () => Promise<RunningPart> };

/** Milliseconds before a part is started again: doubled each time, reset once it has run for a while. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
const STEADY_MS = 30_000;

/** Ends in a row from which on the message counts them. */
const MANY_ENDS = 3;

/** Milliseconds that stopping waits for a part that is just starting. */
const STARTING_STOP_MS = 5_000;

/**
 * A part under supervision. It is starting, then running, then, after it ended by itself, pausing until it is starting
 * again. From every state it can be left, which is final: `leave` is aborted, and nothing starts it any more.
 */
type Supervised = {
  part: Part;
  /** The current or last start. */
  starting: Promise<void> | undefined;
  /** Set while it is running. */
  running: RunningPart | undefined;
  leave: AbortController;
};

/** Starts parts and restarts those that end. `report` prints lines for people. */
export function createSupervisor(report: (line: string) => void) {
  const supervised = new Map<string, Supervised>();
  let isStopped = false;

  function supervise(part: Part): Supervised {
    const entry: Supervised = { part, running: undefined, starting: undefined, leave: new AbortController() };
    supervised.set(part.name, entry);
    entry.starting = startOnce(entry);
    return entry;
  }

  return {
    /** Starts a part and supervises it. @throws the fault of its first start: then it is not supervised */
    async add(part: Part): Promise<void> {
      if (isStopped) throw new Error(`${part.name} is not started: everything stops`);
      const entry = supervise(part);
      try {
        await entry.starting;
      } catch (fault) {
        supervised.delete(part.name);
        throw fault;
      }
      void keepRunning(entry, report);
    },

    /** Supervises a part, also one whose first start fails. */
    keep(part: Part): void {
      if (!isStopped) void keepRunning(supervise(part), report);
    },

    /** Stops one part, for good. */
    async remove(name: string): Promise<void> {
      const entry = supervised.get(name);
      if (entry === undefined) return;
      await leave(entry);
      await entry.running?.stop();
      supervised.delete(name);
    },

    /**
     * Stops all parts, for good, and starts no other: `first` before the others, `last` after them; the parts of a
     * group stop at the same time.
     */
    async stop(first: string[], last: string[]): Promise<void> {
      isStopped = true;
      // A part that is just starting is stopped by its own start once it runs.
      await Promise.all([...supervised.values()].map(leave));
      const others = [...supervised.keys()].filter((name) => !first.includes(name) && !last.includes(name));
      for (const group of [first, others, last])
        await Promise.all(group.map((name) => supervised.get(name)?.running?.stop()));
    },
  };
}

export type Supervisor = ReturnType<typeof createSupervisor>;

/** Starts a part once. One that has been left by then is stopped at once. */
async function startOnce(entry: Supervised): Promise<void> {
  const running = await entry.part.start();
  if (entry.leave.signal.aborted) return running.stop();
  entry.running = running;
}

/** Waits for each end of a part and starts it again after a pause, until it is left. */
async function keepRunning(entry: Supervised, report: (line: string) => void): Promise<void> {
  const { part, leave } = entry;
  let endsInRow = 0;
  for (;;) {
    let cause: string;
    try {
      await entry.starting;
      if (endsInRow > 0 && !leave.signal.aborted) report(`${part.name} runs again.`);
      const startedAt = performance.now();
      cause = `ended (${await entry.running?.exited})`;
      if (performance.now() - startedAt > STEADY_MS) endsInRow = 0;
    } catch (fault) {
      cause = `did not start: ${(fault as Error).message}`;
    }
    entry.running = undefined;
    if (leave.signal.aborted) return;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** endsInRow, LONGEST_PAUSE_MS);
    endsInRow += 1;
    const count = endsInRow < MANY_ENDS ? '' : `, ${endsInRow} times in a row`;
    report(`${part.name} ${cause}${count}. Starting it again in ${pauseMs / 1000} s.`);
    await sleep(pauseMs, undefined, { signal: leave.signal }).catch(() => undefined); // rejects when the part is left
    if (leave.signal.aborted) return;
    entry.starting = startOnce(entry);
  }
}

/** From here on the part is not started again. Waits for a start under way. */
async function leave(entry: Supervised): Promise<void> {
  entry.leave.abort();
  const started = entry.starting?.catch(() => undefined); // keepRunning reports its fault
  await Promise.race([started, sleep(STARTING_STOP_MS, undefined, { ref: false })]);
}
