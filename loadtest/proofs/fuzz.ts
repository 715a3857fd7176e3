import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { request } from 'undici';
import { WebSocket } from 'ws';
import { readConfig } from '../../shared/config.ts';
import { clearSentence, eventChange } from '../../shared/contract/events.ts';
import { auditReport } from '../../shared/contract/jobs.ts';
import { ticketReceipt } from '../../shared/contract/tickets.ts';
import { roomChange } from '../../shared/contract/waiting-room.ts';
import { exitOnStartFault } from '../../shared/platform/shutdown.ts';
import { openMemory } from '../kit/memory.ts';
import { wholeOf } from '../kit/options.ts';
import { ADMIN_TOKEN, startOwnSystem } from '../kit/rig.ts';
import type { World } from './fuzz/input.ts';
import { type FuzzResult, fuzz } from './fuzz/play.ts';

const HELP = `npm run fuzz -- [options]

Sends wrong inputs over HTTP and WebSocket, beside some that are right: strange fields and bytes, prototype keys, deep,
huge, cut off, slow, wrong lengths, repeated headers, odd paths, broken frames, unknown fields and parameters, fields
that exclude each other, dates of every kind. On a system of its own, or on one that runs. Ends with 1 where an answer
is a 500, reveals internals or breaks the contract, a mistake is accepted, a process ends, seats and bookings differ
afterwards, or the API has grown by more than a fifth since the first tenth of the inputs.

  --inputs N        inputs to send                            (default 200000)
  --from N          the number of the first                   (default 0)
  --seed N          what they are made from                   (default: from the clock, printed)
  --connections N   connections at once                       (default 32)
  --url URL         an API that runs instead. It books and holds there, and where operators' routes are open it clears;
                    the settings of event 1 are restored afterwards. Processes and memory of that API are not checked.
                    With ADMIN_TOKEN set, it sends operators' requests too
  --help`;

const HOUSE = { ZONES: 4, ROWS: 10, SEATS_PER_ROW: 65 };

/** The share of the inputs after which the API counts as warm, and by how much it may grow from there on. */
const WARM_SHARE = 0.1;
const MAX_GROWTH = 1.2;

/** Seconds that the after-run's requests wait: what was accepted before goes first. */
const PATIENCE_SECONDS = 60;

function readOptions() {
  const text = { type: 'string' } as const;
  const help = { type: 'boolean', short: 'h' } as const;
  const { values } = parseArgs({
    options: { inputs: text, from: text, seed: text, connections: text, url: text, help },
  });
  if (values.help) return undefined;
  const whole = wholeOf(values);
  return {
    inputs: whole('inputs', 200_000, 1, 100_000_000),
    from: whole('from', 0, 0, 100_000_000),
    seed: whole('seed', 1 + (Date.now() % 1_000_000), 1, 4_294_967_295),
    connections: whole('connections', 32, 1, 1_000),
    url: values.url,
  };
}

/** Requests of a client that means well, as an operator where there is a token. */
function createClient(url: string, adminToken: string | undefined) {
  const authorization = adminToken === undefined ? {} : { authorization: `Bearer ${adminToken}` };
  return async (method: 'GET' | 'POST' | 'PATCH' | 'PUT', path: string, body?: unknown) => {
    const headers = { ...authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const answer = await request(`${url}${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: answer.statusCode, body: (await answer.body.json()) as Record<string, unknown> };
  };
}

type Client = ReturnType<typeof createClient>;

/** What inputs may speak of: holds that were made for it, and an event beside the first where operators may make one. */
async function makeWorld(ask: Client, adminToken: string | undefined): Promise<World> {
  const tickets: string[] = [];
  for (let userId = 1; userId <= 30; userId += 1) {
    const { body } = await ask('POST', '/api/bookings', { eventId: 1, userId, count: 1 });
    const receipt = ticketReceipt.safeParse(body).data;
    if (receipt !== undefined) tickets.push(receipt.ticketId);
  }
  if (adminToken === undefined) return { tickets, events: [], adminToken };
  const { body } = await ask('POST', '/api/events', { name: 'Fuzz', zones: [{ rows: 3, seatsPerRow: 9 }] });
  return { tickets, events: [Number(body.id)], adminToken };
}

const EVENT = '/api/events/1';
const ROOM = `${EVENT}/waiting-room`;

/** The settings of event 1 and its waiting room. */
type Settings = { event: Record<string, unknown>; room: Record<string, unknown> };

/** Reads the settings of event 1, as bodies that restore them; undefined where operators' routes are closed. */
async function settingsOf(ask: Client): Promise<Settings | undefined> {
  const room = await ask('PUT', ROOM, {});
  if (room.status !== 200) return undefined;
  const event = await ask('GET', EVENT);
  const pick = (from: Record<string, unknown>, names: string[]) =>
    Object.fromEntries(names.filter((name) => name in from).map((name) => [name, from[name]]));
  return {
    event: pick(event.body, Object.keys(eventChange.shape)),
    room: pick(room.body, Object.keys(roomChange.shape)),
  };
}

/**
 * Inputs reach event 1 too (`/api/events/1.0`): it must be restored for the next user, and the checks here need it
 * open.
 */
const OPEN: Settings = {
  event: { salesPaused: false, onSaleAt: null, seatLimit: null, avoidSingles: false },
  room: { mode: 'off', paused: false },
};

/** Returns the problems. */
async function set(ask: Client, { event, room }: Settings): Promise<string[]> {
  const answers = [await ask('PATCH', EVENT, event), await ask('PUT', ROOM, room)];
  return answers.flatMap((answer) => (answer.status === 200 ? [] : [`the settings of event 1: ${inWords(answer)}`]));
}

type Answer = Awaited<ReturnType<Client>>;

const inWords = ({ status, body }: Answer) => `answered ${status} ${JSON.stringify(body).slice(0, 1_000)}`;

/** Whether the system still serves those who mean well. Answers what is wrong. */
async function aftermath(url: string, ask: Client, operator: boolean): Promise<string[]> {
  const wrong: string[] = [];
  if (operator) {
    wrong.push(...(await set(ask, OPEN)));
    const cleared = await ask('POST', '/clear', { confirm: clearSentence(1) });
    if (cleared.status >= 300) wrong.push(`clearing event 1: ${inWords(cleared)}`);
  }
  const reserved = await ask('POST', `/reserve?wait=${PATIENCE_SECONDS}`, { count: 2 });
  const decided = operator ? reserved.status === 200 : reserved.body.ticketId !== undefined;
  if (!decided) wrong.push(`a reservation is ${inWords(reserved)}`);
  const queued = await ask('POST', '/reserve?wait=0', { count: 1 });
  const ticketId = ticketReceipt.safeParse(queued.body).data?.ticketId;
  if (ticketId === undefined) wrong.push(`a reservation that does not wait is ${inWords(queued)}`);
  else if (!(await toldOver(url, ticketId))) wrong.push(`nobody is told over WebSocket of ticket ${ticketId}`);
  if (operator) wrong.push(...(await differences(ask)));
  return wrong;
}

/** The differences between Redis and PostgreSQL. */
async function differences(ask: Client): Promise<string[]> {
  const audited = await ask('POST', '/admin/audit');
  const report = auditReport.safeParse(audited.body).data;
  if (report === undefined) return [`an audit is ${inWords(audited)}`];
  const apart = report.events.filter((event) => event.differences > 0);
  return apart.map(
    ({ eventId, differences: count, listed }) => `event ${eventId}: ${count} differences, ${JSON.stringify(listed[0])}`,
  );
}

/** Whether a subscription is told an outcome in time. */
function toldOver(url: string, ticketId: string): Promise<boolean> {
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

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return void console.log(HELP);
  const { inputs, from, seed, connections } = options;
  const config = readConfig();
  const own = options.url === undefined ? await startOwnSystem({ name: 'fuzz', house: HOUSE }) : undefined;
  try {
    const ended: string[] = [];
    const notice = (name: string, part: { exited: Promise<string> }) => {
      void part.exited.then((how) => ended.push(`${name} ended: ${how}`));
    };
    if (own !== undefined) {
      notice('the API', own.api);
      notice('the worker', await own.startWorker());
    }
    const url = options.url ?? own?.url ?? '';
    const adminToken = own === undefined ? config.ADMIN_TOKEN : ADMIN_TOKEN;
    const ask = createClient(url, adminToken);
    const settings = await settingsOf(ask);
    const world = await makeWorld(ask, adminToken);
    const memory = own && (await openMemory(own.api));
    console.log(`${inputs} inputs over ${connections} connections to ${url} (seed ${seed})`);

    const startedAt = performance.now();
    const send = (first: number, last: number) =>
      fuzz({
        url,
        seed,
        from: from + first,
        to: from + last,
        connections,
        world,
        goOn: progressOf(from, inputs, ended),
      });
    const warm = Math.floor(inputs * WARM_SHARE);
    const first = await send(0, warm);
    const before = await memory?.settled();
    const second = await send(warm, inputs);
    const seconds = (performance.now() - startedAt) / 1_000;
    await sleep(1_000);
    const after = await memory?.settled();

    const wrong = [...ended, ...(await aftermath(url, ask, settings !== undefined))];
    if (settings !== undefined) wrong.push(...(await set(ask, settings)));
    if (before !== undefined && after !== undefined && after > before * MAX_GROWTH) wrong.push('the API has grown');
    console.log(reportOf([first, second], seconds));
    if (before !== undefined && after !== undefined)
      console.log(
        `  memory of the API   ${before.toFixed(0)} MB after ${warm} inputs, ${after.toFixed(0)} MB at the end`,
      );
    for (const { kept } of [first, second]) {
      for (const { index, what, problem, sent } of kept)
        console.log(`\n${what}, input ${index} (--seed ${seed} --from ${index} --inputs 1)\n  ${problem}\n  ${sent}`);
    }
    for (const line of wrong) console.log(`\n${line}`);
    if (first.failures + second.failures > 0 && own !== undefined) console.log(`\n${lastFaults(own.api.logFile)}`);
    process.exitCode = first.failures + second.failures + wrong.length === 0 ? 0 : 1;
    memory?.close();
  } finally {
    await own?.close();
  }
}

/** What the API's log says of the faults that it answered last. */
const lastFaults = (logFile: string): string =>
  readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"msg":"request failed"'))
    .slice(-5)
    .join('\n');

/** Tells now and then how far it is, and breaks off where a process has ended. */
function progressOf(from: number, inputs: number, ended: readonly string[]) {
  let told = performance.now();
  return (index: number) => {
    if (ended.length > 0) throw new Error(`input ${index} or one just before: ${ended.join()}`);
    if (performance.now() - told < 5_000) return;
    told = performance.now();
    process.stderr.write(`  ${index - from} of ${inputs} inputs\n`);
  };
}

function reportOf(results: FuzzResult[], seconds: number): string {
  const answers = new Map<string, number>();
  for (const [name, times] of results.flatMap((result) => [...result.answers]))
    answers.set(name, (answers.get(name) ?? 0) + times);
  const sum = (field: 'inputs' | 'failures') => results.reduce((total, result) => total + result[field], 0);
  const lines = [...answers]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, times]) => `  ${name.padEnd(32)}${times}`);
  return `${lines.join('\n')}

  inputs              ${sum('inputs')}, ${(sum('inputs') / seconds).toFixed(0)} a second
  failures            ${sum('failures')}`;
}

await main().catch(exitOnStartFault);
// Node 20 waits for ever for handles of sockets that were reset (`resetAndDestroy`) when it ends by itself.
process.exit();
