import { createTokenBucket, type TokenBucket } from '../../shared/domain/token-bucket.ts';

/**
 * Requests of one client, of any kind: a tenth of a second of a core at once, and some percent of a core from
 * then on. An office behind one address polls less often.
 */
const OF_CLIENT = { perSecond: 2_000, burst: 500 };

/** Milliseconds for which a client is cut off that does not wait for answers. */
const CUT_OFF_MS = 5_000;

/** Clients that are remembered, some 20 MB. Beyond, the one that is known the longest is forgotten. */
const MAX_CLIENTS = 100_000;

/** Paces the requests of each client, so that nobody's cheap requests keep others waiting, however many come at once. */
export function createRequestPace(ofClient = OF_CLIENT, maxClients = MAX_CLIENTS) {
  const clients = new Map<string, { bucket: TokenBucket; cutOffUntilMs: number }>();

  function knownAs(client: string) {
    const known = clients.get(client);
    if (known !== undefined) return known;
    const [oldest] = clients.keys();
    if (clients.size >= maxClients && oldest !== undefined) clients.delete(oldest);
    const added = { bucket: createTokenBucket(ofClient), cutOffUntilMs: 0 };
    clients.set(client, added);
    return added;
  }

  return {
    isCutOff: (client: string): boolean => (clients.get(client)?.cutOffUntilMs ?? 0) > performance.now(),

    /** Counts a request. Answers the milliseconds that it has to wait. */
    delayOf(client: string): number {
      const { bucket } = knownAs(client);
      const nowMs = performance.now();
      bucket.take(1, nowMs);
      return bucket.waitMs(nowMs);
    },

    cutOff(client: string): void {
      knownAs(client).cutOffUntilMs = performance.now() + CUT_OFF_MS;
    },
  };
}
