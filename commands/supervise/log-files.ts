import { copyFile, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger } from '../../shared/platform/logger.ts';
import { createLoops } from '../../shared/platform/loops.ts';

/** The longest that a log may be before it is set aside, in bytes. One older file of each log is kept. */
export const MAX_LOG_BYTES = 16 * 1024 * 1024;

/** Milliseconds between two checks of the logs' sizes. */
const TRIM_MS = 1_000;

/**
 * Copies a log to `NAME.log.old` and empties it. Its writers keep it open and append, so it is copied and not renamed:
 * lines that are written between the copy and the emptying are lost. Where the disk has no room for a copy, the log is
 * emptied anyway.
 */
async function setAside(file: string, report: (line: string) => void): Promise<void> {
  await rm(`${file}.old`, { force: true });
  await copyFile(file, `${file}.old`).catch(async (fault: Error) => {
    report(`Copying ${file} failed, its content is lost: ${fault.message}`);
    await rm(`${file}.old`, { force: true });
  });
  await truncate(file);
}

/**
 * Keeps the logs of a folder short while this process runs: those of our parts and of the servers that it starts.
 *
 * @returns the function that ends it
 */
export async function keepLogsShort(
  folder: string,
  report: (line: string) => void,
  maxBytes = MAX_LOG_BYTES,
): Promise<() => Promise<void>> {
  async function trimLogs(): Promise<void> {
    for (const name of await readdir(folder)) {
      const file = join(folder, name);
      if (name.endsWith('.log') && (await stat(file)).size > maxBytes) await setAside(file, report);
    }
  }
  await trimLogs();
  const loops = createLoops({ log: createLogger({ LOG_LEVEL: 'warn' }, 'start') });
  return loops.repeat('logs kept short', TRIM_MS, trimLogs, (fault) =>
    report(`Trimming logs failed: ${fault.message}`),
  );
}
