import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { DEFAULT_EVENT } from '../../../../shared/contract/ids.ts';
import { VISITOR_TOKEN_HEADER } from '../../../../shared/contract/waiting-room.ts';
import { type Connection, createConnection } from '../../../kit/connection.ts';
import { operatorOf, setRoom } from '../../../kit/operator.ts';
import { createRandom } from '../../../kit/random.ts';
import { type HouseSize, randomRow } from '../../../kit/seat-wishes.ts';
import type { SaleStep } from './figures.ts';

const EVENT_PATH = `/events/${DEFAULT_EVENT}`;
const WAIT_PATH = `${EVENT_PATH}/wait`;
const ROOM_PATH = `/api${EVENT_PATH}/waiting-room`;
const LINE_PATH = `/api${EVENT_PATH}/line`;

/** Browsers accept Brotli where the address is secure. */
const PAGE_HEADERS = { accept: 'text/html', 'accept-encoding': 'br' };

/** The users of a new system. */
const USERS = 10_000;

/** Milliseconds in which every API knows that a room was switched on or off. */
const ROOM_MS = 1_500;

const joined = z.object({ visitorToken: z.string().min(1) });
const held = z.object({ id: z.string().min(1), status: z.literal('PENDING') });
const paid = z.object({ status: z.literal('PAID') });

/** A step that is repeated: so many times in a second, or as often as it ends. */
export type Load = { repeats: number; connections: number; perSecond?: number | undefined };

type Sent = { headers?: Record<string, string>; body?: unknown };

/** Sends a request and reads its answer. @throws Error where it is refused */
async function request(client: Connection, method: 'GET' | 'POST', path: string, { headers, body }: Sent = {}) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const answer = await client.send(method, path, { headers, body: text });
  if (answer.status >= 202) throw new Error(`${method} ${path} was answered ${answer.status}: ${answer.text}`);
  return answer.text;
}

/** The paths of the assets that a page loads. */
async function assetsOf(url: string): Promise<string[]> {
  const page = await (await fetch(url + WAIT_PATH, { headers: { accept: 'text/html' } })).text();
  const paths = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].flatMap(([, path]) => path ?? []);
  if (paths.length === 0) throw new Error(`${WAIT_PATH} has no assets`);
  return paths;
}

/** Repeats something over some connections, which are spread over the addresses. */
async function repeat(
  urls: readonly string[],
  { repeats, connections, perSecond }: Load,
  once: (client: Connection, index: number) => Promise<unknown>,
): Promise<void> {
  const startedAt = performance.now();
  let next = 0;
  async function run(client: Connection): Promise<void> {
    while (next < repeats) {
      const index = next;
      next += 1;
      const early = perSecond === undefined ? 0 : startedAt + (index / perSecond) * 1000 - performance.now();
      if (early > 0) await sleep(early);
      await once(client, index);
    }
  }
  const clients = Array.from({ length: connections }, (_, i) => createConnection(urls[i % urls.length] as string));
  await Promise.all(clients.map(run)).finally(() => {
    for (const client of clients) client.close();
  });
}

/** Clients of a system, who take the steps of a sale. */
export async function openClients(urls: readonly [string, ...string[]], house: HouseSize) {
  const operate = operatorOf(urls[0]);
  const assets = await assetsOf(urls[0]);
  const random = createRandom(1);
  const tokens: string[] = [];
  let orders = 0;

  async function join(client: Connection, paths: readonly string[]): Promise<string> {
    for (const path of paths) await request(client, 'GET', path, { headers: PAGE_HEADERS });
    const { visitorToken } = joined.parse(JSON.parse(await request(client, 'POST', ROOM_PATH)));
    tokens.push(visitorToken);
    return visitorToken;
  }
  const visit = (client: Connection) => join(client, [EVENT_PATH, WAIT_PATH, ...assets]);
  const poll = (client: Connection, token = '') =>
    request(client, 'GET', ROOM_PATH, { headers: { [VISITOR_TOKEN_HEADER]: token } });

  async function book(client: Connection, index: number): Promise<void> {
    const userId = 1 + (index % USERS);
    const body = { eventId: DEFAULT_EVENT, userId, ...randomRow(random, house), count: 2 };
    const { id } = held.parse(JSON.parse(await request(client, 'POST', '/api/bookings?wait=20', { body })));
    orders += 1;
    const order = { userId, bookingIds: [id], paymentReference: `bench ${orders}` };
    paid.parse(JSON.parse(await request(client, 'POST', '/api/orders', { body: order })));
  }

  const steps: Record<SaleStep, (client: Connection, index: number) => Promise<unknown>> = {
    visit,
    cachedVisit: (client) => join(client, [EVENT_PATH, WAIT_PATH]),
    poll: (client, index) => poll(client, tokens[index % tokens.length]),
    line: (client) => request(client, 'GET', LINE_PATH),
    booking: book,
  };

  return {
    /** Opens the waiting room, from which nobody is admitted, or closes it. */
    async setRoom(mode: 'on' | 'off'): Promise<void> {
      await setRoom(operate, { mode, paused: true });
      await sleep(ROOM_MS);
    },

    take: (step: SaleStep, load: Load) => repeat(urls, load, steps[step]),

    /** Visitors, each of whom polls so many times after joining. */
    wait: (load: Load, polls: number) =>
      repeat(urls, load, async (client) => {
        const token = await visit(client);
        for (let i = 0; i < polls; i += 1) await poll(client, token);
      }),
  };
}

export type Clients = Awaited<ReturnType<typeof openClients>>;
