import { copyFile, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger } from '../../shared/platform/logger.ts';
import { createLoops } from '../../shared/platform/loops.ts';

/**
 * The longest a log may be before it is set aside, in bytes. One that was set aside is kept: two files for each part.
 */
export const MAX_LOG_BYTES = 16 * 1024 * 1024;

/** Milliseconds between two checks of the logs' sizes. */
const TRIM_MS = 1_000;

/**
 * Copies a log to `NAME.log.old` and empties it. Its writers keep it open and append, so it is copied and not renamed:
 * lines that are written between the copy and the emptying are lost. Where the disk has no room for a copy, the log is
 * emptied anyway.
 */
async function setAside(file: string, say: (line: string) => void): Promise<void> {
  await rm(`${file}.old`, { force: true });
  await copyFile(file, `${file}.old`).catch(async (fault: Error) => {
    say(`What ${file} had is not kept: ${fault.message}`);
    await rm(`${file}.old`, { force: true });
  });
  await truncate(file);
}

/**
 * Keeps every log of a folder bounded, for as long as this process runs: those of our parts and of the servers that it
 * starts.
 */
export async function keepLogsShort(
  folder: string,
  say: (line: string) => void,
  maxBytes = MAX_LOG_BYTES,
): Promise<() => Promise<void>> {
  async function trimLogs(): Promise<void> {
    for (const name of await readdir(folder)) {
      const file = join(folder, name);
      if (name.endsWith('.log') && (await stat(file)).size > maxBytes) await setAside(file, say);
    }
  }
  await trimLogs();
  const loops = createLoops({ log: createLogger({ LOG_LEVEL: 'warn' }, 'start') });
  return loops.repeat('logs kept short', TRIM_MS, trimLogs, (fault) => say(`Trimming logs failed: ${fault.message}`));
}
