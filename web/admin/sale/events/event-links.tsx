/** The pages of one event, and the one that buyers see. */
export function EventLinks({ id, here }: { id: number; here: 'event' | 'seats' }) {
  return (
    <ul class="links">
      {here !== 'event' && (
        <li>
          <a href={`#/events/${id}`}>Settings, prices and zones</a>
        </li>
      )}
      {here !== 'seats' && (
        <li>
          <a href={`#/events/${id}/seats`}>Seats</a>
        </li>
      )}
      <li>
        <a href={`#/bookings?eventId=${id}`}>Bookings</a>
      </li>
      <li>
        <a href={`#/orders?eventId=${id}`}>Payments</a>
      </li>
      <li>
        <a href={`/events/${id}`}>The page for buyers</a>
      </li>
    </ul>
  );
}
