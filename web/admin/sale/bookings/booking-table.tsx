import { codeOfBooking } from '../../../../shared/contract/booking-code.ts';
import type { Booking } from '../../../../shared/contract/tickets.ts';
import { buyerText, STATUS_WORDS, seatsText, totalText } from '../kit/booking-words.ts';
import { clockText } from '../values/local-times.ts';

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
          <th scope="col">Made ({timeZone})</th>
        </tr>
      </thead>
      <tbody>
        {bookings.map((booking) => (
          <tr key={booking.id}>
            <th scope="row">
              <a href={`#/booking?id=${booking.id}`}>{codeOfBooking(booking.id)}</a>
              {booking.reference !== undefined && <small>{booking.reference}</small>}
            </th>
            <td>{STATUS_WORDS[booking.status]}</td>
            <td>{seatsText(booking)}</td>
            <td>{buyerText(booking)}</td>
            <td>{totalText(booking)}</td>
            <td>{booking.eventId}</td>
            <td>{clockText(booking.createdAt, timeZone)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);
