import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Booking, Order } from '../../../../shared/contract/tickets.ts';
import type { Operator } from '../../operator-client.ts';
import type { PageProps } from '../../page-props.ts';
import { useRead } from '../../use-read.ts';
import { SelectField, TextField } from '../kit/field.tsx';
import { MissingScope } from '../kit/missing-scope.tsx';
import { faultText } from '../kit/read-fault.tsx';
import { usePages } from '../kit/use-pages.tsx';
import { OrderCard, UnpaidCard } from './order-card.tsx';

const STATUSES = [
  ['REFUND_DUE', 'money to give back'],
  ['', 'any'],
  ['PAID', 'paid'],
  ['OPEN', 'not decided yet'],
  ['REFUNDED', 'given back'],
] as const;

/** Orders on a page. */
const PAGE_SIZE = 25;

type Entry = { order: Order } | { order: null; booking: Booking };
type OrderPage = { entries: Entry[]; next?: string };

/** `/admin#/orders`: payments, first those whose money has to be given back. */
export function OrdersPage({ operator, route }: PageProps) {
  useEffect(() => {
    document.title = 'Payments · Frontrow';
  }, []);
  const id = route.query.get('id');
  return (
    <>
      <h1>Payments</h1>
      {!operator.can('return') && <MissingScope scope="return" act="Recording that money was given back" />}
      {!operator.can('read') ? (
        <MissingScope scope="read" act="Reading payments" />
      ) : id !== null ? (
        <OneOrder operator={operator} id={id} />
      ) : (
        <Search operator={operator} query={route.query} />
      )}
    </>
  );
}

function OneOrder({ operator, id }: { operator: Operator; id: string }) {
  const { answer, fault } = useRead<Order>(operator, `/api/orders/${id}`);
  return (
    <>
      {answer === undefined && fault === undefined && <p role="status">Loading …</p>}
      {fault !== undefined && <p role="alert">{faultText(fault)}</p>}
      {answer !== undefined && <OrderCard operator={operator} first={answer} />}
      <p>
        <a href="#/orders">All payments</a>
      </p>
    </>
  );
}

function Search({ operator, query }: { operator: Operator; query: URLSearchParams }) {
  const [status, setStatus] = useState(query.get('status') ?? 'REFUND_DUE');
  const [eventId, setEventId] = useState(query.get('eventId') ?? '');
  const [reference, setReference] = useState(query.get('paymentReference') ?? '');
  useEffect(() => {
    setStatus(query.get('status') ?? 'REFUND_DUE');
    setEventId(query.get('eventId') ?? '');
    setReference(query.get('paymentReference') ?? '');
  }, [query]);
  const find = (e: SubmitEvent) => {
    e.preventDefault();
    const wanted = new URLSearchParams({ status });
    if (eventId.trim() !== '') wanted.set('eventId', eventId.trim());
    if (reference.trim() !== '') wanted.set('paymentReference', reference.trim());
    location.hash = `#/orders?${wanted}`;
  };
  return (
    <>
      <search>
        <form onSubmit={find}>
          <div class="fields">
            <SelectField path="status" label="Status" value={status} change={setStatus} options={STATUSES} />
            <TextField
              path="eventId"
              label="Number of the event"
              value={eventId}
              change={setEventId}
              inputMode="numeric"
            />
            <TextField path="paymentReference" label="Payment reference" value={reference} change={setReference} />
          </div>
          <button type="submit" class="action">
            Find
          </button>
        </form>
      </search>
      <Found key={query.toString()} operator={operator} query={query} />
    </>
  );
}

/** The address of a search. Without a status it is for money that is due. */
function addressOf(query: URLSearchParams): string {
  const wanted = new URLSearchParams({ limit: String(PAGE_SIZE) });
  const status = query.get('status') ?? 'REFUND_DUE';
  if (status !== '') wanted.set('status', status);
  for (const name of ['eventId', 'paymentReference']) {
    const value = query.get(name);
    if (value) wanted.set(name, value);
  }
  return `/api/orders?${wanted}`;
}

function Found({ operator, query }: { operator: Operator; query: URLSearchParams }) {
  const first = useMemo(() => addressOf(query), [query]);
  const pages = usePages<OrderPage>(operator, first);
  const { page, fault, heading } = pages;
  if (fault !== undefined) {
    return (
      <p class="notice" role="alert">
        {faultText(fault)}
      </p>
    );
  }
  if (page === undefined) return <p role="status">Loading …</p>;
  const { entries } = page;
  return (
    <>
      <p role="status" class="soft" tabIndex={-1} ref={heading}>
        {entries.length === 0 ? 'None.' : `${entries.length} on this page, the newest first.`}
      </p>
      {entries.map((entry) =>
        entry.order === null ? (
          <UnpaidCard key={entry.booking.id} booking={entry.booking} />
        ) : (
          <OrderCard key={entry.order.id} operator={operator} first={entry.order} />
        ),
      )}
      {pages.buttons}
    </>
  );
}
