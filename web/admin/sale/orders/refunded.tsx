import { useEffect, useState } from 'preact/hooks';
import type { Order } from '../../../../shared/contract/tickets.ts';
import type { Operator } from '../../operator-client.ts';
import { ActMessage } from '../kit/act-message.tsx';
import { focusField, Problems, TextField } from '../kit/field.tsx';
import { Question } from '../kit/question.tsx';
import { useAct } from '../kit/use-act.ts';
import { amountProblem, knownMoneyText, minorOf } from '../values/money.ts';

type Props = { operator: Operator; order: Order; changed: (order: Order) => void };

/** Records that money of an order was given back: all that is due, or a part. The page itself moves no money. */
export function Refunded({ operator, order, changed }: Props) {
  const { id, refundDue, currency } = order;
  const [amount, setAmount] = useState('');
  const [note, setNote] = useState('');
  const [problem, setProblem] = useState<string>();
  const act = useAct<Order>(operator);
  const field = `amount.${id}`;
  const minor = amount.trim() === '' || currency === undefined ? undefined : minorOf(amount, currency);
  const sum = knownMoneyText(minor ?? refundDue, currency);

  // The same record, sent again, counts once; another part counts besides. The order as it is now says what was done.
  useEffect(() => {
    if (act.state.step === 'lost') operator.read<Order>(`/api/orders/${id}`).then(changed, () => {});
  }, [act.state]);

  const send = async () => {
    if (amount.trim() !== '' && (minor === undefined || minor === 0)) {
      setProblem(amountProblem(currency ?? 'EUR'));
      focusField(field);
      return;
    }
    setProblem(undefined);
    const body = { ...(minor !== undefined && { amount: minor }), ...(note.trim() !== '' && { note }) };
    const reached = await act.run({ method: 'POST', path: `/api/orders/${id}/refunded`, body });
    if (reached.step === 'done') changed(reached.answer);
  };
  return (
    <Problems.Provider value={new Map(problem === undefined ? [] : [[field, problem]])}>
      <div class="fields">
        {currency !== undefined && (
          <TextField
            path={field}
            label={`Amount in ${currency}`}
            value={amount}
            change={setAmount}
            inputMode="decimal"
            hint="Empty: all that is due."
          />
        )}
        <TextField path={`note.${id}`} label="Note" value={note} change={setNote} hint="No names of persons." />
      </div>
      <Question
        label="Mark as given back …"
        title={`Record that ${sum} was given back?`}
        keep="Not yet"
        confirm="It was given back"
        isSending={act.state.step === 'sending'}
        onConfirm={send}
      >
        <p class="soft">Give the money back at the payment provider first. This record cannot be taken away.</p>
      </Question>
      <ActMessage
        state={act.state}
        doing="Recording"
        lost="It may be recorded, or not: the amount above is read again. Compare it before you repeat this."
      />
    </Problems.Provider>
  );
}
