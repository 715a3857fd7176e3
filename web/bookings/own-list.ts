import type { EventView } from '../../shared/contract/events.ts';
import type { Booking } from '../../shared/contract/tickets.ts';
import { get } from '../frontrow.ts';
import { isFinal } from '../refused.ts';
import { allStoredBookings, storedSession } from '../stored-values.ts';

/** Bookings that a page of the list shows, and of this browser's that are read at most. */
const ON_PAGE = 20;

/** A booking with its event. */
export type OwnBooking = { booking: Booking; event: EventView };

/** A page of bookings, the newest first. `next`: the address of the older ones. */
export type OwnPage = { own: OwnBooking[]; next?: string | undefined };

/**
 * Reads a page of bookings: the account's, or without one those that this browser remembers. @throws FrontrowError
 *
 * @param next the `next` of the page before
 */
export async function readOwnPage(next?: string): Promise<OwnPage> {
  const session = storedSession().read();
  if (session === undefined) return { own: await withEvents(await readRemembered()) };
  const path = next ?? `/api/bookings?userId=${session.id}&limit=${ON_PAGE}`;
  const page = await get<{ bookings: Booking[]; next?: string }>(path);
  return { own: await withEvents(page.bookings), next: page.next };
}

/** Reads a booking and its event. @throws FrontrowError */
export async function readOwn(id: string): Promise<OwnBooking> {
  const booking = await get<Booking>(`/api/bookings/${id}`);
  return { booking, event: await get<EventView>(`/api/events/${booking.eventId}`) };
}

/** The bookings of this browser, the newest first. One that no longer exists is left out. */
async function readRemembered(): Promise<Booking[]> {
  const ids = allStoredBookings().map(({ id }) => id);
  // The leading time of an id orders them.
  const newest = [...new Set(ids)].sort().reverse().slice(0, ON_PAGE);
  const read = newest.map((id) => get<Booking>(`/api/bookings/${id}`).catch(withoutUnknown));
  return (await Promise.all(read)).filter((booking) => booking !== undefined);
}

function withoutUnknown(fault: unknown): undefined {
  if (!isFinal(fault)) throw fault;
}

async function withEvents(bookings: readonly Booking[]): Promise<OwnBooking[]> {
  const ids = [...new Set(bookings.map(({ eventId }) => eventId))];
  const events = new Map(
    await Promise.all(ids.map(async (id) => [id, await get<EventView>(`/api/events/${id}`)] as const)),
  );
  return bookings.flatMap((booking) => {
    const event = events.get(booking.eventId);
    return event === undefined ? [] : [{ booking, event }];
  });
}
