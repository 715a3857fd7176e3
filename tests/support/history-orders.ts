import { expect } from '@jest/globals';
import type { OrderRequest } from '../../shared/contract/jobs.ts';
import type { Outcome } from '../../shared/contract/tickets.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import type { NewOrder, RecordedOrder } from '../../shared/stores/postgres/told-orders.ts';
import type { Model } from './booking-model.ts';
import { inTwoJobs, lapse, type Move, OPERATOR, outcomesOf, picked, type Stage } from './history-stage.ts';
import type { Step } from './history-steps.ts';
import { type ModelBooking, type ModelOrder, PRICE } from './model-state.ts';
import { costOf, expectOrder, giveBack, tell } from './order-model.ts';

type OrderStep = Extract<Step, { do: 'order' }>;

/** A payment that is told, and what an API got when it recorded it. */
type Told = { model: Model; payment: NewOrder; recorded: RecordedOrder | Error | undefined };

/** Tells the payments of these steps, has them decided, delivers jobs of earlier orders again, and gives money back. */
export async function orderAll(stage: Stage, models: readonly Model[], steps: readonly Move[]): Promise<void> {
  const { system, run } = stage;
  const cut = steps.flatMap(({ model, step }) =>
    step.do === 'order' && step.isCut ? (heldOf(model, step) ?? []) : [],
  );
  if (cut.length > 0) {
    // A worker ends what has lapsed, and is killed before it frees the seats in Redis.
    await lapse(stage, cut);
    await system().holds.expire();
    for (const model of models) model.sweep();
  }
  await decideAll(stage, await tellAll(stage, steps, cut));
  await deliverAgain(stage, steps);
  await giveBackAll(stage, steps);
  if (cut.length > 0) await run.sweep();
}

/** Records payments in one statement, as an API does. */
async function tellAll({ run }: Stage, steps: readonly Move[], cut: readonly ModelBooking[]): Promise<Told[]> {
  const payments = steps.flatMap(({ model, step }): Omit<Told, 'recorded'>[] => {
    const payment = step.do === 'order' ? paymentOf(model, step, cut) : undefined;
    const again = step.do === 'tell again' ? picked(model.told, step.nth) : undefined;
    if (payment !== undefined) model.told.push(payment);
    const one = payment ?? again;
    return one === undefined ? [] : [{ model, payment: { ...one, id: newTicketId(0) } }];
  });
  const recorded = await run.orders.tell(payments.map(({ payment }) => payment));
  return payments.map((one, i) => ({ ...one, recorded: recorded[i] }));
}

/** A hold that a step ends before its payment. */
const heldOf = ({ bookings }: Model, { nth }: OrderStep): ModelBooking | undefined =>
  picked(
    bookings.filter(({ status }) => status === 'PENDING'),
    nth,
  );

/** Statuses of the bookings that a payment is meant for, where there are any. */
const STATUSES: Record<OrderStep['of'], readonly string[]> = {
  'ended holds': ['EXPIRED', 'CANCELLED'],
  holds: ['PENDING'],
  any: [],
};

/** The payment of a step: of a hold and perhaps another one, mostly of its buyer. */
function paymentOf(model: Model, step: OrderStep, cut: readonly ModelBooking[]): NewOrder | undefined {
  const { of, nth, also, isOther, teller, reference, amount } = step;
  const statuses = STATUSES[of];
  const meant = model.bookings.filter(({ status }) => statuses.includes(status));
  const first =
    cut.find((one) => model.bookings.includes(one)) ?? picked(meant.length > 0 ? meant : model.bookings, nth);
  if (first === undefined) return undefined;
  const others = model.bookings.filter((one) => one.id !== first.id && (isOther || one.userId === first.userId));
  const second = also === undefined ? undefined : picked(others, also);
  const bookings = second === undefined ? [first] : [first, second];
  const buyer = isOther && second === undefined ? model.user(0) + model.user(1) - first.userId : first.userId;
  const amounts = { right: costOf(bookings), wrong: costOf(bookings) + 1, none: undefined };
  return {
    id: newTicketId(0),
    payer: teller === 'buyer' ? buyer : undefined,
    toldBy: teller === 'buyer' ? undefined : 'shop',
    paymentReference: model.referenceOf(reference),
    bookingIds: bookings.map(({ id }) => id).sort(),
    userId: teller === 'server' ? undefined : buyer,
    amount: amounts[amount],
    currency: undefined,
  };
}

const jobOf = (orderId: string): OrderRequest => ({ ticketId: newTicketId(0), kind: 'order', orderId });

/** Has recorded payments decided that are not, and compares all answers with the models. */
async function decideAll(stage: Stage, told: readonly Told[]): Promise<void> {
  const orders = told.map(({ recorded }) => (typeof recorded === 'object' && 'id' in recorded ? recorded : undefined));
  const requests = orders.flatMap((order) => (order && order.decided === undefined ? [jobOf(order.id)] : []));
  await inTwoJobs(requests, (half) => stage.run.decide(0, half));
  const outcomes = await outcomesOf(stage, requests);
  const decided = new Map(requests.map(({ orderId }, i) => [orderId, outcomes[i] as Outcome]));
  for (const [i, { model, payment, recorded }] of told.entries()) {
    const order = orders[i];
    const expected = tell(model, payment);
    if (expected === 'used' || order === undefined) expect(recorded).toBe(expected);
    else if (order.decided === undefined) expectOutcome(model, decided.get(order.id), expected);
    else expectOrder(model, order.decided, expected);
  }
}

/** Delivers the jobs of earlier orders again: nothing changes. */
async function deliverAgain(stage: Stage, steps: readonly Move[]): Promise<void> {
  const again = steps.flatMap(({ model, step }) => {
    const order = step.do === 'deliver again' ? picked(model.orders, step.nth) : undefined;
    return order?.id === undefined ? [] : [{ model, order, request: jobOf(order.id) }];
  });
  const requests = again.map(({ request }) => request);
  await inTwoJobs(requests, (half) => stage.run.decide(0, half));
  const outcomes = await outcomesOf(stage, requests);
  for (const [i, { model, order }] of again.entries()) expectOutcome(model, outcomes[i], order);
}

function expectOutcome(model: Model, outcome: Outcome | undefined, order: ModelOrder): void {
  const { code } = order;
  expect(outcome).toMatchObject({ kind: 'order', status: code === undefined ? 'paid' : 'rejected' });
  expect(outcome && 'code' in outcome ? outcome.code : undefined).toBe(code);
  expectOrder(model, outcome && 'order' in outcome ? outcome.order : undefined, order);
}

/** Records that money was given back: the price of a seat, or all that is due. */
async function giveBackAll(stage: Stage, steps: readonly Move[]): Promise<void> {
  const refunds = steps.flatMap(({ model, step }) => {
    const order = step.do === 'refund' ? picked(model.orders, step.nth) : undefined;
    if (step.do !== 'refund' || order?.id === undefined) return [];
    const amount = step.isPart ? PRICE : undefined;
    const request = { ...jobOf(order.id), kind: 'refund', amount, by: OPERATOR } as const;
    return [{ model, order, request }];
  });
  const requests = refunds.map(({ request }) => request);
  await inTwoJobs(requests, (half) => stage.run.decide(0, half));
  const outcomes = await outcomesOf(stage, requests);
  for (const [i, { model, order, request }] of refunds.entries()) {
    const outcome = outcomes[i];
    const code = giveBack(order, request.amount);
    expect(outcome).toMatchObject({
      kind: 'refund',
      ...(code ? { status: 'rejected', code } : { status: 'refunded' }),
    });
    expectOrder(model, outcome && 'order' in outcome ? outcome.order : undefined, order);
  }
}
