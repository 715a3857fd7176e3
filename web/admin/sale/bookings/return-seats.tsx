import { useState } from 'preact/hooks';
import type { Booking } from '../../../../shared/contract/tickets.ts';
import type { Operator } from '../../operator-client.ts';
import { ActMessage } from '../kit/act-message.tsx';
import { seatsText, seatText } from '../kit/booking-words.ts';
import { CheckField, TextField } from '../kit/field.tsx';
import { Question } from '../kit/question.tsx';
import { useAct } from '../kit/use-act.ts';
import { useFocusAfter } from '../kit/use-focus-after.ts';

type Props = {
  operator: Operator;
  id: string;
  /** Undefined: this key may not read it. All of it can be returned. */
  booking: Booking | undefined;
  changed: (booking: Booking) => void;
};

/** Takes sold seats back: all of a booking, or some. */
export function ReturnSeats({ operator, id, booking, changed }: Props) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [reason, setReason] = useState('');
  const act = useAct<Booking>(operator);
  const heading = useFocusAfter<HTMLHeadingElement>(act.state.step === 'done');
  const seats = booking?.seats ?? [];
  const wanted = seats.filter((seat) => chosen.has(seat));
  const isSome = wanted.length > 0 && wanted.length < seats.length;
  const names = new Map(booking?.items?.map((item) => [item.seat, seatText(item)]));
  const what = isSome ? `${wanted.length} of ${seats.length} seats` : 'the whole booking';
  const send = async () => {
    const body = { ...(isSome && { seats: wanted }), ...(reason.trim() !== '' && { reason }) };
    const reached = await act.run({ method: 'POST', path: `/api/bookings/${id}/return`, body });
    if (reached.step !== 'done') return;
    setChosen(new Set());
    changed(reached.answer);
  };
  const choose = (seat: string) => (isChosen: boolean) =>
    setChosen((last) => new Set(isChosen ? [...last, seat] : [...last].filter((one) => one !== seat)));
  const isSold = booking === undefined || booking.status === 'CONFIRMED';
  return (
    <section aria-label="Return">
      <h2 tabIndex={-1} ref={heading}>
        Return
      </h2>
      {act.state.step === 'done' && (
        <p role="status">
          {outcomeText(act.state.answer)}{' '}
          {act.state.answer.orderId !== undefined && (
            <a href={`#/orders?id=${act.state.answer.orderId}`}>Give its money back</a>
          )}
        </p>
      )}
      {!isSold && act.state.step !== 'done' && <p class="soft">Only sold seats can be returned.</p>}
      {isSold && (
        <>
          {seats.length > 1 && (
            <fieldset class="ways">
              <legend>Seats to return; none chosen: all</legend>
              {seats.map((seat) => (
                <CheckField
                  key={seat}
                  path={`return.${seat}`}
                  label={names.get(seat) ?? seat}
                  value={chosen.has(seat)}
                  change={choose(seat)}
                />
              ))}
            </fieldset>
          )}
          <TextField
            path="return.reason"
            label="Reason"
            value={reason}
            change={setReason}
            hint="The audit trail keeps it. No names of persons."
          />
          <Question
            label={`Return ${what} …`}
            title={`Return ${what}?`}
            keep="Keep it"
            confirm="Return it"
            isSending={act.state.step === 'sending'}
            onConfirm={send}
          >
            <p class="soft">
              The seats are free again, and may be sold at once. The money of a booking with a payment becomes due to be
              given back.
            </p>
          </Question>
          <ActMessage state={act.state} doing="Returning" />
        </>
      )}
    </section>
  );
}

const outcomeText = (booking: Booking): string =>
  booking.status === 'RETURNED' ? 'The booking is returned.' : `Returned. The booking keeps ${seatsText(booking)}.`;
