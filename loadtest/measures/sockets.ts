import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { MAX_SUBSCRIPTIONS_PER_SOCKET } from '../../shared/contract/limits.ts';
import { serverMessage } from '../../shared/contract/messages.ts';
import { ticketReceipt } from '../../shared/contract/tickets.ts';
import { exitOnStartFault } from '../../shared/platform/shutdown.ts';
import { hammer, NO_WAIT } from '../kit/hammer.ts';
import { openMemory, residentMegabytes } from '../kit/memory.ts';
import { wholeOf } from '../kit/options.ts';
import { frameOfMessage, openSockets, requireFilesFor } from '../kit/plain-sockets.ts';
import { startOwnSystem } from '../kit/rig.ts';
import { frameOf, PING, PONG, readFrame, TEXT } from '../kit/wire-format.ts';

const HELP = `npm run sockets -- [options]

Opens many WebSockets to one API on a system of its own, each subscribed to a ticket that waits, some watching the event too.
Some never read: they watch, subscribe to as many tickets as they may and ask for more, so that bytes wait for them. Then a worker
comes, and all outcomes with it. Ends with 1 where somebody who reads has an outcome later than 2 s after it was saved, or not at
all, or where the API needs more memory than what may wait for the silent ones explains.

  --sockets N   sockets in all               (default 10000)
  --silent N    of these, that never read    (default 100)
  --help`;

const HOUSE = { ZONES: 20, ROWS: 20, SEATS_PER_ROW: 65 };

/** The promise: seconds from an outcome's being saved to whoever reads. */
const MAX_DELAY_MS = 2_000;

/** Messages beyond what it may have that a silent socket sends: the refusals fill what the operating system buffers. */
const BEYOND = 8_000;

/** Megabytes that the API may need for the herd beside what waits for silent sockets, and for each of those. */
const MAX_GROWTH_MB = 300;
const MAX_SILENT_MB = 1.5;

/** Of those that read, every how many-th watches the event too. */
const WATCHING = 100;

/** Milliseconds in which all outcomes come. */
const PATIENCE_MS = 120_000;

function readOptions() {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { sockets: text, silent: text, help: { type: 'boolean', short: 'h' } } });
  if (values.help) return undefined;
  const whole = wholeOf(values);
  const sockets = whole('sockets', 10_000, 1, 20_000);
  const silent = whole('silent', Math.min(100, sockets - 1), 0, sockets - 1);
  requireFilesFor(sockets);
  return { sockets, silent };
}

const subscribeTo = (ticketId: string | undefined) => frameOfMessage({ type: 'subscribe', ticketId });
const WATCH = frameOfMessage({ type: 'watch', eventId: 1 });

/** Reads what a socket is told: calls `onOutcome` with the delay since the outcome was saved, and counts first answers. */
function read(socket: Socket, on: { queued: () => void; outcome: (delayMs: number) => void }): void {
  let received: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    const at = Date.now();
    received = Buffer.concat([received, chunk]);
    for (let frame = readFrame(received); frame !== undefined; frame = readFrame(received)) {
      received = frame.rest;
      if (frame.opcode === PING) socket.write(frameOf({ opcode: PONG, payload: frame.payload }));
      if (frame.opcode !== TEXT || !frame.payload.includes('"type":"ticket"')) continue; // seats are many, and not looked at
      const message = serverMessage.parse(JSON.parse(String(frame.payload)));
      if (message.type !== 'ticket') continue;
      if (message.status === 'queued') on.queued();
      else on.outcome(at - Date.parse(message.booking?.createdAt ?? ''));
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

/** Waits until something is so, for as long as it is bearable. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!holds() && performance.now() < deadline) await sleep(50);
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return void console.log(HELP);
  const { sockets, silent } = options;
  const reading = sockets - silent;
  const own = await startOwnSystem({ name: 'sockets', house: HOUSE });
  const open: Socket[] = [];
  try {
    const memory = await openMemory(own.api);
    const port = Number(new URL(own.url).port);
    const [empty, ids] = [await memory.settled(), await queueTickets(own.url, reading)];
    console.log(`${reading} sockets that read, ${silent} that never do`);

    let queued = 0;
    const delays: number[] = [];
    const on = {
      queued() {
        queued += 1;
      },
      outcome: (delayMs: number) => void delays.push(delayMs),
    };
    open.push(
      ...(await openSockets(port, reading, (socket, number) => {
        read(socket, on);
        socket.write(
          number % WATCHING === 0 ? Buffer.concat([WATCH, subscribeTo(ids[number])]) : subscribeTo(ids[number]),
        );
      })),
    );
    await until(() => queued === reading);
    const before = await memory.settled();
    console.error(`  ${queued} are told that they wait`);

    const most = Math.min(MAX_SUBSCRIPTIONS_PER_SOCKET, ids.length);
    open.push(
      ...(await openSockets(port, silent, (socket, number) => {
        socket.pause();
        const allowed = Array.from({ length: most }, (_, i) => subscribeTo(ids[(number * 97 + i) % ids.length]));
        const more = Array.from({ length: BEYOND }, (_, i) => subscribeTo(ids[(number * 97 + most + i) % ids.length]));
        socket.write(Buffer.concat([WATCH, ...allowed, ...more]));
      })),
    );
    const ready = z.object({ status: z.literal('ok') });
    ready.parse(await (await fetch(`${own.url}/healthz`)).json()); // it has gone through what the silent ones sent before
    await sleep(3_000);
    const burdened = await memory.settled();
    console.error('  a worker comes');

    let peak = burdened;
    const watchMemory = setInterval(() => {
      peak = Math.max(peak, residentMegabytes(own.api.pid));
    }, 100);
    await own.startWorker();
    await until(() => delays.length === reading);
    clearInterval(watchMemory);
    const after = await memory.settled();
    memory.close();

    const sorted = delays.toSorted((a, b) => a - b);
    const at = (share: number) => `${sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN} ms`;
    const bound = before + MAX_GROWTH_MB + silent * MAX_SILENT_MB;
    const late = delays.filter((delayMs) => !(delayMs <= MAX_DELAY_MS)).length;
    console.log(`
  outcomes told         ${delays.length} of ${reading}
  from saved to told    p50 ${at(0.5)}, p99 ${at(0.99)}, at most ${at(1)}
  later than 2 s        ${late}
  memory of the API     ${empty.toFixed(0)} MB empty, ${before.toFixed(0)} MB with those who read, ${burdened.toFixed(0)} MB with the silent ones,
                        ${peak.toFixed(0)} MB at most (bound ${bound.toFixed(0)}), ${after.toFixed(0)} MB after`);
    process.exitCode = late === 0 && delays.length === reading && peak <= bound ? 0 : 1;
  } finally {
    for (const socket of open) socket.destroy();
    await own.close();
  }
}

await main().catch(exitOnStartFault);
