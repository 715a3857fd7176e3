import { copyOf, systemProblem } from '../domain/system-record.ts';
import { ConfigError } from '../platform/config-error.ts';
import type { Logger } from '../platform/logger.ts';
import type { Loops } from '../platform/loops.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { RedisShards } from '../platform/redis.ts';
import { readSystem } from './postgres/system-record.ts';
import { keysOf } from './redis/keys.ts';

/**
 * Milliseconds between two checks of the copy in Redis: a process on another system's Redis, or with another number of
 * shards, works no longer than that. A check costs one GET.
 */
const CHECK_MS = 5_000;

type Stores = { prisma: PrismaClient; redis: RedisShards; shards: number };

const { system: systemKey } = keysOf(0);

/** @throws ConfigError */
function requireSame(...[shards, inPostgres, inRedis]: Parameters<typeof systemProblem>): void {
  const problem = systemProblem(shards, inPostgres, inRedis);
  if (problem !== undefined) throw new ConfigError(problem);
}

/**
 * Joins the system that both stores belong to. A new or wiped Redis gets the copy of what PostgreSQL has. While one of
 * them does not answer, the other one is compared alone: a process with a wrong number must not accept requests until
 * then.
 *
 * @returns the copy
 * @throws ConfigError where the stores, or this process and they, differ; the fault of a store that does not answer
 */
export async function joinSystem({ prisma, redis, shards }: Stores): Promise<string> {
  const [ofPostgres, ofRedis] = await Promise.allSettled([readSystem(prisma, shards), redis.of(0).get(systemKey)]);
  const system = ofPostgres.status === 'fulfilled' ? ofPostgres.value : undefined;
  const copy = ofRedis.status === 'fulfilled' ? (ofRedis.value ?? undefined) : undefined;
  requireSame(shards, system, copy);
  if (ofPostgres.status === 'rejected') throw ofPostgres.reason;
  if (ofRedis.status === 'rejected') throw ofRedis.reason;
  const own = copyOf(ofPostgres.value);
  const inRedis = (await redis.of(0).set(systemKey, own, 'NX', 'GET')) ?? own;
  requireSame(shards, ofPostgres.value, inRedis);
  return inRedis;
}

/**
 * Joins the system, and goes on checking that this process belongs to it: every `CHECK_MS`, and when Redis is connected
 * again, because it may be another server then. While a store does not answer, the next check decides.
 *
 * @param deps.leave ends the process, called where a later check finds that it does not belong to the system any more
 * @returns a function that ends the checks
 * @throws ConfigError as `joinSystem`
 */
export async function watchSystem(
  deps: Stores & { leave: (fault: ConfigError) => void; loops: Loops; log: Logger },
): Promise<() => Promise<void>> {
  const { redis, leave, loops, log } = deps;
  let copy: string | undefined;
  const check = async (): Promise<void> => {
    if (copy === undefined || (await redis.of(0).get(systemKey)) !== copy) copy = await joinSystem(deps);
  };
  const noteFault = (fault: Error): void => {
    if (fault instanceof ConfigError) leave(fault);
    else log.warn({ fault: fault.message }, 'checking the system of the stores failed');
  };

  await check().catch((fault: Error) => {
    if (fault instanceof ConfigError) throw fault;
    noteFault(fault);
  });
  const checkAgain = () => void check().catch(noteFault);
  redis.of(0).on('ready', checkAgain);
  const stop = loops.repeat('system of the stores', CHECK_MS, check, noteFault, { isVital: false });
  return async () => {
    redis.of(0).off('ready', checkAgain);
    await stop();
  };
}
