import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { startNodePart } from '../../../commands/supervise/node-part.ts';
import type { Booking, Order } from '../../../shared/contract/tickets.ts';
import type { FeedEnd } from '../../../shared/stores/postgres/feed.ts';
import { cursorOfEntry } from '../../../shared/stores/postgres/orders.ts';
import { between, type Random } from '../../kit/random.ts';
import type { Rig } from '../../kit/rig.ts';
import type { Stores } from '../../kit/stores.ts';
import { type FeedState, numberOf, readJournal, replay } from './feed-journal.ts';
import type { ChaosRig } from './rig.ts';

/*
 * The promise of the feed: a reader of it, killed at random moments, has the bookings and orders of PostgreSQL.
 */

/** Milliseconds that the reader lives between two kills. */
const MIN_LIFE_MS = 300;
const MAX_LIFE_MS = 2_500;

/** Milliseconds in which it has read everything, once nothing changes. */
const CATCH_UP_MS = 60_000;

/** Orders of a page. */
const ORDERS_AT_ONCE = 500;

/** The reader of a run. `stopKills`: from then on it lives. */
export type FeedReader = { journal: string; kills: () => number; stopKills: () => Promise<void> };

async function makeKey([url = '']: readonly string[]): Promise<string> {
  const answer = await fetch(`${url}/admin/keys`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'reader of the feed', scopes: ['read'] }),
  });
  return z.object({ key: z.string() }).parse(await answer.json()).key;
}

/** Starts a reader of the feed as a process of its own, and kills it again and again. */
export async function startReader(rig: Rig, { urls, folder }: ChaosRig, random: Random): Promise<FeedReader> {
  const journal = join(folder, 'feed.jsonl');
  const args = [journal, await makeKey(urls), ...urls];
  const logFile = join(folder, 'feed-consumer.log');
  const start = () => startNodePart('loadtest/proofs/chaos/feed-consumer', { environment: process.env, logFile, args });
  const stopping = new AbortController();
  let kills = 0;
  let reader = await start();
  const kill = async () => {
    process.kill(reader.pid, 'SIGKILL');
    await reader.exited;
  };
  const killing = (async () => {
    for (;;) {
      await sleep(between(random, MIN_LIFE_MS, MAX_LIFE_MS), undefined, { signal: stopping.signal }).catch(
        () => undefined,
      );
      if (stopping.signal.aborted) return;
      await kill();
      kills += 1;
      reader = await start();
    }
  })();
  const stopKills = async () => {
    stopping.abort();
    await killing;
  };
  rig.onClose(async () => {
    await stopKills();
    await kill();
  });
  return { journal, kills: () => kills, stopKills };
}

/** Replays what the reader has, once it has read to the end; after a while as it is. */
async function caughtUp({ feed }: Stores, { journal }: FeedReader): Promise<{ state: FeedState; end: FeedEnd }> {
  const deadline = performance.now() + CATCH_UP_MS;
  for (;;) {
    const end = await feed.end();
    const state = replay(readJournal(journal));
    const isAtEnd = state.cursor?.startsWith(end.epoch) && numberOf(state.cursor) >= end.last;
    if (isAtEnd || performance.now() > deadline) return { state, end };
    await sleep(200);
  }
}

/** All bookings and decided orders of PostgreSQL, as APIs show them. */
async function readAll({ records, orders }: Stores) {
  const bookings = new Map<string, Booking>();
  for await (const page of records.exportAll({})) for (const booking of page) bookings.set(booking.id, booking);
  const decided = new Map<string, Omit<Order, 'bookings'>>();
  let page = await orders.list({}, undefined, ORDERS_AT_ONCE);
  while (page.length > 0) {
    for (const { order } of page) {
      if (order === null || order.status === 'OPEN') continue;
      const { bookings: _, ...fields } = order;
      decided.set(order.id, fields);
    }
    page = await orders.list({}, cursorOfEntry(page.at(-1) as (typeof page)[number]), ORDERS_AT_ONCE);
  }
  return { bookings, orders: decided };
}

/** Where what the feed led to is not what PostgreSQL has. */
const differencesIn = <Kept>(what: string, read: ReadonlyMap<string, Kept>, saved: ReadonlyMap<string, Kept>) =>
  [...new Set([...read.keys(), ...saved.keys()])]
    .filter((id) => !isDeepStrictEqual(read.get(id), saved.get(id)))
    .map((id) => `${what} ${id}: ${textOf(read.get(id))} by the feed, ${textOf(saved.get(id))} in PostgreSQL`);

const textOf = (kept: unknown): string => (kept === undefined ? 'not there' : JSON.stringify(kept));

/**
 * Compares what a reader of the feed knows, once nothing changes any more, with PostgreSQL.
 *
 * @param mayExpire whether a standby was promoted: numbers begin anew, and so does the reader
 */
export async function judgeFeed(
  stores: Stores,
  reader: FeedReader,
  { mayExpire }: { mayExpire: boolean },
): Promise<{ changes: number; kills: number; feed: string[] }> {
  const { state, end } = await caughtUp(stores, reader);
  const saved = await readAll(stores);
  const { bookings, orders, changes, contradictions, cursor, restarts } = state;
  const feed = [...contradictions];
  if (cursor === undefined || numberOf(cursor) < end.last) feed.push(`it has read to ${cursor} of ${end.last}`);
  if (restarts > 0 && !mayExpire) feed.push('its cursor was refused');
  feed.push(...differencesIn('booking', bookings, saved.bookings), ...differencesIn('order', orders, saved.orders));
  return { changes, kills: reader.kills(), feed };
}
