// A reader of the feed in a process of its own, which is killed at any moment. It writes each page with its cursor to a
// journal before it reads the next one, and goes on behind the last whole line. Its state is what the journal leads to.
// Arguments: the journal, the secret of a key with the scope `read`, and the addresses of the APIs.
import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Change, feedPage } from '../../../shared/contract/changes.ts';
import { type JournalLine, readJournal, wholeBytes } from './feed-journal.ts';

/** Changes of a page: so few that pages end in the middle of a batch. */
const PAGE = 150;

/** Seconds that a read waits for changes, and milliseconds until it is given up, and until the next try. */
const WAIT_SECONDS = 2;
const READ_TIMEOUT_MS = 8_000;
const RETRY_MS = 100;

const [file = '', key = '', ...urls] = process.argv.slice(2);

/** Reads the page behind a cursor. */
async function read(url: string, cursor: string | undefined): Promise<JournalLine> {
  const after = cursor === undefined ? '' : `&after=${cursor}`;
  const answer = await fetch(`${url}/api/feed?limit=${PAGE}&wait=${WAIT_SECONDS}${after}`, {
    headers: { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(READ_TIMEOUT_MS),
  });
  if (answer.status === 410) return 'expired';
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  const { changes, next } = feedPage.parse(await answer.json());
  return { changes: changes as Change[], next };
}

/** The page behind a cursor, from the first API that has it. */
async function readFromAny(cursor: string | undefined): Promise<JournalLine> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await read(urls[tries % urls.length] ?? '', cursor);
    } catch (fault) {
      console.error(new Date().toISOString(), fault);
      await sleep(RETRY_MS);
    }
  }
}

process.on('disconnect', () => process.exit());
process.send?.('started');
const whole = wholeBytes(file);
const last = readJournal(file).at(-1);
let cursor = last === undefined || last === 'expired' ? undefined : last.next;
const journal = openSync(file, 'a');
process.on('exit', () => closeSync(journal));
ftruncateSync(journal, whole.length);
for (;;) {
  const line = await readFromAny(cursor);
  const next = line === 'expired' ? undefined : line.next;
  if (line !== 'expired' && next === cursor) continue;
  writeSync(journal, `${JSON.stringify(line)}\n`);
  fsyncSync(journal);
  cursor = next;
}
