/** Counts by name, in the order in which the names first came. */
export function createTally() {
  const counts = new Map<string, number>();
  return {
    counts,
    add: (name: string, times = 1) => void counts.set(name, (counts.get(name) ?? 0) + times),
    of: (name: string) => counts.get(name) ?? 0,
    /** The sum of the counts whose names do not match. */
    except: (names: RegExp) => [...counts].reduce((sum, [name, count]) => sum + (names.test(name) ? 0 : count), 0),
    total: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
    words: () => wordsOf(counts),
  };
}

export type Tally = ReturnType<typeof createTally>;

/** Counts in words. */
export const wordsOf = (counts: Iterable<readonly [string, number]>): string =>
  [...counts].map(([name, count]) => `${name}: ${count}`).join(', ') || 'none';
