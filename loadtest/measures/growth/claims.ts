import type { BookRequest } from '../../../shared/contract/jobs.ts';
import type { RunWish } from '../../../shared/contract/reserve.ts';
import { newTicketId } from '../../../shared/domain/ticket-id.ts';
import { keysOf } from '../../../shared/stores/redis/keys.ts';
import type { Decision } from '../../../shared/stores/redis/seats.ts';
import { middleMean } from '../../kit/statistics.ts';
import type { openStores } from '../../kit/stores.ts';
import { scriptMicros } from './script-micros.ts';

type Stores = Awaited<ReturnType<typeof openStores>>;

/**
 * What a claim costs, in microseconds of Redis: the middle of one for each of these wishes, each in a call of its own. Their
 * seats are given back.
 */
export async function claimMicros(stores: Stores, eventId: number, wishes: readonly RunWish[]): Promise<number> {
  const { redis, seats } = stores;
  const requests = wishes.map((wish): BookRequest => ({ ticketId: newTicketId(0), eventId, wish, hold: false }));
  const micros: number[] = [];
  const got: { ticketId: string; seats: string[] }[] = [];
  for (const request of requests) {
    let decision: Decision | undefined;
    micros.push(
      await scriptMicros(redis, async () => {
        [decision] = await seats.claim(0, [request]);
      }),
    );
    if (decision?.kind === 'closed') throw new Error(`the house of event ${eventId} is closed`);
    if (decision?.kind === 'got') got.push({ ticketId: request.ticketId, seats: decision.seats });
  }
  await seats.release(eventId, got);
  await redis.unlink(requests.map(({ ticketId }) => `${keysOf(0).ticketStem}${ticketId}`));
  return middleMean(micros);
}
