import { useState } from 'preact/hooks';
import type { EventView } from '../../../../shared/contract/events.ts';
import type { Booking } from '../../../../shared/contract/tickets.ts';
import type { Operator } from '../../operator-client.ts';
import { ActMessage } from '../kit/act-message.tsx';
import { seatsText, totalText } from '../kit/booking-words.ts';
import { focusField, ProblemOf, Problems, SelectField, TextField } from '../kit/field.tsx';
import { MissingScope } from '../kit/missing-scope.tsx';
import { Question } from '../kit/question.tsx';
import { useAct } from '../kit/use-act.ts';
import { moneyText } from '../values/money.ts';
import { type ExchangeForm, exchangeBody } from './exchange-body.ts';
import { ExchangeSeats } from './exchange-seats.tsx';

type Props = {
  operator: Operator;
  booking: Booking;
  event: EventView;
  houseChanged: () => void;
  changed: (booking: Booking) => void;
};

/** Gives a sold booking other seats. Dearer ones need the payment of the difference. */
export function Exchange({ operator, booking, event, houseChanged, changed }: Props) {
  const [form, setForm] = useState<ExchangeForm>(() => firstForm(booking));
  const [problems, setProblems] = useState<ReadonlyMap<string, string>>(new Map());
  const [before, setBefore] = useState<Booking>();
  const act = useAct<Booking>(operator);
  const change = (part: Partial<ExchangeForm>) => setForm((last) => ({ ...last, ...part }));
  const needsPayment = act.state.step === 'refused' && act.state.fault.code === 'PAYMENT_REQUIRED';
  const send = async () => {
    const built = exchangeBody(form, event.currency);
    if ('problem' in built) {
      setProblems(new Map([[built.problem.path, built.problem.message]]));
      focusField(built.problem.path);
      return;
    }
    setProblems(new Map());
    const path = `/api/bookings/${booking.id}/exchange`;
    const reached = await act.run({ method: 'POST', path, body: built.body });
    if (reached.step !== 'done') return;
    setBefore(booking);
    changed(reached.answer);
    setForm(firstForm(reached.answer));
  };
  return (
    <section aria-label="Exchange">
      <h2>Exchange</h2>
      {before !== undefined && act.state.step === 'done' && (
        <p role="status">{outcomeText(before, act.state.answer)}</p>
      )}
      {booking.status !== 'CONFIRMED' ? (
        <p class="soft">Only sold seats are exchanged here. Buyers exchange their holds themselves.</p>
      ) : (
        <Problems.Provider value={problems}>
          <Wish booking={booking} event={event} houseChanged={houseChanged} form={form} change={change} />
          <TextField
            path="exchange.reason"
            label="Reason"
            value={form.reason}
            change={(reason) => change({ reason })}
            hint="The audit trail keeps it. No names of persons."
          />
          {(needsPayment || form.paymentReference !== '') && (
            <Payment operator={operator} currency={event.currency} form={form} change={change} />
          )}
          <ActMessage state={act.state} doing="Exchanging" />
          <Question
            label="Exchange …"
            title="Exchange the seats of this booking?"
            keep="Keep the seats"
            confirm="Exchange them"
            isSending={act.state.step === 'sending'}
            onConfirm={send}
          >
            <p class="soft">
              The old seats are free again, and may be sold at once. It costs {totalText(booking)} now: a cheaper choice
              makes the difference due to be given back, a dearer one is refused without its payment.
            </p>
          </Question>
        </Problems.Provider>
      )}
    </section>
  );
}

const firstForm = ({ seats }: Booking): ExchangeForm => ({
  how: 'best',
  count: String(seats.length),
  zone: '',
  category: '',
  seats: [],
  reason: '',
  paymentReference: '',
  amount: '',
});

/** The new seats, and how the total has changed as the API tells it. */
function outcomeText(before: Booking, after: Booking): string {
  const { total, currency } = after;
  const told = `Exchanged. The booking has ${seatsText(after)} now.`;
  if (total === undefined || before.total === undefined || currency === undefined) return told;
  const difference = total - before.total;
  if (difference === 0) return `${told} It costs the same.`;
  const [size, word] = [moneyText(Math.abs(difference), currency), difference < 0 ? 'less' : 'more'];
  return `${told} It costs ${moneyText(total, currency)}: ${size} ${word} than before.`;
}

type PartProps = { form: ExchangeForm; change: (part: Partial<ExchangeForm>) => void };

type WishProps = PartProps & Pick<Props, 'booking' | 'event' | 'houseChanged'>;

function Wish({ booking, event, houseChanged, form, change }: WishProps) {
  const zones = [
    ['', 'any'] as const,
    ...event.zones.map((zone) => [String(zone.zone), zone.name ?? `Zone ${zone.zone}`] as const),
  ];
  const categories = [['', 'any'] as const, ...event.categories.map(({ name }) => [name, name] as const)];
  return (
    <>
      <fieldset class="ways">
        <legend>The new seats</legend>
        {(['best', 'exact'] as const).map((how) => (
          <label key={how}>
            <input type="radio" name="how" checked={form.how === how} onChange={() => change({ how })} />
            {how === 'best' ? 'the best seats together' : 'exactly these seats'}
          </label>
        ))}
      </fieldset>
      {form.how === 'best' ? (
        <div class="fields">
          <TextField
            path="count"
            label="Seats"
            value={form.count}
            change={(count) => change({ count })}
            inputMode="numeric"
          />
          <SelectField
            path="exchange.zone"
            label="Zone"
            value={form.zone}
            change={(zone) => change({ zone })}
            options={zones}
          />
          {event.categories.length > 0 && (
            <SelectField
              path="exchange.category"
              label="Category"
              value={form.category}
              change={(category) => change({ category })}
              options={categories}
            />
          )}
        </div>
      ) : (
        <div data-field="seats" class="exact">
          <ProblemOf path="seats" />
          <ExchangeSeats
            booking={booking}
            event={event}
            houseChanged={houseChanged}
            seats={form.seats}
            choose={(seats) => change({ seats })}
          />
        </div>
      )}
    </>
  );
}

function Payment({ operator, currency, form, change }: PartProps & { operator: Operator; currency: string }) {
  if (!operator.can('sell')) return <MissingScope scope="sell" act="Telling the payment of a difference" />;
  return (
    <>
      <p class="soft">
        Take the difference first, then tell its payment here. An amount that is not the difference exchanges nothing,
        and becomes due to be given back.
      </p>
      <div class="fields">
        <TextField
          path="exchange.paymentReference"
          label="Payment reference"
          value={form.paymentReference}
          change={(paymentReference) => change({ paymentReference })}
        />
        <TextField
          path="amount"
          label={`Amount in ${currency}`}
          value={form.amount}
          change={(amount) => change({ amount })}
          inputMode="decimal"
        />
      </div>
    </>
  );
}
