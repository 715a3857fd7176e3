import { createReadStream } from 'node:fs';
import { access, mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createTally, headerLine, lastLine, type Rows, readArchive, rowLine, type Tally } from '../domain/archive.ts';

/** Rows of one table that are read and deleted together. */
export const ARCHIVE_BATCH = 1_000;

/** The archives in a folder, one file for each event. A file that has its final name is whole. */
export function createArchiveFiles(folder: string) {
  const pathOf = (eventId: number) => join(folder, `event-${eventId}.ndjson`);
  const unfinishedPathOf = (eventId: number) => `${pathOf(eventId)}.part`;

  async function tallyIn(path: string, eventId: number): Promise<Tally> {
    const reader = readArchive(linesOf(path), eventId, ARCHIVE_BATCH);
    for (;;) {
      const next = await reader.next();
      if (next.done) return next.value;
    }
  }

  return {
    pathOf,
    exists: (eventId: number) =>
      access(pathOf(eventId)).then(
        () => true,
        () => false,
      ),

    /** Writes an archive under a name that shows it as unfinished, and syncs it. @returns the tally of the rows */
    async write(eventId: number, batches: AsyncIterable<Rows>): Promise<Tally> {
      await mkdir(folder, { recursive: true });
      const tally = createTally();
      const file = await open(unfinishedPathOf(eventId), 'w', 0o600); // it has buyers' data
      try {
        await file.appendFile(`${headerLine(eventId)}\n`);
        for await (const batch of batches) {
          tally.add(batch);
          await file.appendFile(batch.rows.map((row) => `${rowLine(batch.table, row)}\n`).join(''));
        }
        await file.appendFile(`${lastLine(tally.result())}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      return tally.result();
    },

    /** Reads an archive from its first to its last line. @throws BrokenArchive where it is not whole */
    check: (eventId: number) => tallyIn(pathOf(eventId), eventId),
    checkUnfinished: (eventId: number) => tallyIn(unfinishedPathOf(eventId), eventId),

    /** Gives an archive its final name, durably. */
    async finish(eventId: number): Promise<void> {
      await rename(unfinishedPathOf(eventId), pathOf(eventId));
      const directory = await open(folder, 'r');
      try {
        await directory.sync();
      } finally {
        await directory.close();
      }
    },

    read: (eventId: number) => readArchive(linesOf(pathOf(eventId)), eventId, ARCHIVE_BATCH),
  };
}

export type ArchiveFiles = ReturnType<typeof createArchiveFiles>;

/** The lines of a file. (node:readline also splits at U+2028, which a name may have.) */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(path, 'utf8')) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
