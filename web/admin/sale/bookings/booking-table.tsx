import type { Booking } from '../../../../shared/contract/tickets.ts';
import { momentText } from '../../../times.ts';
import { buyerText, STATUS_WORDS, seatText, shortId, totalText } from '../kit/booking-words.ts';

/** Seats of a booking that a line names. */
const NAMED_SEATS = 3;

function seatsText({ items, seats }: Booking): string {
  const names = items?.map(seatText) ?? seats;
  const more = names.length - NAMED_SEATS;
  return more > 0 ? `${names.slice(0, NAMED_SEATS).join(', ')} and ${more} more` : names.join(', ');
}

/** Bookings, each with a link to all that is known of it. */
export const BookingTable = ({ bookings, timeZone }: { bookings: readonly Booking[]; timeZone: string }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users can scroll it
  <section class="scrolls wide" tabIndex={0} aria-label="Bookings">
    <table class="records">
      <thead>
        <tr>
          <th scope="col">Booking</th>
          <th scope="col">Status</th>
          <th scope="col">Seats</th>
          <th scope="col">Buyer</th>
          <th scope="col">Total</th>
          <th scope="col">Event</th>
          <th scope="col">Made</th>
        </tr>
      </thead>
      <tbody>
        {bookings.map((booking) => (
          <tr key={booking.id}>
            <th scope="row">
              <a href={`#/booking?id=${booking.id}`} aria-label={`Booking ${booking.id}`}>
                {booking.reference ?? shortId(booking.id)}
              </a>
            </th>
            <td>{STATUS_WORDS[booking.status]}</td>
            <td>{seatsText(booking)}</td>
            <td>{buyerText(booking)}</td>
            <td>{totalText(booking)}</td>
            <td>{booking.eventId}</td>
            <td>{momentText(booking.createdAt, timeZone)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);
