import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { MAX_SUBSCRIPTIONS_PER_SOCKET } from '../../shared/contract/limits.ts';
import { serverMessage } from '../../shared/contract/messages.ts';
import { ticketReceipt } from '../../shared/contract/tickets.ts';
import { command, number, optionalNumber } from '../kit/command.ts';
import { hammer, NO_WAIT } from '../kit/hammer.ts';
import { openMemory } from '../kit/memory.ts';
import { frameOfMessage, openSockets } from '../kit/plain-sockets.ts';
import { requireFilesFor, residentMegabytes } from '../kit/processes.ts';
import { type Check, figureLines } from '../kit/report.ts';
import { type OwnSystem, withOwnSystem } from '../kit/rig.ts';
import { percentile } from '../kit/statistics.ts';
import { frameOf, PING, PONG, readFrame, TEXT } from '../kit/wire-format.ts';

const HOUSE = { ZONES: 20, ROWS: 20, SEATS_PER_ROW: 65 };

/** The promise: milliseconds from saving an outcome until a client that reads has it. */
const MAX_DELAY_MS = 2_000;

/** Silent sockets by default. */
const SILENT = 100;

/** Messages of a silent socket beyond its subscriptions: the refusals fill the operating system's buffers. */
const EXTRA_MESSAGES = 8_000;

/** Megabytes that the API may need for the outcomes of the clients that read, and for each silent socket. */
const MAX_GROWTH_MB = 300;
const MAX_SILENT_MB = 1.5;

/** Of the sockets that read, one in so many watches the event too. */
const WATCHING = 100;

/** Milliseconds in which all outcomes come. */
const PATIENCE_MS = 120_000;

/** Milliseconds in which the API reads the messages of silent sockets. */
const READING_MS = 3_000;

const subscribeTo = (ticketId: string | undefined) => frameOfMessage({ type: 'subscribe', ticketId });
const WATCH = frameOfMessage({ type: 'watch', eventId: 1 });

/** The messages of the sockets that read: first states, and milliseconds from saving an outcome to reading it. */
type Received = { queued: number; delays: number[] };

/** Reads the messages of a socket, and answers its pings. */
function read(socket: Socket, received: Received): void {
  let bytes: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    const at = Date.now();
    bytes = Buffer.concat([bytes, chunk]);
    for (let frame = readFrame(bytes); frame !== undefined; frame = readFrame(bytes)) {
      bytes = frame.rest;
      if (frame.opcode === PING) socket.write(frameOf({ opcode: PONG, payload: frame.payload }));
      // Messages about seats are many, and are not parsed.
      if (frame.opcode !== TEXT || !frame.payload.includes('"type":"ticket"')) continue;
      const message = serverMessage.parse(JSON.parse(String(frame.payload)));
      if (message.type !== 'ticket') continue;
      if (message.status === 'queued') received.queued += 1;
      else received.delays.push(at - Date.parse(message.booking?.createdAt ?? ''));
    }
  });
}

async function queueTickets(url: string, tickets: number): Promise<string[]> {
  const ids: string[] = [];
  await hammer({
    urls: [url],
    path: '/reserve',
    requests: tickets,
    connections: 64,
    headersOf: () => NO_WAIT,
    bodyOf: () => '{"count":1}',
    onAnswer: ({ body }) => void ids.push(ticketReceipt.parse(body).ticketId),
  });
  return ids;
}

async function waitFor(isReached: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!isReached() && performance.now() < deadline) await sleep(50);
}

/** Opens sockets that read, each subscribed to one ticket. */
const openReaders = (url: string, ids: readonly string[], received: Received): Promise<Socket[]> =>
  openSockets(url, ids.length, (socket, number) => {
    read(socket, received);
    const subscription = subscribeTo(ids[number]);
    socket.write(number % WATCHING === 0 ? Buffer.concat([WATCH, subscription]) : subscription);
  });

/** Opens sockets that never read: they watch, subscribe to as many tickets as allowed, and to more. */
function openSilent(url: string, count: number, ids: readonly string[]): Promise<Socket[]> {
  const allowed = Math.min(MAX_SUBSCRIPTIONS_PER_SOCKET, ids.length);
  return openSockets(url, count, (socket, number) => {
    socket.pause();
    const messages = Array.from({ length: allowed + EXTRA_MESSAGES }, (_, i) =>
      subscribeTo(ids[(number * 97 + i) % ids.length]),
    );
    socket.write(Buffer.concat([WATCH, ...messages]));
  });
}

/** Starts a worker, and waits for all outcomes. Returns the API's most megabytes meanwhile. */
async function settleAll(system: OwnSystem, received: Received, readers: number): Promise<number> {
  let peak = 0;
  const watching = setInterval(() => {
    peak = Math.max(peak, residentMegabytes(system.api.pid));
  }, 100);
  try {
    await system.startWorker();
    await waitFor(() => received.delays.length === readers);
  } finally {
    clearInterval(watching);
  }
  return peak;
}

async function run(system: OwnSystem, readers: number, silent: number): Promise<Check[]> {
  const open: Socket[] = [];
  system.rig.onClose(() => {
    for (const socket of open) socket.destroy();
  });
  const memory = await openMemory(system.api);
  const empty = await memory.settled();
  const ids = await queueTickets(system.url, readers);
  console.log(`${readers} sockets that read, ${silent} that never do`);
  const received: Received = { queued: 0, delays: [] };
  open.push(...(await openReaders(system.url, ids, received)));
  await waitFor(() => received.queued === readers);
  const withReaders = await memory.settled();
  console.error(`  ${received.queued} have their ticket's state`);

  open.push(...(await openSilent(system.url, silent, ids)));
  // The API answers this after it has read what the silent sockets sent before.
  z.object({ status: z.literal('ok') }).parse(await (await fetch(`${system.url}/healthz`)).json());
  await sleep(READING_MS);
  const withSilent = await memory.settled();
  console.error('  a worker starts');
  const peak = Math.max(withSilent, await settleAll(system, received, readers));
  const after = await memory.settled();
  memory.close();

  const { delays } = received;
  const megabytes = { empty, 'with readers': withReaders, 'with silent sockets': withSilent, 'at most': peak, after };
  const delay = (share: number) => `${percentile(delays, share)} ms`;
  console.log(
    figureLines([
      ['from saved to received', `p50 ${delay(0.5)}, p99 ${delay(0.99)}, at most ${delay(1)}`],
      ...Object.entries(megabytes).map(([name, value]) => [`API memory, ${name}`, `${value.toFixed(0)} MB`] as const),
    ]),
  );
  const bound = withReaders + MAX_GROWTH_MB + silent * MAX_SILENT_MB;
  const late = delays.filter((delayMs) => !(delayMs <= MAX_DELAY_MS)).length;
  return [
    {
      what: 'every client that reads has its outcome',
      held: delays.length === readers,
      figure: `${delays.length} of ${readers}`,
    },
    { what: `every outcome comes within ${MAX_DELAY_MS} ms of its save`, held: late === 0, figure: `${late} late` },
    {
      what: `the API's memory stays below ${bound.toFixed(0)} MB`,
      held: peak <= bound,
      figure: `${peak.toFixed(0)} MB at most`,
    },
  ];
}

await command({
  name: 'sockets',
  summary: `Opens many WebSockets to one API on a system of its own, each subscribed to a ticket that waits, some
watching the event too. Silent ones never read: they watch, subscribe to as many tickets as allowed and to more, so
that bytes wait for them. Then a worker starts, and all outcomes come. Clients that read must have theirs within
${MAX_DELAY_MS} ms, and the API's memory is bounded.`,
  options: {
    sockets: number('sockets', 10_000, { max: 20_000 }),
    silent: optionalNumber('sockets that never read', `${SILENT}, less than all`, { min: 0, max: 19_999 }),
  },
  run({ sockets, silent = SILENT }) {
    requireFilesFor(sockets);
    const silentCount = Math.min(silent, sockets - 1);
    return withOwnSystem({ name: 'sockets', house: HOUSE }, (system) =>
      run(system, sockets - silentCount, silentCount),
    );
  },
});
