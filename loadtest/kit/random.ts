/** Numbers in [0, 1) that a seed determines. */
export type Random = () => number;

/** A small fast generator (mulberry32), so that a seed repeats a run. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A whole number from 0 up to and without the limit. */
export const below = (random: Random, limit: number): number => Math.floor(random() * limit);

/** A number from `min` to `max`. */
export const between = (random: Random, min: number, max: number): number => min + random() * (max - min);

export const chance = (random: Random, share: number): boolean => random() < share;

export const pick = <Item>(random: Random, items: readonly Item[]): Item => items[below(random, items.length)] as Item;

export function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  const keyed = items.map((item) => ({ item, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
