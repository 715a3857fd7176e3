import { Redis } from 'ioredis';
import type { Logger } from './logger.ts';

/**
 * What a connection is for decides how it fails: a producer answers its caller at once, a worker and a subscriber wait
 * until Redis is back.
 */
export type RedisRole = 'producer' | 'worker' | 'subscriber';

const byRole = {
  producer: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 2_000 },
  worker: { maxRetriesPerRequest: null },
  subscriber: { maxRetriesPerRequest: null },
};

/** Opens a connection of a role. It connects in the background; `connected` waits for it. */
export function openRedis(url: string, role: RedisRole, log: Logger): Redis {
  const redis = new Redis(url, {
    ...byRole[role],
    replyMapping: 'legacy', // what BullMQ reads replies as
    connectionName: `frontrow-${role}`,
    connectTimeout: 5_000,
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** attempt, 1_000),
  });
  redis.on('error', (fault) => log.warn({ role, fault: fault.message }, 'redis'));
  return redis;
}

/** Resolves when the connection is ready; rejects after `timeoutMs`. */
export async function connected(redis: Redis, timeoutMs = 10_000): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      redis.off('ready', ready);
      reject(new Error(`Redis did not answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    const ready = () => {
      clearTimeout(timer);
      resolve();
    };
    redis.once('ready', ready);
  });
}
