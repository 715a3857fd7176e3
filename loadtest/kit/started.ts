import { setTimeout as sleep } from 'node:timers/promises';
import { onEnding } from '../../commands/supervise/stop-signals.ts';

/** Milliseconds that the end waits for something that is just starting. */
const STARTING_MS = 5_000;

/** The exit code of a process that ended by SIGTERM, as shells report it. */
const TERMINATED = 143;

/** The parts that commands of this process have started and not stopped yet. */
const open = new Set<() => Promise<void>>();
let watched = false;

/** Ends the process once everything that is open was stopped. Installed before the first thing is started. */
function watchForEnding(): void {
  if (watched) return;
  watched = true;
  onEnding(() => {
    void Promise.allSettled([...open].map((close) => close())).then(() => process.exit(TERMINATED));
  });
}

/**
 * The parts that a command starts one after the other: `close`, or a signal to this process at any moment, stops them
 * in the reverse order.
 *
 * @param cleanUp runs last
 */
export function createStarted(cleanUp: () => void = () => undefined) {
  const stops: (() => unknown)[] = [];
  const starting = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  async function stopAll(): Promise<void> {
    await Promise.race([Promise.allSettled(starting), sleep(STARTING_MS, undefined, { ref: false })]);
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) await stop();
    cleanUp();
    open.delete(close);
  }

  const close = (): Promise<void> => {
    closing ??= stopAll();
    return closing;
  };
  watchForEnding();
  open.add(close);

  return {
    close,

    /** Starts something and notes how it is stopped. @throws Error where everything is being stopped */
    async start<Started>(begin: () => Promise<Started>, stop: (started: Started) => unknown): Promise<Started> {
      if (closing !== undefined) throw new Error('This command is stopping: it starts nothing more.');
      const started = begin().then((one) => {
        stops.push(() => stop(one));
        return one;
      });
      starting.add(started);
      return started.finally(() => starting.delete(started));
    },

    /** Notes what is to be stopped before everything that was started before it. */
    stopFirst: (stop: () => unknown) => void stops.push(stop),
  };
}
