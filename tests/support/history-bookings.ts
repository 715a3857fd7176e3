import { expect } from '@jest/globals';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import type { Outcome } from '../../shared/contract/tickets.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { batchKeyOf } from '../../shared/stores/redis/keys.ts';
import type { Model } from './booking-model.ts';
import { inTwoJobs, type Move, outcomesOf, picked, type Stage } from './history-stage.ts';

/** Has the seats of these steps booked, and delivers earlier requests again. */
export async function bookAll(
  stage: Stage,
  steps: readonly Move[],
  beforeJobs: (requests: readonly BookRequest[]) => Promise<void>,
): Promise<void> {
  const { system, run } = stage;
  const undecided: { model: Model; request: BookRequest }[] = [];
  const settled: BookRequest[] = [];
  for (const { model, step } of steps) {
    if (step.do === 'hold' || step.do === 'buy') {
      const { buyer, count, start, key } = step;
      const wish = model.wishOf(count, start);
      const userId = model.user(buyer);
      const digest = `${model.name}-${userId}-${key}`;
      const idempotency = key === undefined ? undefined : { digest, fingerprint: JSON.stringify(wish) };
      const request = { ticketId: newTicketId(0), eventId: 1, wish, hold: step.do === 'hold', userId, idempotency };
      model.requests.push(request);
      undecided.push({ model, request });
    }
    if (step.do === 'retry') {
      const request = picked(model.requests, step.nth);
      if (request === undefined) continue;
      if (step.isForgotten) {
        await system().redis.del(batchKeyOf(0, request.ticketId));
        undecided.push({ model, request });
      } else {
        settled.push(request);
      }
    }
  }
  if (settled.length > 0) {
    const outcomesBefore = await outcomesOf(stage, settled);
    await run.book(0, settled);
    expect(await outcomesOf(stage, settled)).toEqual(outcomesBefore);
  }
  const requests = undecided.map(({ request }) => request);
  await beforeJobs(requests);
  await inTwoJobs(requests, (half) => run.book(0, half));
  const outcomes = await outcomesOf(stage, requests);
  for (const [i, { model, request }] of undecided.entries()) model.applyBook(request, outcomes[i] as Outcome);
}
