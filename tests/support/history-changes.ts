import { expect } from '@jest/globals';
import type { ChangeRequest, ExchangeRequest } from '../../shared/contract/jobs.ts';
import type { Outcome } from '../../shared/contract/tickets.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { batchKeyOf } from '../../shared/stores/redis/keys.ts';
import type { Model } from './booking-model.ts';
import { inTwoJobs, type Move, OPERATOR, outcomesOf, picked, type Stage } from './history-stage.ts';
import type { Step } from './history-steps.ts';
import type { ModelBooking } from './model-state.ts';

type ChangeStep = Extract<Step, { do: ChangeRequest['kind'] }>;

function requestOf(model: Model, step: ChangeStep, { id, taken }: ModelBooking): ChangeRequest {
  const { part } = step.do === 'reduce' || step.do === 'return' ? step : {};
  const chosen = part === undefined ? [] : taken.filter((_, i) => (part >> i) & 1);
  const seats = part === undefined ? undefined : (chosen.length > 0 ? chosen : taken).map(model.labelOf);
  const ids = { ticketId: newTicketId(0), bookingId: id };
  if (step.do === 'return') return { ...ids, kind: step.do, by: OPERATOR, seats };
  const reference = step.do === 'confirm' ? step.reference : undefined;
  const paymentReference = reference === undefined ? undefined : model.referenceOf(reference);
  return { ...ids, kind: step.do, userId: model.user(step.buyer), paymentReference, seats };
}

/** Makes the changes of holds and the returns of these steps. */
export async function changeAll(stage: Stage, steps: readonly Move[]): Promise<void> {
  const { run, plant } = stage;
  const changes = steps.flatMap(({ model, step }): { model: Model; request: ChangeRequest }[] => {
    const isChange = ['confirm', 'extend', 'reduce', 'cancel', 'return'].includes(step.do);
    const booking = isChange && 'nth' in step ? picked(model.bookings, step.nth) : undefined;
    return booking === undefined ? [] : [{ model, request: requestOf(model, step as ChangeStep, booking) }];
  });
  await inTwoJobs(changes, (half) =>
    run.change(
      0,
      half.map(({ model, request }) => plant(request, model)),
    ),
  );
  const outcomes = await outcomesOf(
    stage,
    changes.map(({ request }) => request),
  );
  for (const [i, { model, request }] of changes.entries()) model.applyChange(request, outcomes[i] as Outcome);
}

/** Makes the exchanges of these steps. */
export async function exchangeAll(stage: Stage, steps: readonly Move[]): Promise<void> {
  const exchanges = steps.flatMap(({ model, step }): { model: Model; request: ExchangeRequest }[] => {
    const booking = step.do === 'exchange' ? picked(model.bookings, step.nth) : undefined;
    if (step.do !== 'exchange' || booking === undefined) return [];
    const { count, start } = step;
    const by = booking.status === 'CONFIRMED' ? { by: OPERATOR } : { userId: model.user(step.buyer) };
    const wish = model.wishOf(count, model.isArea ? undefined : start);
    const grows = count > booking.seats.length;
    return [{ model, request: { ticketId: newTicketId(0), bookingId: booking.id, eventId: 1, wish, grows, ...by } }];
  });
  await inTwoJobs(
    exchanges.map(({ request }) => request),
    (half) => stage.run.exchange(0, half),
  );
  const outcomes = await outcomesOf(
    stage,
    exchanges.map(({ request }) => request),
  );
  for (const [i, { model, request }] of exchanges.entries()) model.applyExchange(request, outcomes[i] as Outcome);
}

/** Delivers changes again. Their outcomes stay as they were, whatever happened since. */
export async function repeatAll(stage: Stage, steps: readonly Move[]): Promise<void> {
  const { system, run } = stage;
  const repeated = steps.flatMap(({ model, step }) => {
    const made = step.do === 'repeat' ? picked(model.made, step.nth) : undefined;
    return made === undefined ? [] : [made];
  });
  if (repeated.length === 0) return;
  const requests = repeated.map(({ request }) => request);
  await system().redis.del(requests.map(({ ticketId }) => batchKeyOf(0, ticketId)));
  const isExchange = (request: ChangeRequest | ExchangeRequest): request is ExchangeRequest => 'wish' in request;
  await run.exchange(0, requests.filter(isExchange));
  await run.change(
    0,
    requests.filter((request): request is ChangeRequest => !isExchange(request)),
  );
  expect(await outcomesOf(stage, requests)).toEqual(repeated.map(({ outcome }) => outcome));
}
