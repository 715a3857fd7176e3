import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { keysOf } from './keys.ts';

/** Seconds in which tries to log in count together. */
const LOGIN_WINDOW_SECONDS = 900;

/** Counts of tries to log in. */
export function createLoginAttempts({ redis }: { redis: Redis }) {
  const attemptsKey = (...names: string[]) =>
    `${keysOf(0).loginStem}${createHash('sha256').update(names.join('\n').toLowerCase()).digest('base64url')}`;

  /** Counts a try, and answers how many there were since the first of this window. */
  async function countTry(key: string): Promise<number> {
    const replies = await redis.multi().incr(key).expire(key, LOGIN_WINDOW_SECONDS, 'NX').exec();
    return Number(replies?.[0]?.[1] ?? 0);
  }

  return {
    /**
     * Counts a try to log in with an e-mail address by a client and, where that is one of its first `countedOfClient`,
     * by all clients: a single client must not use up what all of them may try.
     *
     * @returns how many there were in the last minutes, this one included
     */
    async countLogin(
      email: string,
      client: string,
      countedOfClient: number,
    ): Promise<{ ofClient: number; ofEmail: number }> {
      const ofClient = await countTry(attemptsKey(email, client));
      return { ofClient, ofEmail: ofClient > countedOfClient ? 0 : await countTry(attemptsKey(email)) };
    },

    /** Uncounts the tries of a client that has logged in. Those of others with the same e-mail address stay counted. */
    async forgetLogins(email: string, client: string): Promise<void> {
      const tries = Number(await redis.getdel(attemptsKey(email, client)));
      await redis.decrby(attemptsKey(email), tries);
      await redis.expire(attemptsKey(email), LOGIN_WINDOW_SECONDS, 'NX'); // it may have ended in between
    },
  };
}
