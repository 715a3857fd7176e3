import { createHash } from 'node:crypto';

/**
 * Bits of work at a low load, and at the highest: some 32,000 and 520,000 hashes. A slow phone does 200,000 a second.
 */
const CALM_BITS = 15;
const CROWDED_BITS = 19;

/** Joins a second up to which the challenge stays easy. Each doubling adds one bit. */
const CALM_JOINS = 2;

/** Milliseconds over which an older rate loses half its weight. */
const HALF_LIFE_MS = 2_000;

/** The bits of work for a load. */
export const bitsOf = (joinsPerSecond: number): number =>
  Math.min(CROWDED_BITS, CALM_BITS + Math.floor(Math.log2(Math.max(1, joinsPerSecond / CALM_JOINS))));

/** Whether SHA-256 of `challenge`, a colon and `solution` begins with so many zero bits. */
export function isSolved(challenge: string, solution: string, bits: number): boolean {
  const hash = createHash('sha256').update(`${challenge}:${solution}`).digest();
  return Math.clz32(hash.readUInt32BE(0)) >= bits;
}

/** Measures the joins of a line in a second, from readings of its total joins. */
export function createJoinMeter() {
  let last: { joined: number; atMs: number } | undefined;
  let perSecond = 0;

  return {
    note(joined: number, atMs: number): void {
      const previous = last ?? { joined, atMs };
      last = { joined, atMs };
      if (atMs <= previous.atMs) return;
      const decay = 0.5 ** ((atMs - previous.atMs) / HALF_LIFE_MS);
      const rate = (1000 * Math.max(0, joined - previous.joined)) / (atMs - previous.atMs);
      perSecond = perSecond * decay + rate * (1 - decay);
    },
    perSecond: (): number => perSecond,
  };
}
