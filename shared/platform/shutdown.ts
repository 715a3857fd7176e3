import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from './config-error.ts';
import type { Logger } from './logger.ts';

/**
 * Milliseconds that a part may take to stop in order, after its drain: API, workers and servers, one after the other,
 * end within 10 s.
 */
export const STOP_TIMEOUT_MS = 4_000;

/** Milliseconds that a stop waits for a start that is under way, before it stops what is open so far. */
const STARTING_STOP_MS = 1_000;

let ending = false;

/** The hooks that a start gets for its end. */
export type Life = {
  /** Registers how a resource is closed. The last one opened is closed first. */
  onStop: (stop: () => unknown) => void;
  /** Aborted when the process is to end. A start that sees it opens nothing more. */
  stopping: AbortSignal;
};

/**
 * Starts a process that ends in order on SIGTERM, SIGINT, or when its parent has ended. The handlers exist before
 * `start` opens anything, so a signal during the start closes the resources that are open by then.
 *
 * @param drainMs milliseconds that the stop may take beyond `STOP_TIMEOUT_MS`, after which the process is killed
 * @throws what `start` throws, unless the process is ending
 */
export async function runUntilSignal(log: Logger, start: (life: Life) => Promise<void>, drainMs = 0): Promise<void> {
  const stops: (() => unknown)[] = [];
  const stopping = new AbortController();
  let starting: Promise<void> = Promise.resolve();

  async function stopAll(): Promise<void> {
    // The caller reports a start that fails; the resources that it opened are closed here.
    await Promise.race([starting.catch(() => undefined), sleep(STARTING_STOP_MS)]);
    let exitCode = 0;
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
      try {
        await stop();
      } catch (fault) {
        exitCode = 1;
        log.error({ fault: (fault as Error).message }, 'stopping failed');
      }
    }
    process.exit(exitCode);
  }

  const begin = (reason: string) => {
    if (ending) return;
    ending = true;
    stopping.abort();
    log.info({ reason }, 'stopping');
    setTimeout(() => {
      log.error('stopping took too long: killed');
      process.exit(1);
    }, STOP_TIMEOUT_MS + drainMs).unref();
    void stopAll();
  };
  process.on('SIGTERM', () => begin('SIGTERM'));
  process.on('SIGINT', () => begin('SIGINT'));
  process.on('disconnect', () => begin('the parent is gone'));

  starting = start({ onStop: (stop) => void stops.push(stop), stopping: stopping.signal });
  await starting.catch((fault: unknown) => {
    if (!ending) throw fault; // closing a resource during the start makes it fail
  });
}

/** Ends a process that could not start, or may not go on. A wrong setting is printed without a stack. */
export function exitOnStartFault(fault: unknown): never {
  const known = fault instanceof ConfigError;
  process.stderr.write(
    `${known ? fault.message : `Could not start: ${fault instanceof Error ? fault.stack : fault}`}\n`,
  );
  process.exit(known ? 78 : 1); // 78: EX_CONFIG of sysexits.h
}
