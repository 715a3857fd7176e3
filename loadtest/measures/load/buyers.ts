import { Agent } from 'undici';
import { type EventView, eventView, seatList } from '../../../shared/contract/events.ts';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { MAX_SEATS_ON_PAGE, MAX_SEATS_PER_REQUEST } from '../../../shared/contract/limits.ts';
import { ConfigError } from '../../../shared/platform/config-error.ts';
import { DEMO_USERS } from '../../../shared/stores/postgres/users.ts';
import { below, pick, type Random } from '../../kit/random.ts';

/** An answer. Its status is 0 where there was none. */
export type Answer = { status: number; body: Record<string, unknown> };

/** A hold that a buyer got. */
export type Hold = { id: string; userId: number; seats: string };

/** Milliseconds after which a request has no answer. */
const TIMEOUT_MS = 90_000;

/** A client of these addresses, in turn. It opens as many connections as it has requests under way. */
export function openClient(urls: readonly string[]) {
  const agent = new Agent({ pipelining: 1, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  let next = 0;
  return {
    async send(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
      next = (next + 1) % urls.length;
      const content = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
      const request = { origin: urls[next] ?? '', path, method, ...(body !== undefined && content) };
      try {
        const { statusCode, body: answer } = await agent.request(request);
        return { status: statusCode, body: (await answer.json()) as Answer['body'] };
      } catch {
        return { status: 0, body: {} }; // a scenario counts it, and its check fails
      }
    },
    close: () => agent.close(),
  };
}

export type Client = ReturnType<typeof openClient>;

/** The name of an answer in a tally: its status, and its code where it has one. */
export const nameOf = ({ status, body }: Answer): string => {
  if (status === 0) return 'no answer';
  return typeof body.code === 'string' ? `${status} ${body.code}` : String(status);
};

/** Answers of a house that fills: seats, sold out, or a user who has released too many holds. */
export const OUTCOMES = /^(20[01]|409 (SOLD_OUT|NO_ADJACENT_SEATS|SEAT_TAKEN|HOLD_COOLDOWN))$/;

/** Every name but these of successful answers. */
export const SUCCESS = /^200$/;

/** The default event. @throws ConfigError where the API does not answer */
export async function readEvent(client: Client): Promise<EventView> {
  const { status, body } = await client.send('GET', `/api/events/${DEFAULT_EVENT}`);
  if (status !== 200) throw new ConfigError(`The API answered ${status} to a request for event ${DEFAULT_EVENT}.`);
  return eventView.parse(body);
}

/** Seats in a random row of the house. */
export function randomWish(random: Random, { zones }: EventView) {
  const zone = pick(random, zones);
  const seats = Math.min(MAX_SEATS_PER_REQUEST, zone.seatsPerRow);
  return { zone: zone.zone, row: 1 + below(random, zone.rows), count: 1 + below(random, seats) };
}

/** One of the demonstration's users. */
export const randomUser = (random: Random): number => 1 + below(random, DEMO_USERS);

/** Labels of the first free seats, at most `max`. */
export async function freeSeats(client: Client, max: number): Promise<string[]> {
  const labels: string[] = [];
  let path: string | undefined = `/api/seats/available?eventId=${DEFAULT_EVENT}&limit=${MAX_SEATS_ON_PAGE}`;
  while (path !== undefined && labels.length < max) {
    const page = seatList.parse((await client.send('GET', path)).body);
    labels.push(...page.seats.map(({ seatNumber }) => seatNumber));
    path = page.next;
  }
  return labels.slice(0, max);
}

/** Holds seats for a user, and waits for the outcome. */
export const holdSeats = (client: Client, userId: number, wish: object): Promise<Answer> =>
  client.send('POST', '/api/bookings?wait=30', { eventId: DEFAULT_EVENT, userId, ...wish });

export const releaseHold = (client: Client, { id, userId }: Pick<Hold, 'id' | 'userId'>): Promise<Answer> =>
  client.send('DELETE', `/api/bookings/${id}`, { userId });
