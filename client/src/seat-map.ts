import { backoffMs } from './backoff.ts';
import type { SeatsMessage } from './connection.ts';
import type { SeatMap, SeatStatus } from './contract.ts';
import { wait } from './wait.ts';

/** Seats by their new status. */
export type SeatChanges = Partial<Record<SeatStatus, string[]>>;

/** Takes the seats of an event. */
export type SeatSink = {
  /** Replaces all seats. A rejected promise counts as a failed load, which is repeated. `signal`: nobody watches. */
  load: (map: SeatMap, signal: AbortSignal) => void | Promise<void>;
  /** Changes some seats. */
  apply: (changes: readonly SeatChanges[]) => void;
};

/** `fault`: why there is no map of that version. */
export type LoadResult = { isLoaded: true } | { isLoaded: false; fault: unknown };

/** Changes that are buffered while a map loads; beyond that a newer map is required instead. */
const MAX_BUFFERED = 2_000;

/**
 * Loads in a row while the answers are older than the version that is required, and the pauses between them: a cache on
 * the way serves each map for some two seconds, so the last load comes later.
 */
const MAX_LOADS = 6;
const OLD_MAP_PAUSE = { firstMs: 500, maxMs: 2_000 };

/**
 * Keeps seats equal to the server's map, by versions. The map has two states:
 *
 * - `stale`: there is no map, or changes may have been missed. Changes are buffered. A map that is new enough →
 *   `current`.
 * - `current`: changes apply at once. `markStale`, and each load → `stale`.
 */
export function createSeatMap(sink: SeatSink, fetchMap: () => Promise<SeatMap>, signal: AbortSignal) {
  let state: { name: 'current' } | { name: 'stale'; buffered: SeatsMessage[] } = { name: 'stale', buffered: [] };
  let version = -1;
  let newestKnown = -1;
  let required = 0;
  let failedLoads = 0;
  let loading: Promise<LoadResult> | undefined;

  /** A map of at least this version is needed. */
  function markStale(atLeast: number): void {
    required = Math.max(required, atLeast);
    if (state.name === 'current') state = { name: 'stale', buffered: [] };
  }

  function buffer(message: SeatsMessage, buffered: SeatsMessage[]): void {
    if (buffered.length < MAX_BUFFERED) buffered.push(message);
    else {
      state = { name: 'stale', buffered: [] };
      markStale(message.version);
    }
  }

  /** Loads until the map is new enough. More may be required meanwhile: the sink may take long. */
  async function loadNewEnough(): Promise<void> {
    for (let loads = 1; ; loads += 1) {
      const map = await fetchMap();
      const isLast = loads >= MAX_LOADS;
      if (map.version >= required || isLast) {
        if (map.version !== version || map.version === 0) await sink.load(map, signal);
        version = map.version;
        if (version >= required || isLast) return;
      }
      await wait(backoffMs(loads - 1, OLD_MAP_PAUSE), { signal });
    }
  }

  async function load(): Promise<LoadResult> {
    try {
      await loadNewEnough();
      required = 0;
      failedLoads = 0;
      const buffered = state.name === 'stale' ? state.buffered : [];
      state = { name: 'current' };
      const newer = buffered.filter((message) => message.version > version);
      newestKnown = Math.max(version, ...newer.map((message) => message.version));
      if (newer.length > 0) sink.apply(newer.map(({ seats }) => seats));
      return { isLoaded: true };
    } catch (fault) {
      failedLoads += 1;
      return { isLoaded: false, fault }; // the caller shows it and retries
    }
  }

  return {
    markStale,
    hasMap: () => version >= 0,
    /** Loads that failed since the last that succeeded. */
    failedLoads: () => failedLoads,
    /** Whether a map must be loaded to reach this version. */
    isBehind: (serverVersion: number) => serverVersion > newestKnown || state.name === 'stale',
    receive(message: SeatsMessage): void {
      if (state.name === 'stale') buffer(message, state.buffered);
      else if (message.version > version) {
        newestKnown = Math.max(newestKnown, message.version);
        sink.apply([message.seats]);
      }
    },
    /** Loads a map of at least this version, one load at a time. */
    load(atLeast: number): Promise<LoadResult> {
      markStale(atLeast);
      loading ??= load().finally(() => {
        loading = undefined;
      });
      return loading;
    },
  };
}
