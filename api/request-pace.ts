import { createTokenBucket, type TokenBucket } from '../shared/domain/token-bucket.ts';

/**
 * Requests of one client, of any kind: half a second of a core at once, and some percent of one from then on.
 * An office behind one address polls less often.
 */
const OF_CLIENT = { perSecond: 2_000, burst: 2_000 };

/**
 * Milliseconds that a request may be made to wait. Connections that send one request after the other, 4,000 at the
 * most, never get there; those that send many without waiting for answers do.
 */
const MAX_DELAY_MS = 2_000;

/** Clients that are remembered, some 20 MB. Beyond, the one that is known the longest is forgotten. */
const MAX_CLIENTS = 100_000;

/**
 * Paces the requests of each client, so that nobody's cheap requests keep others waiting, however many come at once.
 *
 * @returns a function that counts a client's request and answers the milliseconds that it has to wait, or `cut` where
 *   its connection is to be closed
 */
export function createRequestPace(ofClient = OF_CLIENT, maxClients = MAX_CLIENTS) {
  const buckets = new Map<string, TokenBucket>();

  return function delayOf(client: string): number | 'cut' {
    let bucket = buckets.get(client);
    if (bucket === undefined) {
      const [oldest] = buckets.keys();
      if (buckets.size >= maxClients && oldest !== undefined) buckets.delete(oldest);
      bucket = createTokenBucket(ofClient);
      buckets.set(client, bucket);
    }
    const nowMs = performance.now();
    if (bucket.waitMs(nowMs) > MAX_DELAY_MS) return 'cut'; // uncounted: what is refused costs little
    bucket.take(1, nowMs);
    return bucket.waitMs(nowMs);
  };
}
