import type { Redis } from 'ioredis';

/**
 * Microseconds of Redis' thread that scripts took while `work` ran, by Redis' own count (commandstats), which leaves out
 * sockets and the disk. Nothing else may run scripts meanwhile.
 */
export async function scriptMicros(redis: Redis, work: () => Promise<unknown>): Promise<number> {
  const spent = async () =>
    Number(/cmdstat_evalsha:calls=\d+,usec=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0);
  const before = await spent();
  await work();
  return (await spent()) - before;
}
