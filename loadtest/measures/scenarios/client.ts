import { Agent } from 'undici';
import { type EventView, eventView, seatList } from '../../../shared/contract/events.ts';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { MAX_SEATS_ON_PAGE, MAX_SEATS_PER_REQUEST } from '../../../shared/contract/limits.ts';
import { ConfigError } from '../../../shared/platform/config-error.ts';
import { DEMO_USERS } from '../../../shared/stores/postgres/users.ts';
import { percentile } from '../../kit/statistics.ts';

/** An answer; status 0 where there was none. */
export type Answer = { status: number; body: Record<string, unknown> };

/** Milliseconds after which a request has no answer. */
const TIMEOUT_MS = 90_000;

/** A client of these addresses, which takes them in turn. It opens as many connections as it has requests under way. */
export function openClient(urls: readonly string[]) {
  const agent = new Agent({ pipelining: 1, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  let turn = 0;
  return {
    async send(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
      turn = (turn + 1) % urls.length;
      const content = body === undefined ? {} : { body: JSON.stringify(body) };
      try {
        const { statusCode, body: answer } = await agent.request({
          origin: urls[turn] ?? '',
          path,
          method,
          headers: body === undefined ? {} : { 'content-type': 'application/json' },
          ...content,
        });
        return { status: statusCode, body: (await answer.json()) as Answer['body'] };
      } catch {
        return { status: 0, body: {} }; // counted by who asked: a scenario fails where it says so
      }
    },
    close: () => agent.close(),
  };
}

export type Client = ReturnType<typeof openClient>;

/** The outcomes of a request in a house that fills: seats, sold out, or a user who has let too many holds go. */
export const OUTCOMES = /^(20[01]|409 (SOLD_OUT|NO_ADJACENT_SEATS|SEAT_TAKEN|HOLD_COOLDOWN))$/;

/** Counts of answers by status and code. */
export function createTally() {
  const counts = new Map<string, number>();
  return {
    add({ status, body }: Answer): void {
      const name =
        status === 0 ? 'no answer' : typeof body.code === 'string' ? `${status} ${body.code}` : String(status);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    },
    of: (name: string) => counts.get(name) ?? 0,
    /** How many are none of the names that may be. */
    except: (names: RegExp) =>
      [...counts].filter(([name]) => !names.test(name)).reduce((sum, [, count]) => sum + count, 0),
    words: () => [...counts].map(([name, count]) => `${name}: ${count}`).join(', ') || 'none',
  };
}

/** p50, p95 and p99 in words. */
export const timesOf = (ms: readonly number[]): string =>
  [0.5, 0.95, 0.99].map((share) => `p${share * 100} ${percentile(ms, share).toFixed(1)} ms`).join(', ');

/** What the default event's house is like, as its users see it. */
export async function readEvent(client: Client): Promise<EventView> {
  const { status, body } = await client.send('GET', `/api/events/${DEFAULT_EVENT}`);
  if (status !== 200) throw new ConfigError(`The API does not tell of event ${DEFAULT_EVENT}: it answered ${status}.`);
  return eventView.parse(body);
}

/** A row of the house and a number of seats, at random. */
export function randomWish(random: () => number, { zones }: EventView) {
  const zone = zones[Math.floor(random() * zones.length)];
  const seats = Math.min(MAX_SEATS_PER_REQUEST, zone?.seatsPerRow ?? 1);
  return {
    zone: zone?.zone ?? 1,
    row: 1 + Math.floor(random() * (zone?.rows ?? 1)),
    count: 1 + Math.floor(random() * seats),
  };
}

/** Labels of free seats, so many as there are up to `most`, from the front. */
export async function freeSeats(client: Client, most: number): Promise<string[]> {
  const labels: string[] = [];
  let path: string | undefined = `/api/seats/available?eventId=${DEFAULT_EVENT}&limit=${MAX_SEATS_ON_PAGE}`;
  while (path !== undefined && labels.length < most) {
    const page = seatList.parse((await client.send('GET', path)).body);
    labels.push(...page.seats.map(({ seatNumber }) => seatNumber));
    path = page.next;
  }
  return labels.slice(0, most);
}

/** One of the users that the demonstration has. */
export const randomUser = (random: () => number) => 1 + Math.floor(random() * DEMO_USERS);
