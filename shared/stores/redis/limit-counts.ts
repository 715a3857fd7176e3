import { type LimitCounts, limitCounts, MAX_SHARED_CLIENTS } from '../../contract/limit-counts.ts';
import { createUnsharedCounts } from '../../domain/unshared-counts.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Loops } from '../../platform/loops.ts';
import type { RedisShards } from '../../platform/redis.ts';
import { onMessage, publish, subscribeEverywhere } from './channels.ts';
import { keysOf } from './keys.ts';

/** Milliseconds between two messages of one process: the longest time that another does not count a request. */
const SHARE_MS = 1_000;

/** Adds another process' count of a client, whose window ends in so many milliseconds. */
export type AddHits = (client: string, hits: number, endsInMs: number) => void;

/**
 * Makes the limits of all API processes one: each publishes its counts once a second, and adds those of the others to
 * its own. Redis stores nothing, a request costs no call, and a process without counts publishes nothing. While Redis
 * is unavailable each process counts alone; these counts are not published later.
 */
export async function createLimitCounts(deps: {
  redis: RedisShards;
  subscriber: RedisShards;
  loops: Loops;
  node: string;
  log: Logger;
}) {
  const { redis, subscriber, loops, node, log } = deps;
  const channel = keysOf(0).limitsChannel;
  const unshared = createUnsharedCounts(MAX_SHARED_CLIENTS);
  const byLimit = new Map<string, AddHits>();
  const ownStart = `{"node":${JSON.stringify(node)},`;
  let isAlone = false;

  async function shareCounts(): Promise<void> {
    const counts = unshared.take(Date.now());
    if (counts === undefined) return;
    await publish(redis, 0, channel, JSON.stringify({ node, counts }));
    if (isAlone) log.info('sharing counts of limits resumed');
    isAlone = false;
  }

  function noteFault(fault: Error): void {
    if (!isAlone) log.warn({ fault: fault.message }, 'sharing counts of limits failed: this process counts alone');
    isAlone = true;
  }

  function receive(message: string): void {
    if (message.startsWith(ownStart)) return; // unread: it may be long
    for (const [limit, counts] of Object.entries(read(message))) {
      const add = byLimit.get(limit);
      if (add !== undefined) for (const [client, hits, endsInMs] of counts) add(client, hits, endsInMs);
    }
  }

  function read(message: string): LimitCounts['counts'] {
    try {
      return limitCounts.parse(JSON.parse(message)).counts;
    } catch (fault) {
      log.warn({ fault: (fault as Error).message }, 'reading counts of limits failed');
      return {};
    }
  }

  onMessage(subscriber, (from, message) => {
    if (from === channel) receive(message);
  });
  await subscribeEverywhere(subscriber, [channel]);

  return {
    /**
     * Shares the counts of a limit, which has the same name in every process.
     *
     * @param add called with the counts of other processes
     * @returns a function that takes the hits of a client in this process, and the time at which its window ends
     */
    share(limit: string, add: AddHits) {
      byLimit.set(limit, add);
      return (client: string, hits: number, endsAtMs: number) => unshared.note(limit, client, hits, endsAtMs);
    },

    stop: loops.repeat('limits shared', SHARE_MS, shareCounts, noteFault, { isVital: false }),
  };
}

export type LimitCountsStore = Awaited<ReturnType<typeof createLimitCounts>>;
