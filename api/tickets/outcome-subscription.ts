import { throwUnlessUnavailable } from '../../shared/platform/faults.ts';
import type { Loops } from '../../shared/platform/loops.ts';
import { type RedisShards, reopen } from '../../shared/platform/redis.ts';
import { onMessage, publish, subscribeEverywhere } from '../../shared/stores/redis/channels.ts';
import { keysOf } from '../../shared/stores/redis/keys.ts';
import { FOLLOWS } from './sessions.ts';

/** Milliseconds between two messages of this node to itself: their arrival proves that the subscription works. */
const ECHO_MS = 2_000;
const ECHO = '';

/** Characters of a ticket id, a UUID. */
const TICKET_ID_LENGTH = 36;

/** Called with the text of a ticket's outcome (shared/domain/outcome-text.ts). */
export type Deliver = (ticketId: string, outcome: string) => void;

/**
 * Subscribes to the channels of this node, one of each shard. Workers publish the outcomes of its tickets there, and
 * other nodes the tickets that its sessions follow.
 */
export async function subscribeToOutcomes(deps: {
  /** Publishes the messages of this node to itself. */
  redis: RedisShards;
  subscriber: RedisShards;
  loops: Loops;
  node: string;
  shards: number;
  deliver: Deliver;
  /** Called with a message of another node. */
  followPassed: (message: string) => void;
}) {
  const { redis, subscriber, loops, node, shards, deliver, followPassed } = deps;
  const channels = Array.from({ length: shards }, (_, shard) => `${keysOf(shard).channelStem}${node}`);
  const shardLoops = channels.map((_channel, shard) =>
    loops.watch(`outcomes of shard ${shard}`, { restart: () => reopen(subscriber.of(shard)) }),
  );
  /** A server that takes no message says nothing of the subscription: `/readyz` must not fail for one shard. */
  const publishEcho = (channel: string, shard: number) =>
    publish(redis, shard, channel, ECHO).catch((fault: unknown) => {
      throwUnlessUnavailable(fault);
      shardLoops[shard]?.progress();
    });
  const publishEchoes = () => Promise.all(channels.map(publishEcho));
  // A lost echo needs no log line: it stalls the loop that it proves.
  const stopEchoes = loops.repeat(
    'echo',
    ECHO_MS,
    async () => void (await publishEchoes()),
    () => undefined,
  );

  onMessage(subscriber, (channel, message) => {
    const shard = channels.indexOf(channel);
    if (shard === -1) return; // other subscriptions share this connection
    shardLoops[shard]?.progress();
    if (message.startsWith(FOLLOWS)) followPassed(message);
    else if (message !== ECHO) deliverAll(message, deliver);
  });
  const subscribe = () => subscribeEverywhere(subscriber, channels);
  await subscribe();

  return {
    /** Resolves once the servers that answer have confirmed the subscription again. */
    subscribe,

    async close(): Promise<void> {
      await stopEchoes();
      for (const loop of shardLoops) loop.end();
    },
  };
}

/** Delivers the outcomes of a worker's message: lines of a ticket id, a space and the outcome's text. */
export function deliverAll(message: string, deliver: Deliver): void {
  for (const line of message.split('\n')) deliver(line.slice(0, TICKET_ID_LENGTH), line.slice(TICKET_ID_LENGTH + 1));
}
