import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { type SeatStatus, seatStatus } from '../../shared/contract/events.ts';
import type { ServerMessage } from '../../shared/contract/messages.ts';
import { groupBy } from '../../shared/domain/group-by.ts';
import { seatOf } from '../../shared/domain/house.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { SeatStore } from '../../shared/stores/redis/seats.ts';

/** Changes of a zone are collected for so long and told in one message: ten a second at the most. */
const COLLECT_MS = 100;

/** Milliseconds between two tries to learn what was missed in a gap of the connection. */
const AGAIN_MS = 500;

/** Called with a message for who watches, as bytes, so that one copy serves thousands of sockets, and its version. */
type Watcher = (message: Buffer, version: number) => void;

/** An event that somebody watches at this node. */
type Watched = {
  watchers: Set<Watcher>;
  subscribed: Promise<unknown>;
  /** The last version that was heard of; undefined before the first. */
  version: number | undefined;
  /** Seats that changed since the last messages, with their newest status. */
  changed: Map<string, SeatStatus>;
  timer: NodeJS.Timeout | undefined;
};

/**
 * Live seats: every script that changes seats raises the event's version by one and publishes what changed. A node listens to
 * the events that its sockets watch. A version that is left out was lost: then everybody is told to load the map again.
 */
export function createSeatFeed(deps: { subscriber: Redis; seats: SeatStore; log: Logger }) {
  const { subscriber, seats, log } = deps;
  const events = new Map<number, Watched>();
  const byChannel = new Map<string, number>();

  function tell(watched: Watched, message: Extract<ServerMessage, { type: 'seats' | 'reload' }>): void {
    const bytes = Buffer.from(JSON.stringify(message));
    for (const watcher of watched.watchers) watcher(bytes, message.version);
  }

  function tellToReload(eventId: number, watched: Watched, version: number): void {
    watched.changed.clear();
    tell(watched, { type: 'reload', eventId, version });
  }

  function flush(eventId: number, watched: Watched): void {
    watched.timer = undefined;
    const { version = 0 } = watched;
    const byZone = groupBy(watched.changed, ([label]) => seatOf(label).zone);
    watched.changed.clear();
    for (const [zone, some] of byZone) {
      const changes = groupBy(some, ([, status]) => status);
      const seatsByStatus = Object.fromEntries(
        [...changes].map(([status, ofStatus]) => [status, ofStatus.map(([label]) => label)]),
      );
      tell(watched, { type: 'seats', eventId, zone, version, seats: seatsByStatus });
    }
  }

  subscriber.on('message', (channel: string, message: string) => {
    const eventId = byChannel.get(channel);
    const watched = eventId === undefined ? undefined : events.get(eventId);
    if (eventId === undefined || watched === undefined) return;
    const [first, ...words] = message.split(' ');
    const version = Number(first);
    const gap = watched.version !== undefined && version !== watched.version + 1;
    watched.version = version;
    if (gap || words[0] === 'RELOAD') return tellToReload(eventId, watched, version);
    let status: SeatStatus = 'AVAILABLE';
    for (const word of words) {
      const named = seatStatus.safeParse(word);
      if (named.success) status = named.data;
      else watched.changed.set(word, status);
    }
    watched.timer ??= setTimeout(() => flush(eventId, watched), COLLECT_MS);
  });

  /**
   * After a gap in the connection the missed changes are unknown: the version shows whether there were any. It is read
   * until that succeeds or nobody watches.
   */
  async function watchAgain(eventId: number, watched: Watched, gap: number): Promise<void> {
    while (gap === gaps && events.get(eventId) === watched) {
      try {
        await subscriber.subscribe(seats.changesChannel(eventId));
        const version = await seats.version(eventId);
        if (version === watched.version) return;
        watched.version = undefined;
        tellToReload(eventId, watched, version);
        return;
      } catch (fault) {
        log.warn({ eventId, fault: (fault as Error).message }, 'resubscribing to seat changes failed: retrying');
        await sleep(AGAIN_MS, undefined, { ref: false });
      }
    }
  }

  let gaps = 0; // each gap starts the count of tries anew
  subscriber.on('ready', () => {
    gaps += 1;
    for (const [eventId, watched] of events) void watchAgain(eventId, watched, gaps);
  });

  return {
    /**
     * Tells a watcher every change of an event's seats from now on.
     *
     * @returns the version that the watcher's map must have at least, and what ends the watching
     * @throws whatever keeps Redis from answering
     */
    async watch(eventId: number, watcher: Watcher): Promise<{ version: number; unwatch: () => void }> {
      const channel = seats.changesChannel(eventId);
      let watched = events.get(eventId);
      if (watched === undefined) {
        const subscribed = subscriber.subscribe(channel);
        watched = { watchers: new Set(), subscribed, version: undefined, changed: new Map(), timer: undefined };
        events.set(eventId, watched);
        byChannel.set(channel, eventId);
      }
      const { watchers, subscribed } = watched;
      watchers.add(watcher);
      const unwatch = () => {
        if (!watchers.delete(watcher) || watchers.size > 0) return;
        clearTimeout(watched.timer);
        events.delete(eventId);
        byChannel.delete(channel);
        subscriber.unsubscribe(channel).catch((fault: Error) => log.warn({ fault: fault.message }, 'unsubscribe'));
      };
      try {
        await subscribed;
        return { version: await seats.version(eventId), unwatch };
      } catch (fault) {
        unwatch();
        throw fault;
      }
    },
  };
}

export type SeatFeed = ReturnType<typeof createSeatFeed>;
