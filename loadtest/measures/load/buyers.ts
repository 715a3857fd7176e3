import { type EventView, eventView, seatList } from '../../../shared/contract/events.ts';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { DEFAULT_MAX_SEATS, MAX_SEATS_ON_PAGE } from '../../../shared/contract/limits.ts';
import { ConfigError } from '../../../shared/platform/config-error.ts';
import { DEMO_USERS } from '../../../shared/stores/postgres/users.ts';
import type { Client, Reply } from '../../kit/client.ts';
import { below, pick, type Random } from '../../kit/random.ts';

/** A hold that a buyer got. */
export type Hold = { id: string; userId: number; seats: string };

/** The name of an answer in a tally: its status, and its code where it has one. */
export const nameOf = ({ status, body }: Reply): string => {
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
  const seats = Math.min(DEFAULT_MAX_SEATS, zone.seatsPerRow);
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
export const holdSeats = (client: Client, userId: number, wish: object): Promise<Reply> =>
  client.send('POST', '/api/bookings?wait=30', { eventId: DEFAULT_EVENT, userId, ...wish });

export const releaseHold = (client: Client, { id, userId }: Pick<Hold, 'id' | 'userId'>): Promise<Reply> =>
  client.send('DELETE', `/api/bookings/${id}`, { userId });
