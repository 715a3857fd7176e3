import type { Store } from 'express-rate-limit';
import type { AddHits, LimitCountsStore } from '../../shared/stores/redis/limit-counts.ts';

export const WINDOW_MS = 60_000;

/** Clients whose windows a limit remembers: about 20 MB. At the bound the window that ends first is dropped. */
const MAX_CLIENTS = 100_000;

/**
 * Counts the requests of each client in windows, in the memory of this process, so that a booking costs no call to
 * Redis for this. A client's window begins with its first request in any process: the map's order is roughly the order
 * in which windows end.
 *
 * @param share shares the counts with all processes; without it each process counts alone
 */
export function createWindows(
  windowMs = WINDOW_MS,
  maxClients = MAX_CLIENTS,
  share?: (add: AddHits) => (client: string, hits: number, endsAtMs: number) => void,
) {
  const windows = new Map<string, { totalHits: number; resetTime: Date }>();

  /** The client's window; a new one where it has none. */
  function windowOf(client: string, nowMs: number) {
    for (const [oldest, { resetTime }] of windows) {
      if (resetTime.getTime() > nowMs && (windows.size < maxClients || windows.has(client))) break;
      windows.delete(oldest);
    }
    const known = windows.get(client);
    if (known !== undefined && known.resetTime.getTime() > nowMs) return known;
    const window = { totalHits: 0, resetTime: new Date(nowMs + windowMs) };
    windows.delete(client); // so that the new window is the last of the order
    windows.set(client, window);
    return window;
  }

  const publish = share?.((client, hits, endsInMs) => {
    const nowMs = Date.now();
    const window = windowOf(client, nowMs);
    window.totalHits += hits;
    if (window.resetTime.getTime() > nowMs + endsInMs) window.resetTime = new Date(nowMs + endsInMs);
  });

  return {
    localKeys: true,
    increment(client: string, hits = 1) {
      const window = windowOf(client, Date.now());
      window.totalHits += hits;
      publish?.(client, hits, window.resetTime.getTime());
      return { ...window }; // as of now: requests that go on together read it after the last one has counted
    },
    /** The requests of a client in its window. */
    hits(client: string): number {
      const known = windows.get(client);
      return known === undefined || known.resetTime.getTime() <= Date.now() ? 0 : known.totalHits;
    },
    decrement: () => undefined, // counts only grow
    resetKey: (client: string) => void windows.delete(client),
  } satisfies Store & { hits(client: string): number };
}

/** The windows of one limit. With `counts`, all processes count together. */
export const windowsOf = (limit: string, counts: LimitCountsStore | undefined) =>
  createWindows(WINDOW_MS, MAX_CLIENTS, counts && ((add) => counts.share(limit, add)));
