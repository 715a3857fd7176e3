/**
 * Group commit: what arrives while a flush is under way leaves together in the next one. There is no timer, so an idle
 * caller waits for nothing and a loaded one batches by itself.
 */
export function createGroupCommit<Item, Result>(options: {
  /** Takes a batch and answers with one result for each item, in order. A rejection rejects the batch and what waits behind it. */
  flush: (batch: Item[]) => Promise<Result[]>;
  /** Items in one batch at the most. */
  maxItems: number;
  /** Items that may wait for a flush; `add` answers undefined beyond. */
  maxWaiting: number;
}) {
  const { flush, maxItems, maxWaiting } = options;
  type Entry = { item: Item; resolve: (result: Result) => void; reject: (reason: unknown) => void };
  const waiting: Entry[] = [];
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    // One turn of the event loop's microtasks, so that requests read from one packet leave together.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting.splice(0, maxItems);
      try {
        const results = await flush(batch.map((entry) => entry.item));
        batch.forEach((entry, i) => {
          entry.resolve(results[i] as Result);
        });
      } catch (fault) {
        // What waits would wait as long and fail as well: it is told now, so that nobody waits for more than two flushes.
        for (const entry of [...batch, ...waiting.splice(0)]) entry.reject(fault);
      }
    }
    running = undefined;
  }

  return {
    /** Adds an item to the next flush; undefined if too many wait already. */
    add(item: Item): Promise<Result> | undefined {
      if (waiting.length >= maxWaiting) return undefined;
      return new Promise<Result>((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        running ??= run();
      });
    },

    /** Resolves once everything that was added has left. */
    async drained(): Promise<void> {
      await running;
    },
  };
}
