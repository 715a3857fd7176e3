/**
 * A queue of lanes that take turns: each lane is first in, first out, and a long one does not hold up the others. One
 * lane alone is a plain queue.
 */
export function createLanes<Item>() {
  /** The lanes that have items, in the order of their turns. */
  const lanes = new Map<unknown, Item[]>();
  let size = 0;

  return {
    size: (): number => size,

    lengthOf: (lane: unknown): number => lanes.get(lane)?.length ?? 0,

    add(lane: unknown, item: Item): void {
      const items = lanes.get(lane);
      if (items === undefined) lanes.set(lane, [item]);
      else items.push(item);
      size += 1;
    },

    /** Removes up to so many items: an equal share of each lane, and more of those that have more. */
    take(max: number): Item[] {
      const taken: Item[] = [];
      while (taken.length < max && size > 0) {
        const share = Math.max(1, Math.floor((max - taken.length) / lanes.size));
        for (const [lane, items] of [...lanes]) {
          const own = items.splice(0, Math.min(share, max - taken.length));
          for (const item of own) taken.push(item);
          size -= own.length;
          lanes.delete(lane);
          if (items.length > 0) lanes.set(lane, items); // its next turn comes after those of the others
          if (taken.length === max) break;
        }
      }
      return taken;
    },
  };
}
