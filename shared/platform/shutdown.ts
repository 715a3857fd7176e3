import { ConfigError } from './config.ts';
import type { Logger } from './logger.ts';

/** Longest time for a part to stop in order: API, workers and servers, one after the other, end within 10 s. */
export const STOP_TIMEOUT_MS = 4_000;

/**
 * Runs `stop` once, on SIGTERM, SIGINT, or when the parent that watches over this process is gone, then ends the process.
 * A stop that hangs is cut off after `STOP_TIMEOUT_MS`.
 */
export function stopOnSignal(log: Logger, stop: () => Promise<void>): void {
  let stopping = false;
  const begin = (reason: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ reason }, 'stopping');
    setTimeout(() => {
      log.error('stopping took too long: cut off');
      process.exit(1);
    }, STOP_TIMEOUT_MS).unref();
    stop().then(
      () => process.exit(0),
      (fault: Error) => {
        log.error({ fault: fault.message }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => begin('SIGTERM'));
  process.on('SIGINT', () => begin('SIGINT'));
  process.on('disconnect', () => begin('the parent is gone'));
}

/** Ends a process that could not start, with what the reader has to know and no more. */
export function exitOnStartFault(fault: unknown): never {
  const known = fault instanceof ConfigError;
  process.stderr.write(
    `${known ? fault.message : `Could not start: ${fault instanceof Error ? fault.stack : fault}`}\n`,
  );
  process.exit(known ? 78 : 1); // 78: EX_CONFIG of sysexits.h
}
