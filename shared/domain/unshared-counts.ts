import type { LimitCounts } from '../contract/limit-counts.ts';

type Unshared = { hits: number; endsAtMs: number };

/**
 * Hits not yet published to the other processes, by limit and client. At most so many clients in all: those beyond are
 * left out until these were taken.
 */
export function createUnsharedCounts(maxClients: number) {
  let byLimit = new Map<string, Map<string, Unshared>>();
  let clients = 0;

  return {
    /**
     * @param endsAtMs when the client's window ends; a later one than before is a new window, in which old hits count
     * no more
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

    /** The hits since the last call that still count; undefined where there are none. */
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
