import type { Redis } from 'ioredis';
import type { BookRequest } from '../../../shared/contract/jobs.ts';
import type { RunWish } from '../../../shared/contract/reserve.ts';
import type { ClaimedHolding } from '../../../shared/domain/holdings.ts';
import { newTicketId } from '../../../shared/domain/ticket-id.ts';
import type { Decision } from '../../../shared/stores/redis/claims.ts';
import { batchKeyOf } from '../../../shared/stores/redis/keys.ts';
import { middleMean } from '../../kit/statistics.ts';
import type { Stores } from '../../kit/stores.ts';
import { type GrowthOptions, sampleInTurn } from './section.ts';

/** A booking request as the intake enqueues it. */
export const bookRequest = (wish: RunWish, eventId: number, ticketId = newTicketId(0)): BookRequest => ({
  ticketId,
  eventId,
  wish,
  hold: false,
});

/**
 * Microseconds of Redis' thread that scripts took while `work` ran, by Redis' own count (commandstats), which leaves
 * out sockets and the disk. Nothing else may run scripts meanwhile.
 */
export async function scriptMicros(redis: Redis, work: () => Promise<unknown>): Promise<number> {
  const spent = async () =>
    Number(/cmdstat_evalsha:calls=\d+,usec=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0);
  const spentBefore = await spent();
  await work();
  return (await spent()) - spentBefore;
}

/**
 * The cost of a claim in microseconds of Redis: the middle mean of these wishes, each in a call of its own. Their seats
 * are released afterwards.
 */
export async function claimMicros(stores: Stores, eventId: number, wishes: readonly RunWish[]): Promise<number> {
  const { redis, seats } = stores;
  const requests = wishes.map((wish) => bookRequest(wish, eventId));
  const micros: number[] = [];
  const claimed: ClaimedHolding[] = [];
  for (const request of requests) {
    let decision: Decision | undefined;
    const spent = await scriptMicros(redis, async () => {
      [decision] = await seats.claim(0, [request]);
    });
    micros.push(spent);
    if (decision?.kind === 'closed') throw new Error(`the house of event ${eventId} is closed`);
    if (decision?.kind === 'got') claimed.push({ ...request, ...decision });
  }
  await Promise.all(claimed.map((claim) => seats.releaseClaim(claim)));
  await redis.unlink(requests.map(({ ticketId }) => batchKeyOf(0, ticketId)));
  return middleMean(micros);
}

/** Claims of one sample, each in a call of its own. */
const CLAIMS = 40;

/**
 * Takes samples of claims in houses of several sizes, in turn.
 *
 * @param kinds makes a wish for a house of a size, for each way to request seats; house `i` is event `i + 1`
 * @returns for each kind the samples of each size
 */
export async function sampleSizes<Size>(
  stores: Stores,
  sizes: readonly Size[],
  kinds: readonly ((size: Size) => RunWish)[],
  { rounds, progress }: Pick<GrowthOptions, 'rounds' | 'progress'>,
): Promise<number[][][]> {
  const sides = kinds.flatMap((wish) =>
    sizes.map((size, i) => () => {
      const wishes = Array.from({ length: CLAIMS }, () => wish(size));
      return claimMicros(stores, i + 1, wishes);
    }),
  );
  await sampleInTurn(2, sides);
  progress(`${rounds} rounds`);
  const samples = await sampleInTurn(rounds, sides);
  return kinds.map((_, kind) => samples.slice(kind * sizes.length, (kind + 1) * sizes.length));
}
