// A reader of the feed in a process of its own, which is killed at any moment. It writes each page with its cursor to a
// journal before it reads the next one, and goes on behind the last whole line. Its state is what the journal leads to.
// Arguments: the journal, the secret of a key with the scope `read`, and the addresses of the APIs.
import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { createServerClient, FrontrowError } from '../../../client/src/server.ts';
import { type JournalLine, readJournal, wholeBytes } from './feed-journal.ts';

const [file = '', key = '', ...urls] = process.argv.slice(2);

process.on('disconnect', () => process.exit());
process.send?.('started');
const whole = wholeBytes(file);
const last = readJournal(file).at(-1);
let cursor = last === undefined || last === 'expired' ? undefined : last.next;
const journal = openSync(file, 'a');
process.on('exit', () => closeSync(journal));
ftruncateSync(journal, whole.length);

function note(line: JournalLine): void {
  writeSync(journal, `${JSON.stringify(line)}\n`);
  fsyncSync(journal);
  cursor = line === 'expired' ? undefined : line.next;
}

// One API as long as it lives: the next life may be at another one.
const { feed } = createServerClient({ baseUrl: urls[process.pid % urls.length] ?? '', key });
const onRetry = (fault: FrontrowError) => console.error(new Date().toISOString(), fault);
for (;;) {
  try {
    for await (const page of feed.pages({ after: cursor, onRetry })) note(page);
  } catch (fault) {
    if (!(fault instanceof FrontrowError && fault.code === 'CURSOR_EXPIRED')) throw fault;
    note('expired');
  }
}
