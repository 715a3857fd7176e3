import { useState } from 'preact/hooks';
import { codeOfBooking } from '../../../../shared/contract/booking-code.ts';
import { titleOf } from '../../../../shared/contract/codes.ts';
import type { Booking, Order } from '../../../../shared/contract/tickets.ts';
import { momentText } from '../../../times.ts';
import type { Operator } from '../../operator-client.ts';
import { buyerText } from '../kit/booking-words.ts';
import { useFocusAfter } from '../kit/use-focus-after.ts';
import { knownMoneyText } from '../values/money.ts';
import { Refunded } from './refunded.tsx';

const STATUS_WORDS: Record<Order['status'], string> = {
  OPEN: 'not decided yet',
  PAID: 'paid',
  REFUND_DUE: 'money to give back',
  REFUNDED: 'given back',
};

/** Why money of an order is due. */
function reasonOf({ code, refundDue = 0, bookings }: Order): string | undefined {
  if (code !== undefined) return `It was not sold: ${titleOf(code)}`;
  if (refundDue === 0) return undefined;
  const isReturned = bookings.some(({ status }) => status === 'RETURNED');
  return isReturned
    ? 'Seats of it were returned.'
    : 'Seats of it were returned or exchanged for cheaper ones, or the event was cancelled.';
}

/** A payment, what is due of it and why, and the record that it was given back. */
export function OrderCard({ operator, first }: { operator: Operator; first: Order }) {
  const [order, setOrder] = useState(first);
  const { id, status, paymentReference, eventId, refundDue, refunded, currency, total, createdAt, bookingIds } = order;
  const isDue = status === 'REFUND_DUE' || (refundDue ?? 0) > 0;
  const reason = reasonOf(order);
  const heading = useFocusAfter<HTMLHeadingElement>(order !== first);
  return (
    <article aria-label={`Payment ${paymentReference}`}>
      <div class="title">
        <h2 tabIndex={-1} ref={heading}>
          {isDue ? `${knownMoneyText(refundDue, currency)} to give back` : knownMoneyText(total, currency)}{' '}
          {!isDue && <span class="soft">{STATUS_WORDS[status]}</span>}
        </h2>
        <code>{paymentReference}</code>
      </div>
      {reason !== undefined && <p>{reason}</p>}
      <p class="soft">
        {buyerText(order)}, {eventId !== undefined && <a href={`#/events/${eventId}`}>event {eventId}</a>},{' '}
        {momentText(createdAt, Intl.DateTimeFormat().resolvedOptions().timeZone)}
        {total !== undefined && `, ${knownMoneyText(total, currency)} in all`}
        {refunded > 0 && `, ${knownMoneyText(refunded, currency)} given back`}.{' '}
        {bookingIds.map((booking, i) => (
          <a key={booking} href={`#/booking?id=${booking}`}>
            {i === 0 ? 'booking ' : ' '}
            {codeOfBooking(booking)}
          </a>
        ))}
      </p>
      {isDue && operator.can('return') && <Refunded key={id} operator={operator} order={order} changed={setOrder} />}
    </article>
  );
}

/** A booking that was sold without an order, in an event that was cancelled: its money is due. */
export const UnpaidCard = ({ booking }: { booking: Booking }) => (
  <article aria-label={`Booking ${codeOfBooking(booking.id)}`}>
    <h2>
      {knownMoneyText(booking.total, booking.currency)} to give back{' '}
      <span class="soft">sold without a payment reference</span>
    </h2>
    <p>
      The event was cancelled. Give the money back where it was paid, then return{' '}
      <a href={`#/booking?id=${booking.id}`}>the booking of {buyerText(booking)}</a>: it leaves this list.
    </p>
  </article>
);
