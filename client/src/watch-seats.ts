import { backoffMs } from './backoff.ts';
import type { Connection } from './connection.ts';
import type { SeatMap } from './contract.ts';
import { FrontrowError } from './error.ts';
import { page } from './page.ts';
import { createSeatMap, type SeatSink } from './seat-map.ts';
import type { Transport } from './transport.ts';

/** Milliseconds between two polls of the map while there is no WebSocket, and the backoff while polls fail. */
const POLL_MS = 2_000;
const POLL_BACKOFF = { firstMs: POLL_MS, maxMs: 30_000 };

/** Milliseconds over which the clients that must reload the map spread their requests. */
const RELOAD_SPREAD_MS = 300;

/**
 * How seats stay up to date:
 *
 * - `connecting`: neither the WebSocket nor a poll has answered, or none has since the WebSocket failed. Polls begin.
 * - `live`: the server publishes changes over the WebSocket, and the map is loaded. The socket fails → `connecting`, or
 *   `lost` where the browser is offline.
 * - `polling`: there is no WebSocket, and the last poll succeeded. The socket is back, and the map loaded → `live`.
 * - `lost`: the last load of the map failed, or the client is closed: the seats are those of before. A load succeeds →
 *   `live` or `polling`.
 */
export type SeatsConnection = 'connecting' | 'live' | 'polling' | 'lost';

export type SeatsWatcher = SeatSink & { connection?: (state: SeatsConnection) => void };

type Parts = { transport: Pick<Transport, 'attempt'>; connection: Connection; eventId: number };

/** Loads the map of an event, once each time that it is asked to, and knows when to do so again. */
function createLoader({ transport, eventId }: Parts, watcher: SeatsWatcher, signal: AbortSignal) {
  let isFirst = true;
  /** When the server permits the next load, by `performance.now()`. */
  let permittedAtMs = 0;
  // Without a token: the map is public, and a browser may have requested it already in the head of its page. Only that
  // one may come from the browser's own cache.
  async function fetchMap(): Promise<SeatMap> {
    const cache = isFirst ? 'default' : 'no-cache';
    isFirst = false;
    const path = `/api/seats/map?eventId=${eventId}`;
    return (await transport.attempt<SeatMap>('GET', path, { token: null, cache, signal })).body;
  }
  const seatMap = createSeatMap(watcher, fetchMap, signal);
  const untilPermittedMs = () => Math.max(0, permittedAtMs - performance.now());

  return {
    seatMap,
    /** Loads a map of at least this version. Returns whether it succeeded. */
    async load(atLeast: number): Promise<boolean> {
      const result = await seatMap.load(atLeast);
      if (!result.isLoaded && result.fault instanceof FrontrowError)
        permittedAtMs = performance.now() + result.fault.retryAfterMs;
      return result.isLoaded;
    },
    untilPermittedMs,
    nextPollMs(): number {
      const failed = seatMap.failedLoads();
      return untilPermittedMs() + (failed === 0 ? POLL_MS : backoffMs(failed - 1, POLL_BACKOFF));
    },
  };
}

/**
 * Passes the seats of an event on, and then each change.
 *
 * @returns a function that ends it
 */
export function watchSeats(parts: Parts, watcher: SeatsWatcher): () => void {
  const { connection, eventId } = parts;
  const stop = new AbortController();
  const { signal } = stop;
  const show = (state: SeatsConnection) => watcher.connection?.(state);
  const { seatMap, load, untilPermittedMs, nextPollMs } = createLoader(parts, watcher, signal);
  /** The server has confirmed that it publishes changes over the present connection. */
  let isWatching = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const later = (ms: number, action: () => Promise<void>) => {
    clearTimeout(timer);
    timer = setTimeout(() => void action(), ms);
  };

  async function poll(): Promise<void> {
    clearTimeout(timer);
    const isLoaded = await load(0);
    if (isWatching || signal.aborted) return;
    show(isLoaded ? 'polling' : 'lost');
    later(nextPollMs(), poll);
  }

  /** Loads the map until it succeeds; then the seats are live. */
  async function catchUp(atLeast: number): Promise<void> {
    const isLoaded = await load(atLeast);
    if (signal.aborted || !isWatching) return;
    show(isLoaded ? 'live' : 'lost');
    if (isLoaded) clearTimeout(timer);
    else later(nextPollMs(), () => catchUp(0));
  }

  /** Beside the connection. Polls begin some time after it has ended: a slow network needs no second request. */
  async function loadFirst(): Promise<void> {
    const isLoaded = await load(0);
    if (isWatching || signal.aborted) return;
    if (!isLoaded) show('lost');
    later(nextPollMs(), poll);
  }

  void loadFirst();
  const unwatch = connection.watchEvent(eventId, {
    watching(version) {
      isWatching = true;
      clearTimeout(timer);
      if (seatMap.isBehind(version))
        later(untilPermittedMs(), () => catchUp(version)); // no pause of polls delays it
      else show('live');
    },
    seats: seatMap.receive,
    reload(version) {
      seatMap.markStale(version);
      later(Math.random() * RELOAD_SPREAD_MS, () => catchUp(version));
    },
    failed() {
      const wasWatching = isWatching;
      isWatching = false;
      seatMap.markStale(0); // of changes that were sent together, some may have come
      if (wasWatching) {
        show(page?.navigator.onLine === false ? 'lost' : 'connecting');
        later(Math.random() * POLL_MS, poll); // a server that stops loses thousands of clients at once: polls spread
      } else if (!seatMap.hasMap()) void poll();
    },
    closed() {
      end();
      show('lost');
    },
  });
  const end = () => {
    stop.abort();
    clearTimeout(timer);
    unwatch();
  };
  return end;
}
