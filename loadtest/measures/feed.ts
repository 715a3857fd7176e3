import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Change } from '../../shared/contract/changes.ts';
import { MAX_CHANGES_READ } from '../../shared/contract/limits.ts';
import { command, number } from '../kit/command.ts';
import { hammer, NO_WAIT } from '../kit/hammer.ts';
import { type Operator, operatorOf } from '../kit/operator.ts';
import { createRandom } from '../kit/random.ts';
import { type Check, figureLines, timesOf } from '../kit/report.ts';
import { type Rig, withOwnSystem } from '../kit/rig.ts';
import { randomRow } from '../kit/seat-wishes.ts';
import { percentile } from '../kit/statistics.ts';

/** Large enough that nothing sells out. */
const HOUSE = { ZONES: 400, ROWS: 40, SEATS_PER_ROW: 65 };

/** Requests before the measurement. Until V8 has compiled the hot code, every lag is its compiler's. */
const WARM_UP_REQUESTS = 5_000;

/** The lag that is promised for a receiver that keeps up, p99 in milliseconds. */
const PROMISED_MS = 1_000;

/** The type of the changes of the load. */
const TYPE = 'booking.confirmed';

/** Milliseconds in which all changes must have arrived after the load. */
const PATIENCE_MS = 60_000;

/** Notes when changes arrive. A change has the time just before its commit, by a clock of this machine. */
function createArrivals() {
  let lags: number[] = [];
  const arrivals = {
    lags: () => lags,
    note(changes: readonly Change[]): void {
      const now = Date.now();
      for (const { at } of changes) lags.push(now - Date.parse(at));
    },
    clear(): void {
      lags = [];
    },
    /** @throws Error where changes are missing for too long */
    async until(count: number): Promise<void> {
      const deadline = performance.now() + PATIENCE_MS;
      while (lags.length < count) {
        if (performance.now() > deadline) throw new Error(`${lags.length} of ${count} changes have arrived`);
        await sleep(20);
      }
    },
  };
  return arrivals;
}

type Arrivals = ReturnType<typeof createArrivals>;
type Page = { changes: Change[]; next: string };

/** Reads the feed, each page as soon as it has the one before. */
function startReader(rig: Rig, operate: Operator): Arrivals {
  const arrivals = createArrivals();
  let isStopped = false;
  const read = async () => {
    let after = '';
    while (!isStopped) {
      const path = `/api/feed?types=${TYPE}&limit=${MAX_CHANGES_READ}&wait=1${after}`;
      const { changes, next } = (await operate('GET', path)) as Page;
      arrivals.note(changes);
      after = `&after=${next}`;
    }
  };
  const reading = read();
  reading.catch(() => undefined); // `onClose` reports it
  rig.onClose(() => {
    isStopped = true;
    return reading;
  });
  return arrivals;
}

/** Receives webhooks at an endpoint that answers at once. */
async function startReceiver(rig: Rig, operate: Operator): Promise<Arrivals> {
  const arrivals = createArrivals();
  const server = createServer(async (req, res) => {
    const { data } = JSON.parse(await text(req)) as { data: Change[] };
    arrivals.note(data);
    res.writeHead(204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  rig.onClose(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await operate('POST', '/admin/webhooks', { url, types: [TYPE], description: 'the lag of webhooks' });
  return arrivals;
}

/** Sells two seats of random rows, so many times in a second. Returns the accepted requests. */
async function sell(url: string, requests: number, perSecond: number | undefined, seed: number): Promise<number> {
  const random = createRandom(seed);
  let accepted = 0;
  await hammer({
    urls: [url],
    path: '/reserve',
    requests,
    connections: 128,
    perSecond,
    headersOf: () => NO_WAIT,
    bodyOf: () => JSON.stringify({ ...randomRow(random, { zones: HOUSE.ZONES, rows: HOUSE.ROWS }), count: 2 }),
    onAnswer: ({ status }) => {
      if (status === 201) accepted += 1;
    },
  });
  return accepted;
}

await command({
  name: 'bench:feed',
  summary: `Measures how long a change takes from its commit to a reader who waits on the feed and to the endpoint of a
webhook, while a system of its own sells at a fixed rate: one API, two workers. The generator, the reader and the
endpoint are one process and share the cores.`,
  options: {
    requests: number('requests', 30_000, { max: 400_000 }),
    rate: number('requests a second', 3_000, { max: 100_000 }),
  },
  run: ({ requests, rate }) =>
    withOwnSystem(
      { name: 'bench-feed', house: HOUSE, settings: { WEBHOOKS_TO_PRIVATE_ADDRESSES: 'true' } },
      async ({ rig, url, startWorker }): Promise<Check[]> => {
        await Promise.all([startWorker(), startWorker()]);
        const operate = operatorOf(url);
        const arrivals = { reader: startReader(rig, operate), webhook: await startReceiver(rig, operate) };
        const warm = await sell(url, WARM_UP_REQUESTS, undefined, 1);
        for (const one of Object.values(arrivals)) {
          await one.until(warm);
          one.clear();
        }
        const startedAt = performance.now();
        const sold = await sell(url, requests, rate, 2);
        const seconds = (performance.now() - startedAt) / 1000;
        for (const one of Object.values(arrivals)) await one.until(sold);
        const lags = Object.entries(arrivals).map(([name, one]) => ({ name, ms: one.lags() }));
        console.log(
          figureLines([
            ['bookings a second', Math.round(sold / seconds)],
            ...lags.map(({ name, ms }) => [`from the commit to the ${name}`, timesOf(ms)] as const),
          ]),
        );
        for (const { name, ms } of lags) {
          const p99 = percentile(ms, 0.99);
          console.log(`  p99 of the ${name}: ${p99 <= PROMISED_MS ? 'met' : 'missed'} (at most ${PROMISED_MS} ms)`);
        }
        const twice = lags
          .filter(({ ms }) => ms.length !== sold)
          .map(({ name, ms }) => `${name}: ${ms.length} of ${sold}`);
        return [{ what: 'each change arrives once', held: twice.length === 0, examples: twice }];
      },
    ),
});
