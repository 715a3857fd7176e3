import { createHash } from 'node:crypto';
import { isUnavailable } from '../../platform/faults.ts';
import type { RedisShards } from '../../platform/redis.ts';
import { keysOf } from './keys.ts';

/** Seconds in which tries to log in count together. */
const LOGIN_WINDOW_SECONDS = 900;

/**
 * Counts of tries to log in, in shard 0. While that is dead, shard 1 counts from nothing: buyers of other events go on
 * logging in, and at most twice as many tries pass.
 */
export function createLoginAttempts({ redis, shards }: { redis: RedisShards; shards: number }) {
  const attemptsKey = (shard: number, ...names: string[]) =>
    `${keysOf(shard).loginStem}${createHash('sha256').update(names.join('\n').toLowerCase()).digest('base64url')}`;

  /** Does the work in the first of the two shards that is not dead. @throws the fault of the last one */
  const inLivingShard = <Result>(work: (shard: number) => Promise<Result>): Promise<Result> =>
    work(0).catch((fault: unknown) => {
      if (shards === 1 || !isUnavailable(fault)) throw fault;
      return work(1);
    });

  /** Counts a try, and answers how many there were since the first of this window. */
  async function countTry(shard: number, key: string): Promise<number> {
    const replies = await redis.of(shard).multi().incr(key).expire(key, LOGIN_WINDOW_SECONDS, 'NX').exec();
    return Number(replies?.[0]?.[1] ?? 0);
  }

  return {
    /**
     * Counts a try to log in with an e-mail address by a client and, where that is one of its first `countedOfClient`,
     * by all clients: a single client must not use up what all of them may try.
     *
     * @returns how many there were in the last minutes, this one included
     */
    countLogin: (
      email: string,
      client: string,
      countedOfClient: number,
    ): Promise<{ ofClient: number; ofEmail: number }> =>
      inLivingShard(async (shard) => {
        const ofClient = await countTry(shard, attemptsKey(shard, email, client));
        return { ofClient, ofEmail: ofClient > countedOfClient ? 0 : await countTry(shard, attemptsKey(shard, email)) };
      }),

    /** Uncounts the tries of a client that has logged in. Those of others with the same e-mail address stay counted. */
    forgetLogins: (email: string, client: string): Promise<void> =>
      inLivingShard(async (shard) => {
        const own = redis.of(shard);
        const tries = Number(await own.getdel(attemptsKey(shard, email, client)));
        await own.decrby(attemptsKey(shard, email), tries);
        await own.expire(attemptsKey(shard, email), LOGIN_WINDOW_SECONDS, 'NX'); // it may have ended in between
      }),
  };
}
