import { useState } from 'preact/hooks';
import { codeOfBooking } from '../../../../shared/contract/booking-code.ts';
import { MAX_SEATS_PER_REQUEST } from '../../../../shared/contract/limits.ts';
import type { Booking } from '../../../../shared/contract/tickets.ts';
import type { Operator } from '../../operator-client.ts';
import { ActMessage } from '../kit/act-message.tsx';
import { TextField } from '../kit/field.tsx';
import { MissingScope } from '../kit/missing-scope.tsx';
import { Question } from '../kit/question.tsx';
import { useAct } from '../kit/use-act.ts';

type Props = { operator: Operator; eventId: number; blocked: readonly string[] };

/** Sells blocked seats to a buyer, such as a sponsor. No payment is told. */
export function SellBlocked({ operator, eventId, blocked }: Props) {
  const [buyer, setBuyer] = useState('');
  const [reference, setReference] = useState('');
  const act = useAct<Booking>(operator);
  const { state } = act;
  const sell = async () => {
    const body = { seats: blocked, buyer, ...(reference.trim() !== '' && { reference }) };
    await act.run({ method: 'POST', path: `/api/events/${eventId}/sell-blocked`, body });
  };
  const isPossible = blocked.length > 0 && blocked.length <= MAX_SEATS_PER_REQUEST;
  return (
    <section aria-label="Sell blocked seats">
      <h2>Sell blocked seats</h2>
      {state.step === 'done' && (
        <p role="status">
          Sold: <a href={`#/booking?id=${state.answer.id}`}>booking {codeOfBooking(state.answer.id)}</a>.
        </p>
      )}
      {!operator.can('sell') && <MissingScope scope="sell" act="Selling blocked seats" />}
      {operator.can('sell') && !isPossible && (
        <p class="soft">Choose 1 to {MAX_SEATS_PER_REQUEST} blocked seats to sell them to a buyer without a payment.</p>
      )}
      {operator.can('sell') && isPossible && (
        <>
          <div class="fields">
            <TextField path="sell.buyer" label="Buyer, by the shop’s name" value={buyer} change={setBuyer} />
            <TextField path="sell.reference" label="Reference" value={reference} change={setReference} />
          </div>
          <ActMessage state={state} doing="Selling" />
          <Question
            label={`Sell ${blocked.length === 1 ? '1 blocked seat' : `${blocked.length} blocked seats`} …`}
            title={`Sell ${blocked.length === 1 ? 'it' : 'them'} to ${buyer || 'nobody yet'}?`}
            keep="Keep blocked"
            confirm="Sell"
            isDisabled={buyer.trim() === ''}
            isSending={state.step === 'sending'}
            onConfirm={sell}
          >
            <p class="soft">A sale is taken back by returning its booking: the seats are free then, not blocked.</p>
          </Question>
        </>
      )}
    </section>
  );
}
