import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { readConfig } from '../../shared/config.ts';
import { clearConfirmation, eventSettings } from '../../shared/contract/events.ts';
import { auditReport } from '../../shared/contract/jobs.ts';
import { ticketReceipt } from '../../shared/contract/tickets.ts';
import { roomChange } from '../../shared/contract/waiting-room.ts';
import { type Client, openClient, type Reply } from '../kit/client.ts';
import { command, number, seed, text } from '../kit/command.ts';
import { openMemory } from '../kit/memory.ts';
import { type Check, figureLines, noneOf } from '../kit/report.ts';
import { ADMIN_TOKEN, type OwnSystem, withOwnSystem } from '../kit/rig.ts';
import { createTally } from '../kit/tally.ts';
import type { World } from './fuzz/category.ts';
import { HOUSE_AS_IT_IS } from './fuzz/houses.ts';
import { type FuzzResult, fuzz } from './fuzz/play.ts';

const HOUSE = { ZONES: 4, ROWS: 10, SEATS_PER_ROW: 65 };

/** The share of the inputs after which the API is warm, and by how much it may grow after them. */
const WARM_SHARE = 0.1;
const MAX_GROWTH = 1.2;

/** Holds that inputs may name. */
const HOLDS = 30;

/** Seconds that a reservation after the inputs may take: requests that were accepted before come first. */
const PATIENCE_SECONDS = 60;

const PROGRESS_MS = 5_000;

/** Inputs make webhooks to this machine, so that no message leaves it. */
const SETTINGS = { WEBHOOKS_TO_PRIVATE_ADDRESSES: 'true' };

/** Lines of the API's log about failed requests that are printed. */
const MAX_FAULTS = 5;

const EVENT = '/api/events/1';
const ROOM = `${EVENT}/waiting-room`;

type Send = Client['send'];

const wordsOf = ({ status, body }: Reply) => `answered ${status} ${JSON.stringify(body).slice(0, 1_000)}`;

/** Creates holds that inputs may name, and for operators another event; they may read the feed too. */
async function createWorld(send: Send, adminToken: string | undefined): Promise<World> {
  const tickets: string[] = [];
  for (let userId = 1; userId <= HOLDS; userId += 1) {
    const { body } = await send('POST', '/api/bookings', { eventId: 1, userId, count: 1 });
    const receipt = ticketReceipt.safeParse(body).data;
    if (receipt !== undefined) tickets.push(receipt.ticketId);
  }
  if (adminToken === undefined) return { tickets, events: [], adminToken, cursor: undefined };
  const { body } = await send('POST', '/api/events', HOUSE_AS_IT_IS);
  const feed = await send('GET', '/api/feed?limit=1');
  return { tickets, events: [Number(body.id)], adminToken, cursor: String(feed.body.next) };
}

/** The settings of event 1 and its waiting room. */
type Settings = { event: Record<string, unknown>; room: Record<string, unknown> };

/** Settings with which event 1 sells. Inputs may change its settings (`/api/events/1.0`). */
const OPEN: Settings = {
  event: { salesPaused: false, onSaleAt: null, seatLimit: null, avoidSingles: false },
  room: { mode: 'off', paused: false },
};

/** Reads the settings of event 1; undefined where operators' routes are closed. */
async function readSettings(send: Send): Promise<Settings | undefined> {
  const room = await send('PUT', ROOM, {});
  if (room.status !== 200) return undefined;
  const event = await send('GET', EVENT);
  const pick = (fields: Record<string, unknown>, names: string[]) =>
    Object.fromEntries(names.filter((name) => name in fields).map((name) => [name, fields[name]]));
  return {
    event: pick(event.body, Object.keys(eventSettings.shape)),
    room: pick(room.body, Object.keys(roomChange.shape)),
  };
}

/** Writes the settings of event 1. Returns the problems. */
async function writeSettings(send: Send, { event, room }: Settings): Promise<string[]> {
  const answers = [await send('PATCH', EVENT, event), await send('PUT', ROOM, room)];
  return answers.flatMap((answer) => (answer.status === 200 ? [] : [`the settings of event 1: ${wordsOf(answer)}`]));
}

/** Whether a subscription gets the outcome of a ticket in time. */
function hasOutcomeBySocket(url: string, ticketId: string): Promise<boolean> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
  return new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), PATIENCE_SECONDS * 1_000);
    socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', ticketId })));
    socket.on('error', () => resolve(false));
    socket.on('message', (data) => {
      const { status } = JSON.parse(String(data)) as { status?: string };
      if (status === 'queued') return;
      clearTimeout(timer);
      resolve(status === 'booked' || status === 'rejected');
    });
  }).finally(() => socket.terminate());
}

/** The differences between Redis and PostgreSQL, by an audit. */
async function auditDifferences(send: Send): Promise<string[]> {
  const audited = await send('POST', '/admin/audit');
  const report = auditReport.safeParse(audited.body).data;
  if (report === undefined) return [`an audit is ${wordsOf(audited)}`];
  return report.events
    .filter((event) => event.differences > 0)
    .map(({ eventId, differences, listed }) => `event ${eventId}: ${differences}, ${JSON.stringify(listed[0])}`);
}

/** Sends valid requests after the inputs. Returns the checks. */
async function checkAfterwards(url: string, send: Send, isOperator: boolean): Promise<Check[]> {
  const problems: string[] = [];
  if (isOperator) {
    problems.push(...(await writeSettings(send, OPEN)));
    const cleared = await send('POST', '/clear', { confirm: clearConfirmation(1) });
    if (cleared.status >= 300) problems.push(`clearing event 1: ${wordsOf(cleared)}`);
  }
  const reserved = await send('POST', `/reserve?wait=${PATIENCE_SECONDS}`, { count: 2 });
  const isDecided = isOperator ? reserved.status === 200 : reserved.body.ticketId !== undefined;
  if (!isDecided) problems.push(`a reservation is ${wordsOf(reserved)}`);
  const queued = await send('POST', '/reserve?wait=0', { count: 1 });
  const ticketId = ticketReceipt.safeParse(queued.body).data?.ticketId;
  if (ticketId === undefined) problems.push(`a reservation that does not wait is ${wordsOf(queued)}`);
  else if (!(await hasOutcomeBySocket(url, ticketId))) problems.push(`no outcome of ticket ${ticketId} over WebSocket`);
  const served = noneOf('valid requests are served afterwards, problems', problems);
  if (!isOperator) return [served];
  return [served, noneOf('Redis and PostgreSQL agree, differences', await auditDifferences(send))];
}

/** Prints progress, and throws once a process has ended. */
function createProgress(from: number, inputs: number, ended: readonly string[]) {
  let printedAt = performance.now();
  return (index: number) => {
    if (ended.length > 0) throw new Error(`input ${index} or one just before: ${ended.join()}`);
    if (performance.now() - printedAt < PROGRESS_MS) return;
    printedAt = performance.now();
    console.error(`  ${index - from} of ${inputs} inputs`);
  };
}

type Options = { inputs: number; from: number; seed: number; connections: number };

/** Sends all inputs, and measures the API's memory after the first tenth and at the end. */
async function sendInputs(url: string, world: World, options: Options, ended: readonly string[], own?: OwnSystem) {
  const { inputs, from, seed: inputSeed, connections } = options;
  const memory = own && (await openMemory(own.api));
  const onInput = createProgress(from, inputs, ended);
  const send = (first: number, last: number) =>
    fuzz({ url, seed: inputSeed, from: from + first, to: from + last, connections, world, onInput });
  const startedAt = performance.now();
  const warm = Math.floor(inputs * WARM_SHARE);
  const first = await send(0, warm);
  const warmMegabytes = await memory?.settled();
  const second = await send(warm, inputs);
  const seconds = (performance.now() - startedAt) / 1_000;
  await sleep(1_000);
  const finalMegabytes = await memory?.settled();
  memory?.close();
  const megabytes =
    warmMegabytes === undefined || finalMegabytes === undefined ? undefined : { warmMegabytes, finalMegabytes };
  return { results: [first, second], seconds, megabytes };
}

function printAnswers(results: readonly FuzzResult[], inputs: number, seconds: number): void {
  const answers = createTally();
  for (const [name, times] of results.flatMap((result) => [...result.answers])) answers.add(name, times);
  const sorted = [...answers.counts].toSorted(([a], [b]) => a.localeCompare(b));
  const rate = `${inputs}, ${(inputs / seconds).toFixed(0)} a second`;
  console.log(figureLines([...sorted, ['inputs', rate]]));
}

/** The API's log lines about the last requests that failed. */
const lastFaults = (logFile: string): string =>
  readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"msg":"request failed"'))
    .slice(-MAX_FAULTS)
    .join('\n');

async function runFuzz(url: string, adminToken: string | undefined, options: Options, own?: OwnSystem) {
  const ended: string[] = [];
  const watch = (name: string, part: { exited: Promise<string> }) =>
    void part.exited.then((reason) => ended.push(`${name} ended: ${reason}`));
  if (own !== undefined) {
    watch('the API', own.api);
    watch('the worker', await own.startWorker());
  }
  const authorization: Record<string, string> =
    adminToken === undefined ? {} : { authorization: `Bearer ${adminToken}` };
  const { send } = openClient([url], { headers: authorization });
  const settings = await readSettings(send);
  const world = await createWorld(send, adminToken);
  const { inputs, seed: inputSeed, connections } = options;
  console.log(`${inputs} inputs over ${connections} connections to ${url} (seed ${inputSeed})`);
  const { results, seconds, megabytes } = await sendInputs(url, world, options, ended, own);
  printAnswers(results, inputs, seconds);
  const failures = results.flatMap(({ examples }) => examples);
  const failed = results.reduce((sum, result) => sum + result.failures, 0);
  const examples = failures.map(({ index, what, problem, sent }) => {
    return `${what}: npm run fuzz -- --seed ${inputSeed} --from ${index} --inputs 1\n  ${problem}\n  ${sent}`;
  });
  if (failed > 0 && own !== undefined) console.log(`\n${lastFaults(own.api.logFile)}`);
  const afterwards = await checkAfterwards(url, send, settings !== undefined);
  const restored = settings === undefined ? [] : await writeSettings(send, settings);
  const checks: Check[] = [
    { what: 'every answer keeps the contract, failures', held: failed === 0, figure: failed, examples },
    noneOf('no process ended', [...ended]), // a copy: they end when the system stops
    ...afterwards,
    noneOf('the settings of event 1 are restored, problems', restored),
  ];
  if (megabytes === undefined) return checks;
  const { warmMegabytes, finalMegabytes } = megabytes;
  const figure = `${warmMegabytes.toFixed(0)} MB after the first tenth, ${finalMegabytes.toFixed(0)} MB at the end`;
  return [
    ...checks,
    { what: 'the API grows by a fifth at most', held: finalMegabytes <= warmMegabytes * MAX_GROWTH, figure },
  ];
}

await command({
  name: 'fuzz',
  summary: `Sends wrong inputs over HTTP and WebSocket, and some valid ones: strange fields and bytes, prototype keys,
deep, huge, cut off or slow inputs, wrong lengths, repeated headers, odd paths, broken frames, unknown fields and
parameters, fields that exclude each other, dates of every kind. No answer may be a 500, reveal internals or break the
contract, no mistake may be accepted, and the system must work afterwards. On a system of its own, or a running one.`,
  options: {
    inputs: number('inputs to send', 200_000, { max: 100_000_000 }),
    from: number('number of the first input', 0, { min: 0, max: 100_000_000 }),
    seed: seed('seed of the inputs'),
    connections: number('connections at a time', 32, { max: 1_000 }),
    url: text('an API that runs', 'URL', 'a system of its own'),
  },
  notes: `With --url it books and holds there, and where operators' routes are open it clears event 1; the settings of
event 1 are restored afterwards. It does not check that API's processes and memory. With ADMIN_TOKEN it sends
operators' requests.`,
  run: ({ url, ...options }) =>
    url === undefined
      ? withOwnSystem({ name: 'fuzz', house: HOUSE, settings: SETTINGS }, (own) =>
          runFuzz(own.url, ADMIN_TOKEN, options, own),
        )
      : runFuzz(url, readConfig().ADMIN_TOKEN, options),
});
// Node 20 never ends by itself while it has handles of sockets that were reset (`resetAndDestroy`).
process.exit();
