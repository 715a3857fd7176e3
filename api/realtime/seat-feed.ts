import { setTimeout as sleep } from 'node:timers/promises';
import { type SeatStatus, seatStatus } from '../../shared/contract/events.ts';
import type { ServerMessage } from '../../shared/contract/messages.ts';
import { groupBy } from '../../shared/domain/group-by.ts';
import { seatOf } from '../../shared/domain/house.ts';
import { shardOfEvent } from '../../shared/domain/ticket-id.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { RedisShards } from '../../shared/platform/redis.ts';
import { onMessage, onReconnected, subscribe, unsubscribe } from '../../shared/stores/redis/channels.ts';
import type { SeatStore } from '../../shared/stores/seats.ts';

/** Milliseconds for which changes of an event are collected before they are sent: at most ten messages a second. */
const COLLECT_MS = 100;

/** Milliseconds before a failed resubscription is retried. */
const RETRY_MS = 500;

/** A script publishes this word instead of seats where clients must load the map again. */
const RELOAD = 'RELOAD';

type SeatsMessage = Extract<ServerMessage, { type: 'seats' }>;
type ReloadMessage = Extract<ServerMessage, { type: 'reload' }>;

/** Called with a message as bytes (one copy serves thousands of sockets) and the version that it leads to. */
type Watcher = (message: Buffer, version: number) => void;

/** Seats that changed since the last messages. */
export type Changes = {
  /** The newest version that was published; undefined before the first. */
  version: number | undefined;
  /** The newest status of each seat, by its label. */
  statusBySeat: Map<string, SeatStatus>;
};

/** An event that sockets of this node watch. */
type WatchedEvent = {
  readonly eventId: number;
  readonly shard: number;
  readonly watchers: Set<Watcher>;
  /** Resolves once Redis has confirmed the subscription. */
  readonly subscribed: Promise<unknown>;
  readonly changes: Changes;
  sendTimer: NodeJS.Timeout | undefined;
  /** Reconnections of the subscriber: each starts the resubscription anew. */
  reconnections: number;
};

type Feed = {
  readonly subscriber: RedisShards;
  readonly shards: number;
  readonly seats: Pick<SeatStore, 'changesChannel' | 'version'>;
  readonly log: Logger;
  readonly watchedByChannel: Map<string, WatchedEvent>;
};

/**
 * Live seats. Each script that changes seats increments the event's version and publishes the changes. A node
 * subscribes to the events that its sockets watch. A skipped version was lost: then each watcher loads the map again.
 */
export function createSeatFeed(deps: Omit<Feed, 'watchedByChannel'>) {
  const feed: Feed = { ...deps, watchedByChannel: new Map() };
  const { subscriber, shards, seats } = feed;

  onMessage(subscriber, (channel, message) => {
    const watched = feed.watchedByChannel.get(channel);
    if (watched !== undefined) receive(watched, message);
  });
  onReconnected(subscriber, shards, (reconnected) => {
    for (const [channel, watched] of feed.watchedByChannel)
      if (reconnected.includes(watched.shard)) void resubscribe(feed, channel, watched);
  });

  return {
    /**
     * Calls a watcher with each change of an event's seats from now on.
     *
     * @returns the version that the watcher's map must have at least, and the function that removes the watcher
     * @throws the fault of Redis
     */
    async watch(eventId: number, watcher: Watcher): Promise<{ version: number; unwatch: () => void }> {
      const channel = seats.changesChannel(eventId);
      const watched = feed.watchedByChannel.get(channel) ?? watchChannel(feed, channel, eventId);
      watched.watchers.add(watcher);
      const unwatch = () => removeWatcher(feed, channel, watched, watcher);
      try {
        await watched.subscribed;
        return { version: await seats.version(eventId), unwatch };
      } catch (fault) {
        unwatch();
        throw fault;
      }
    },
  };
}

export type SeatFeed = ReturnType<typeof createSeatFeed>;

function watchChannel({ subscriber, shards, watchedByChannel }: Feed, channel: string, eventId: number): WatchedEvent {
  const shard = shardOfEvent(eventId, shards);
  const watched: WatchedEvent = {
    eventId,
    shard,
    watchers: new Set(),
    subscribed: subscribe(subscriber, shard, channel),
    changes: { version: undefined, statusBySeat: new Map() },
    sendTimer: undefined,
    reconnections: 0,
  };
  watchedByChannel.set(channel, watched);
  return watched;
}

/** Removes a watcher, and the subscription of the event with its last one. */
function removeWatcher(feed: Feed, channel: string, watched: WatchedEvent, watcher: Watcher): void {
  const { subscriber, log, watchedByChannel } = feed;
  if (!watched.watchers.delete(watcher) || watched.watchers.size > 0) return;
  clearTimeout(watched.sendTimer);
  watchedByChannel.delete(channel);
  unsubscribe(subscriber, watched.shard, channel).catch((fault: Error) =>
    log.warn({ fault: fault.message }, 'unsubscribing from seat changes failed'),
  );
}

/** Collects a published message, and sends what was collected after a while. */
function receive(watched: WatchedEvent, message: string): void {
  const isComplete = collect(watched.changes, message);
  if (isComplete) watched.sendTimer ??= setTimeout(sendChanges, COLLECT_MS, watched);
  else sendReload(watched, watched.changes.version ?? 0);
}

/**
 * Adds a published message to the changes: the version, then statuses, each followed by the labels of its seats.
 *
 * @returns whether the changes are complete; false where a version was skipped, or where the script requires a reload
 */
export function collect(changes: Changes, message: string): boolean {
  const [first, ...words] = message.split(' ');
  const version = Number(first);
  const isSkipped = changes.version !== undefined && version !== changes.version + 1;
  changes.version = version;
  if (isSkipped || words[0] === RELOAD) return false;
  let status: SeatStatus = 'AVAILABLE';
  for (const word of words) {
    const parsed = seatStatus.safeParse(word);
    if (parsed.success) status = parsed.data;
    else changes.statusBySeat.set(word, status);
  }
  return true;
}

/** The messages that bring the changes to clients: one for each zone, with its seats by their status. */
export function messagesOf(eventId: number, { version = 0, statusBySeat }: Changes): SeatsMessage[] {
  const byZone = groupBy(statusBySeat, ([label]) => seatOf(label).zone);
  return [...byZone].map(([zone, ofZone]) => {
    const byStatus = groupBy(ofZone, ([, status]) => status);
    const seats = Object.fromEntries(
      [...byStatus].map(([status, ofStatus]) => [status, ofStatus.map(([label]) => label)]),
    );
    return { type: 'seats', eventId, zone, version, seats };
  });
}

function sendChanges(watched: WatchedEvent): void {
  watched.sendTimer = undefined;
  const messages = messagesOf(watched.eventId, watched.changes);
  watched.changes.statusBySeat.clear();
  for (const message of messages) send(watched, message);
}

function sendReload(watched: WatchedEvent, version: number): void {
  watched.changes.statusBySeat.clear();
  send(watched, { type: 'reload', eventId: watched.eventId, version });
}

function send({ watchers }: WatchedEvent, message: SeatsMessage | ReloadMessage): void {
  const bytes = Buffer.from(JSON.stringify(message));
  for (const watcher of watchers) watcher(bytes, message.version);
}

/**
 * After a reconnection: subscribes again and compares versions, which shows whether changes were missed. Retried until
 * it succeeds, the event has no watcher any more, or the next reconnection starts it anew.
 */
async function resubscribe(feed: Feed, channel: string, watched: WatchedEvent): Promise<void> {
  const { subscriber, seats, log, watchedByChannel } = feed;
  const { eventId, shard, changes } = watched;
  watched.reconnections += 1;
  const { reconnections } = watched;
  while (reconnections === watched.reconnections && watchedByChannel.get(channel) === watched) {
    try {
      await subscribe(subscriber, shard, channel);
      const version = await seats.version(eventId);
      if (version === changes.version) return;
      changes.version = undefined;
      sendReload(watched, version);
      return;
    } catch (fault) {
      log.warn({ eventId, fault: (fault as Error).message }, 'resubscribing to seat changes failed: retrying');
      await sleep(RETRY_MS, undefined, { ref: false });
    }
  }
}
