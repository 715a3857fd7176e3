import type { ChangeRequest } from '../shared/contract/jobs.ts';
import type { Booking } from '../shared/contract/tickets.ts';
import { describeSeat } from '../shared/domain/describe-seat.ts';
import { type House, keepsAccessible, seatOf } from '../shared/domain/house.ts';
import { sharedNowMs } from '../shared/platform/clock.ts';
import type { BookingStore } from '../shared/stores/postgres/bookings.ts';
import type { EventStore } from '../shared/stores/postgres/events.ts';

/** Whether a booking that gives these seats up keeps a companion's seat without the accessible one it belongs to. */
function leavesCompanionAlone(house: House, { seats }: Booking, given: readonly string[]): boolean {
  return seats.some((id) => {
    if (given.includes(id)) return false;
    const { companionOf } = describeSeat(house, seatOf(id));
    return companionOf !== undefined && seats.includes(companionOf) && given.includes(companionOf);
  });
}

/**
 * The live holds that a buyer must not reduce as requested, by the tickets of the requests: a companion's seat would
 * stay alone while such seats are kept. A reduction that an earlier delivery made is not among them: its booking has
 * the accessible seat no more.
 */
export async function findLoneCompanions(
  { bookings, events }: { bookings: Pick<BookingStore, 'findNow'>; events: Pick<EventStore, 'layout'> },
  requests: readonly ChangeRequest[],
): Promise<Map<string, Booking>> {
  const found = new Map<string, Booking>();
  for (const { ticketId, kind, bookingId, userId, seats } of requests) {
    if (kind !== 'reduce' || seats === undefined) continue;
    const booking = await bookings.findNow(bookingId);
    if (booking?.status !== 'PENDING' || booking.userId !== userId) continue;
    const house = await events.layout(booking.eventId);
    if (house === undefined || !keepsAccessible(house, sharedNowMs())) continue;
    if (leavesCompanionAlone(house, booking, seats)) found.set(ticketId, booking);
  }
  return found;
}
