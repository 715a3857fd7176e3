import { createLanes } from './lanes.ts';

/** Items that a lane may have for each one that may still be added: other lanes always find room. */
const LANE_TIMES_ROOM = 4;

/**
 * Group commit: items added during a flush are flushed together in the next one. There is no timer: an idle caller does
 * not wait, and under load batches form by themselves.
 */
export function createGroupCommit<Item, Result>(options: {
  /** Returns one result for each item, in order. A rejection rejects the batch and all waiting items. */
  flush: (batch: Item[]) => Promise<Result[]>;
  /** Most items in one batch. */
  maxItems: number;
  /**
   * Most items that may wait for a flush; beyond it `add` returns undefined. One lane may have four fifths of them,
   * and the less the more others have.
   */
  maxWaiting: number;
  /** The lane of an item: lanes take turns, and each keeps its order. By default all items are in one. */
  laneOf?: (item: Item) => unknown;
}) {
  const { flush, maxItems, maxWaiting, laneOf } = options;
  type Entry = { item: Item; resolve: (result: Result) => void; reject: (reason: unknown) => void };
  const waiting = createLanes<Entry>();
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    // Yield once to the microtask queue, so that requests read from one packet are flushed together.
    await Promise.resolve();
    while (waiting.size() > 0) {
      const batch = waiting.take(maxItems);
      try {
        const results = await flush(batch.map((entry) => entry.item));
        batch.forEach((entry, i) => {
          entry.resolve(results[i] as Result);
        });
      } catch (fault) {
        // Waiting items would probably fail as well: reject them now, so that no item waits for more than two flushes.
        for (const entry of [...batch, ...waiting.take(waiting.size())]) entry.reject(fault);
      }
    }
    running = undefined;
  }

  return {
    /** Adds an item to the next flush; returns undefined if too many items wait. */
    add(item: Item): Promise<Result> | undefined {
      const lane = laneOf?.(item);
      const room = maxWaiting - waiting.size();
      if (room <= 0 || (laneOf !== undefined && waiting.lengthOf(lane) >= LANE_TIMES_ROOM * room)) return undefined;
      return new Promise<Result>((resolve, reject) => {
        waiting.add(lane, { item, resolve, reject });
        running ??= run();
      });
    },

    /** Resolves once all added items are flushed. */
    async drained(): Promise<void> {
      await running;
    },
  };
}
