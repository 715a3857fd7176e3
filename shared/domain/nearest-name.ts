/** Characters of a name that are compared: no known name is longer. */
const MAX_COMPARED = 40;

/**
 * The known name that is nearest to an unknown one: the one that differs in the fewest characters (ignoring case and
 * separators), in at most a third of them; otherwise one that contains the unknown name or is contained in it.
 * Undefined if none is near.
 */
export function nearestName(unknown: string, known: readonly string[]): string | undefined {
  const wanted = plain(unknown);
  let nearest: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const other = plain(name);
    const edits = editsBetween(wanted, other);
    if (edits >= fewest || edits > Math.max(1, Math.floor(Math.max(wanted.length, other.length) / 3))) continue;
    nearest = name;
    fewest = edits;
  }
  return nearest ?? known.find((name) => isPartOf(wanted, plain(name)) || isPartOf(plain(name), wanted));
}

const plain = (name: string) =>
  name
    .slice(0, MAX_COMPARED)
    .toLowerCase()
    .replaceAll(/[-_\s]/g, '');

/** Whether a text is part of another. One or two letters are part of nearly every name. */
const isPartOf = (part: string, whole: string) => part.length > 2 && whole.includes(part);

/** Characters to insert, delete, replace or swap with the next one: optimal string alignment, row by row. */
function editsBetween(a: string, b: string): number {
  let previousRow: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = at(row, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(replaced, at(row, j) + 1, at(next, j - 1) + 1);
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] && i > 1 && j > 1)
        next[j] = Math.min(at(next, j), at(previousRow, j - 2) + 1);
    }
    previousRow = row;
    row = next;
  }
  return at(row, b.length);
}

const at = (row: readonly number[], i: number): number => row[i] ?? 0;
