import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { projectRoot } from '../../shared/platform/root.ts';
import { operations } from '../support/example-requests.ts';
import { cleanUp, dataFolder, launch } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

/** A program that someone could write who has the generated client alone. It compiles only if the types fit. */
const PROGRAM = `
import { type BookRequest, type Change, defaults, holdSeats, readFeed, showTicket } from './client.js';

defaults.baseUrl = process.argv[2] ?? '';
const request: BookRequest = { eventId: 1, userId: 5, count: 2 };
const accepted = await holdSeats(request, { idempotencyKey: 'a key of the generated client' });
if (accepted.status !== 202) throw new Error(JSON.stringify(accepted));
const ticket = await showTicket(accepted.data.ticketId, { wait: 30 });
if (ticket.status !== 200) throw new Error(ticket.data.detail);

const refused = await holdSeats({ ...request, seats: ['9-9-9'] }, { wait: 30 });
if (refused.status !== 400) throw new Error(JSON.stringify(refused));
const code: 'INVALID_REQUEST' | 'IDEMPOTENCY_MISMATCH' = refused.data.code;

const feed = await readFeed({ types: 'booking.held' });
if (feed.status !== 200) throw new Error(feed.data.detail);
const seatsOf = (change: Change) => (change.type === 'booking.held' ? change.data.booking.seats : []);
const { status, booking } = ticket.data;
console.log(JSON.stringify({ status, code, seats: booking?.seats, inFeed: feed.data.changes.flatMap(seatsOf) }));
`;

const system = useSystem({ ZONES: 1, ROWS: 1 });
const at = (...path: string[]) => join(projectRoot, 'node_modules', ...path);
const done = { code: 0, signal: null, output: '' };
let folder: string;

const runNode = (...args: string[]) => launch(process.execPath, args, {}, folder).ended;

beforeAll(async () => {
  folder = dataFolder();
  symlinkSync(at(), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'program.ts'), PROGRAM);
  const served = await fetch(`${system().url}/openapi.json`);
  writeFileSync(join(folder, 'openapi.json'), await served.text());
});
afterAll(cleanUp);

test('a generator makes a client that compiles, and books', async () => {
  expect(await runNode(at('oazapfts', 'dist', 'cli.js'), 'openapi.json', 'client.ts')).toEqual(done);
  const options = ['--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node'];
  expect(await runNode(at('typescript', 'bin', 'tsc'), ...options, 'program.ts')).toEqual(done);
  const { output } = await runNode('program.js', system().url);
  const seats = [expect.stringMatching(/^1-1-\d+$/), expect.stringMatching(/^1-1-\d+$/)];
  expect(JSON.parse(output)).toEqual({ status: 'booked', code: 'INVALID_REQUEST', seats, inFeed: seats });
});

test('each operation is a function of the client, which no other name hides', async () => {
  const client = await import(join(folder, 'client.js'));
  const functions = Object.keys(client).filter((name) => typeof client[name] === 'function');
  expect(functions.sort()).toEqual(operations.map(({ id }) => id).sort());
});
