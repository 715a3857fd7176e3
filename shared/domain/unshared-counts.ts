import type { LimitCounts } from '../contract/limit-counts.ts';

type Unshared = { hits: number; endsAtMs: number };

/**
 * Hits not yet published to the other processes, by limit and client, of at most `maxClients` clients. Hits of further
 * clients are not counted until `take` is called.
 */
export function createUnsharedCounts(maxClients: number) {
  let byLimit = new Map<string, Map<string, Unshared>>();
  let clients = 0;

  return {
    /**
     * @param endsAtMs end of the client's window; a later end starts a new window, in which earlier hits do not count
     */
    note(limit: string, client: string, hits: number, endsAtMs: number): void {
      const counts = byLimit.get(limit) ?? new Map<string, Unshared>();
      byLimit.set(limit, counts);
      const known = counts.get(client);
      if (known !== undefined) {
        known.hits = endsAtMs > known.endsAtMs ? hits : known.hits + hits;
        known.endsAtMs = endsAtMs;
      } else if (clients < maxClients) {
        counts.set(client, { hits, endsAtMs });
        clients += 1;
      }
    },

    /** The hits since the last call whose windows have not ended; undefined if there are none. */
    take(nowMs: number): LimitCounts['counts'] | undefined {
      const taken: LimitCounts['counts'] = {};
      for (const [limit, counts] of byLimit) {
        const live = [...counts].filter(([, { endsAtMs }]) => endsAtMs > nowMs);
        if (live.length > 0)
          taken[limit] = live.map(([client, { hits, endsAtMs }]) => [client, hits, endsAtMs - nowMs]);
      }
      if (clients > 0) byLimit = new Map();
      clients = 0;
      return Object.keys(taken).length === 0 ? undefined : taken;
    },
  };
}
