import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { DEMO_USERS } from '../../../shared/stores/postgres/users.ts';
import { createConnection } from '../../kit/connection.ts';
import { hammer } from '../../kit/hammer.ts';
import { percentile } from '../../kit/statistics.ts';
import { createTally, type Tally } from '../../kit/tally.ts';

/** The view of an honest client: milliseconds to a booking and to a health check, and wrong answers by kind. */
export type Seen = { bookingMs: number[]; healthMs: number[]; failed: Tally };

/** Bookings and health checks that are due in a second: below the limit of one address, 600 bookings in a minute. */
const BOOKINGS_PER_SECOND = 6;
const CHECKS_PER_SECOND = 4;

/** Connections of the honest client: enough for requests that wait while a system stalls for a few seconds. */
const CONNECTIONS = 24;

const refusal = z.object({ code: z.string() });

/** Users of the demonstration book in turn, so that no limit of one buyer is met. */
let nextUser = 0;

/** Books, and sends health checks, at fixed rates for so many seconds. */
export async function measureHonest(url: string, seconds: number): Promise<Seen> {
  const seen: Seen = { bookingMs: [], healthMs: [], failed: createTally() };
  const target = { urls: [url], connections: CONNECTIONS };
  const book = hammer({
    ...target,
    path: '/api/bookings?wait=10',
    requests: Math.ceil(seconds * BOOKINGS_PER_SECOND),
    perSecond: BOOKINGS_PER_SECOND,
    bodyOf: () => {
      nextUser = (nextUser % DEMO_USERS) + 1;
      return JSON.stringify({ eventId: DEFAULT_EVENT, userId: nextUser, count: 1 });
    },
    onAnswer: ({ status, body, ms }) => {
      seen.bookingMs.push(ms);
      if (status !== 201) seen.failed.add(`booking ${status} ${refusal.safeParse(body).data?.code ?? ''}`.trim());
    },
  });
  const check = (path: string) =>
    hammer({
      ...target,
      method: 'GET',
      path,
      requests: Math.ceil(seconds * CHECKS_PER_SECOND),
      perSecond: CHECKS_PER_SECOND,
      onAnswer: ({ status, ms }) => {
        if (path === '/healthz') seen.healthMs.push(ms);
        if (status !== 200) seen.failed.add(`${path} ${status}`);
      },
    });
  const results = await Promise.all([book, check('/healthz'), check('/readyz')]);
  for (const { noAnswer } of results) if (noAnswer > 0) seen.failed.add('no answer', noAnswer);
  return seen;
}

/** The address of a buyer who wants one seat: no other client uses up its limits. */
const BUYER_ADDRESS = '127.0.2.1';

/** Requests a seat once a second, for so many seconds. Returns whether it was booked. */
export async function winsSeat(url: string, seatNumber: string, seconds: number): Promise<boolean> {
  const client = createConnection(url, BUYER_ADDRESS);
  const body = JSON.stringify({ eventId: DEFAULT_EVENT, userId: DEMO_USERS, seatNumber });
  let won = false;
  for (let second = 0; second < seconds && !won; second += 1) {
    await sleep(1_000);
    won = (await client.send('POST', '/api/bookings?wait=10', { body })).status === 201;
  }
  client.close();
  return won;
}

/** The time that 99 of 100 bookings do not exceed, in milliseconds. */
export const p99Of = ({ bookingMs }: Seen): number => percentile(bookingMs, 0.99);
