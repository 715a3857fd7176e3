import { useEffect, useState } from 'preact/hooks';
import { codeOfBooking } from '../../../../shared/contract/booking-code.ts';
import type { EventView } from '../../../../shared/contract/events.ts';
import type { Booking } from '../../../../shared/contract/tickets.ts';
import { isRefused } from '../../../refused.ts';
import { momentText } from '../../../times.ts';
import type { Operator } from '../../operator-client.ts';
import type { PageProps } from '../../page-props.ts';
import { ScrollingTable } from '../../scrolling-table.tsx';
import { useRead } from '../../use-read.ts';
import { buyerText, STATUS_WORDS, seatText, totalText } from '../kit/booking-words.ts';
import { MissingScope } from '../kit/missing-scope.tsx';
import { ReadFault } from '../kit/read-fault.tsx';
import { BookingHistory } from './booking-history.tsx';
import { Exchange } from './exchange.tsx';
import { isBookingId } from './filter.ts';
import { ReturnSeats } from './return-seats.tsx';

/** `/admin#/booking?id=…`: one booking, its history, its return and its exchange. */
export function BookingPage({ operator, route }: PageProps) {
  const id = route.query.get('id') ?? '';
  return isBookingId(id) ? <OneBooking key={id} operator={operator} id={id} /> : <h1>No such booking</h1>;
}

function OneBooking({ operator, id }: { operator: Operator; id: string }) {
  const { answer, fault } = useRead<Booking>(operator, `/api/bookings/${id}`);
  const [changed, setChanged] = useState<Booking>();
  useEffect(() => setChanged(undefined), [answer]);
  useEffect(() => {
    document.title = `Booking ${codeOfBooking(id)} · Frontrow`;
  }, [id]);
  const booking = changed ?? answer;
  const { answer: event, readAgain } = useRead<EventView>(operator, booking && `/api/events/${booking.eventId}`);
  const mayReturn = operator.can('return');
  if (booking === undefined) {
    const isHidden = isRefused(fault) && fault.code === 'FORBIDDEN';
    if (!isHidden) return <ReadFault title={`Booking ${codeOfBooking(id)}`} fault={fault} />;
    return (
      <>
        <h1>Booking {codeOfBooking(id)}</h1>
        <MissingScope scope="read" act="Reading a booking" />
        {mayReturn && <ReturnSeats operator={operator} id={id} booking={undefined} changed={setChanged} />}
      </>
    );
  }
  return (
    <>
      <h1>Booking {codeOfBooking(id)}</h1>
      <Facts booking={booking} event={event} />
      {!mayReturn && <MissingScope scope="return" act="Returning and exchanging seats" />}
      {mayReturn && <ReturnSeats operator={operator} id={id} booking={booking} changed={setChanged} />}
      {mayReturn && event !== undefined && (
        <Exchange
          key={booking.eventId}
          operator={operator}
          booking={booking}
          event={event}
          houseChanged={readAgain}
          changed={setChanged}
        />
      )}
      <BookingHistory operator={operator} booking={booking} timeZone={event?.timeZone ?? 'UTC'} />
    </>
  );
}

/** The facts of a booking, and each of its seats with its price. */
function Facts({ booking, event }: { booking: Booking; event: EventView | undefined }) {
  const { id, eventId, status, createdAt, expiresAt, orderId, items, seats, currency, metadata } = booking;
  const timeZone = event?.timeZone ?? 'UTC';
  const facts = [
    ['Status', STATUS_WORDS[status]],
    ['Event', <a href={`#/events/${eventId}`}>{event?.name ?? `event ${eventId}`}</a>],
    ['Buyer', buyerText(booking)],
    ['Reference', booking.reference],
    ['Total', totalText(booking)],
    ['Made', momentText(createdAt, timeZone)],
    ['Hold ends', status === 'PENDING' && expiresAt !== undefined ? momentText(expiresAt, timeZone) : undefined],
    ['Id', <code>{id}</code>],
    ['Payment', orderId === undefined ? undefined : <a href={`#/orders?id=${orderId}`}>its order</a>],
    ['Notes of the shop', metadata === undefined ? undefined : <code>{JSON.stringify(metadata)}</code>],
  ] as const;
  return (
    <>
      <dl class="facts">
        {facts.map(([name, value]) =>
          value === undefined ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
      <ScrollingTable label="Seats of the booking" kind="records" columns={['Seat', 'Id', 'Category', 'Price']}>
        {(items ?? seats.map((seat) => ({ seat, price: undefined, category: undefined, type: undefined }))).map(
          (item) => (
            <tr key={item.seat}>
              <th scope="row">{item.price === undefined ? item.seat : seatText(item)}</th>
              <td>{item.seat}</td>
              <td>{[item.category, item.type].filter((part) => part !== undefined).join(', ')}</td>
              <td>{item.price === undefined ? '' : totalText({ total: item.price, currency })}</td>
            </tr>
          ),
        )}
      </ScrollingTable>
    </>
  );
}
