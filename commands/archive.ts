import { hostname } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { newTicketId } from '../shared/domain/ticket-id.ts';
import { ConfigError } from '../shared/platform/config-error.ts';
import { exitOnStartFault } from '../shared/platform/shutdown.ts';
import { type Archived, createArchive, type Progress } from '../shared/stores/archive.ts';
import { createArchiveFiles } from '../shared/stores/archive-files.ts';
import { createTrailStore } from '../shared/stores/postgres/trail.ts';
import { openServers } from './stores.ts';

const HELP = `npm run archive -- --before DATE [--to FOLDER] [--dry-run]

Moves events that ended or were cancelled before a date (2026-11-01, or a time with its zone) from PostgreSQL into a
folder: DATA_DIR/archive, or --to. Each event gets one file, event-N.ndjson: a header, a line of JSON for each row of
each table, and the number and SHA-256 of each table's rows. The file is synced and read back before anything is
deleted. Afterwards the event and its bookings answer 404; the audit trail stays.

An event is left, and named, while a hold of it has yet to expire, seats have yet to be released or are in doubt, or
workers have yet to close its house in Redis. Event 1 is never archived. Where it was interrupted, run it again with
the same folder. It ends with 1 where an event was left.

--dry-run  lists the events and their rows, and changes nothing

Without DATABASE_URL and REDIS_URL it uses the system that runs on DATA_DIR.`;

const options = {
  before: { type: 'string' },
  to: { type: 'string' },
  'dry-run': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Milliseconds between two lines that show the progress of an event. */
const PROGRESS_MS = 5_000;

function dateOf(text: string | undefined): Date {
  if (text !== undefined && /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/.test(text)) {
    const date = new Date(text);
    if (!Number.isNaN(date.getTime())) return date;
  }
  throw new ConfigError('--before: a date such as 2026-11-01, or a time such as 2026-11-01T20:00:00Z');
}

/** Prints the progress of an event now and then. */
function progressOf(eventId: number): Progress {
  let printedAtMs = performance.now();
  return (step, rows) => {
    if (performance.now() - printedAtMs < PROGRESS_MS) return;
    printedAtMs = performance.now();
    console.log(`Event ${eventId}: ${rows} rows ${step} ...`);
  };
}

const countsText = (counts: Record<string, number>) =>
  Object.entries(counts)
    .map(([table, count]) => `${table} ${count}`)
    .join(', ');

function print(eventId: number, archived: Archived, done: string): void {
  if ('left' in archived) process.exitCode = 1;
  console.log(
    'left' in archived
      ? `Event ${eventId}: left: ${archived.left}`
      : `Event ${eventId}: ${done}: ${countsText(archived.counts)}`,
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options });
  if (values.help) return void console.log(HELP);
  const before = dateOf(values.before);
  const { prisma, config, close } = await openServers('archive');
  try {
    const files = createArchiveFiles(values.to ?? join(config.DATA_DIR, 'archive'));
    const archive = createArchive({ prisma, trail: createTrailStore({ prisma }), files });
    const by = { name: 'npm run archive', address: hostname().slice(0, 64) };
    for (const eventId of await archive.interrupted()) {
      if (values['dry-run']) print(eventId, { counts: await archive.count(eventId) }, 'would be finished');
      else print(eventId, await archive.finish(eventId, progressOf(eventId)), `finished, in ${files.pathOf(eventId)}`);
    }
    for (const { eventId, name, endedAt } of await archive.endedBefore(before)) {
      const ended = `"${name}", ended ${endedAt.toISOString()}`;
      if (values['dry-run']) {
        const left = await archive.obstacles(eventId);
        print(eventId, left === '' ? { counts: await archive.count(eventId) } : { left }, `${ended}, would go`);
        continue;
      }
      const act = { id: newTicketId(0), act: 'archiveEvent', by } as const;
      const archived = await archive.archive(eventId, before, act, progressOf(eventId));
      print(eventId, archived, `${ended}, is in ${files.pathOf(eventId)}`);
    }
  } finally {
    await close();
  }
}

await main().catch(exitOnStartFault);
