import { once } from 'node:events';
import type { RedisShards } from '../../platform/redis.ts';

/*
 * Pub/sub of shards. In a cluster it is sharded: the master of a shard publishes the messages of its channels, and no
 * other node. A subscription lasts as long as its connection: ioredis subscribes again after a reconnection.
 */

/** Publishes a message on a channel of a shard. @returns how many connections get it */
export const publish = (redis: RedisShards, shard: number, channel: string, message: string): Promise<number> =>
  redis.isCluster
    ? (redis.of(shard).spublish(channel, message) as Promise<number>)
    : redis.of(shard).publish(channel, message);

/** Subscribes to a channel of a shard. Resolves once Redis has confirmed it, which may be when it is back. */
export const subscribe = (subscriber: RedisShards, shard: number, channel: string): Promise<unknown> =>
  subscriber.isCluster ? subscriber.of(shard).ssubscribe(channel) : subscriber.of(shard).subscribe(channel);

/**
 * Subscribes to one channel of each shard. Resolves once the servers that answer have confirmed it; the others do once
 * they are back.
 *
 * @param channels by shard
 * @throws Error where a connection is lost meanwhile
 */
export async function subscribeEverywhere(subscriber: RedisShards, channels: readonly string[]): Promise<void> {
  const confirmed = channels.map(async (channel, shard) => {
    const connection = subscriber.of(shard);
    const subscribing = subscribe(subscriber, shard, channel);
    subscribing.catch(() => undefined); // it fails only where this process ends
    if (connection.status !== 'ready') return;
    const ended = new AbortController();
    const lost = once(connection, 'close', { signal: ended.signal }).then(() => {
      throw new Error('the connection was lost while it subscribed');
    });
    await Promise.race([subscribing, lost]).finally(() => {
      lost.catch(() => undefined);
      ended.abort();
    });
  });
  await Promise.all(confirmed);
}

export const unsubscribe = (subscriber: RedisShards, shard: number, channel: string): Promise<unknown> =>
  subscriber.isCluster ? subscriber.of(shard).sunsubscribe(channel) : subscriber.of(shard).unsubscribe(channel);

/** Calls a function with every message on a connection: other subscriptions share it. */
export function onMessage(subscriber: RedisShards, receive: (channel: string, message: string) => void): void {
  for (const connection of subscriber.all) connection.on(subscriber.isCluster ? 'smessage' : 'message', receive);
}

/** Calls a function with the shards of a connection that was opened anew: messages to them may have been missed. */
export function onReconnected(subscriber: RedisShards, shards: number, note: (shards: number[]) => void): void {
  const all = Array.from({ length: shards }, (_, shard) => shard);
  for (const connection of subscriber.all)
    connection.on('ready', () => note(all.filter((shard) => subscriber.of(shard) === connection)));
}
