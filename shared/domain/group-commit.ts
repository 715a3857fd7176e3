/**
 * Group commit: items added during a flush are flushed together in the next one. There is no timer: an idle caller does
 * not wait, and under load batches form by themselves.
 */
export function createGroupCommit<Item, Result>(options: {
  /** Returns one result for each item, in order. A rejection rejects the batch and all waiting items. */
  flush: (batch: Item[]) => Promise<Result[]>;
  /** Most items in one batch. */
  maxItems: number;
  /** Most items that may wait for a flush; beyond it `add` returns undefined. */
  maxWaiting: number;
}) {
  const { flush, maxItems, maxWaiting } = options;
  type Entry = { item: Item; resolve: (result: Result) => void; reject: (reason: unknown) => void };
  const waiting: Entry[] = [];
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    // Yield once to the microtask queue, so that requests read from one packet are flushed together.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting.splice(0, maxItems);
      try {
        const results = await flush(batch.map((entry) => entry.item));
        batch.forEach((entry, i) => {
          entry.resolve(results[i] as Result);
        });
      } catch (fault) {
        // Waiting items would probably fail as well: reject them now, so that no item waits for more than two flushes.
        for (const entry of [...batch, ...waiting.splice(0)]) entry.reject(fault);
      }
    }
    running = undefined;
  }

  return {
    /** Adds an item to the next flush; returns undefined if too many items wait. */
    add(item: Item): Promise<Result> | undefined {
      if (waiting.length >= maxWaiting) return undefined;
      return new Promise<Result>((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        running ??= run();
      });
    },

    /** Resolves once all added items are flushed. */
    async drained(): Promise<void> {
      await running;
    },
  };
}
