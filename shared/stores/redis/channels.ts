import type { Redis } from 'ioredis';
import { groupBy } from '../../domain/group-by.ts';
import type { RedisShards } from '../../platform/redis.ts';

/*
 * Pub/sub of shards. In a cluster it is sharded: the nodes of a shard publish the messages of its channels, and no
 * others. Each connection that is opened anew subscribes to its channels again. ioredis would not, once it has been
 * told that a slot moved, and it would end the process where a server refuses.
 */

/** The channels that are wanted on each connection. */
const wanted = new WeakMap<Redis, Set<string>>();

const send = (subscriber: RedisShards, connection: Redis, channels: readonly string[]): Promise<unknown> =>
  subscriber.isCluster
    ? Promise.all(channels.map((channel) => connection.ssubscribe(channel))) // in one command they must share a slot
    : connection.subscribe(...channels);

/** The channels that are wanted on a connection. From the first call on they are subscribed to whenever it is ready. */
function wantedOn(subscriber: RedisShards, connection: Redis): Set<string> {
  const known = wanted.get(connection);
  if (known !== undefined) return known;
  const channels = new Set<string>();
  wanted.set(connection, channels);
  connection.on('ready', () => {
    if (channels.size === 0) return;
    send(subscriber, connection, [...channels]).catch((fault: Error) => connection.emit('error', fault)); // logged
  });
  return channels;
}

/** Publishes a message on a channel of a shard. @returns how many connections get it */
export const publish = (redis: RedisShards, shard: number, channel: string, message: string): Promise<number> =>
  redis.isCluster
    ? (redis.of(shard).spublish(channel, message) as Promise<number>)
    : redis.of(shard).publish(channel, message);

/** Subscribes to a channel of a shard. Resolves once Redis has confirmed it, which may be when it is back. */
export function subscribe(subscriber: RedisShards, shard: number, channel: string): Promise<unknown> {
  const connection = subscriber.of(shard);
  wantedOn(subscriber, connection).add(channel);
  return send(subscriber, connection, [channel]);
}

/**
 * Subscribes to one channel of each shard. Resolves once the servers that answer have confirmed it; the others do once
 * they are back.
 *
 * @param channels by shard
 */
export async function subscribeEverywhere(subscriber: RedisShards, channels: readonly string[]): Promise<void> {
  const byConnection = groupBy(channels.entries(), ([shard]) => subscriber.of(shard));
  const confirmed = [...byConnection].map(async ([connection, entries]) => {
    const own = entries.map(([, channel]) => channel);
    for (const channel of own) wantedOn(subscriber, connection).add(channel);
    if (connection.status !== 'ready') return; // it subscribes once it is
    await new Promise<unknown>((resolve, reject) => {
      connection.once('close', resolve); // it subscribes once it is ready again
      send(subscriber, connection, own)
        .then(resolve, reject)
        .finally(() => connection.off('close', resolve));
    });
  });
  await Promise.all(confirmed);
}

export function unsubscribe(subscriber: RedisShards, shard: number, channel: string): Promise<unknown> {
  const connection = subscriber.of(shard);
  wantedOn(subscriber, connection).delete(channel);
  return subscriber.isCluster ? connection.sunsubscribe(channel) : connection.unsubscribe(channel);
}

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
