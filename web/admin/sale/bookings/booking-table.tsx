import { codeOfBooking } from '../../../../shared/contract/booking-code.ts';
import type { Booking } from '../../../../shared/contract/tickets.ts';
import { ScrollingTable } from '../../scrolling-table.tsx';
import { buyerText, STATUS_WORDS, seatsText, totalText } from '../kit/booking-words.ts';
import { clockText } from '../values/local-times.ts';

/** Bookings, each with a link to all that is known of it. */
export const BookingTable = ({ bookings, timeZone }: { bookings: readonly Booking[]; timeZone: string }) => (
  <ScrollingTable
    label="Bookings"
    kind="records"
    isWide
    columns={['Booking', 'Status', 'Seats', 'Buyer', 'Total', 'Event', `Made (${timeZone})`]}
  >
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
  </ScrollingTable>
);
