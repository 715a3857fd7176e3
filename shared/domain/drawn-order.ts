import { sha256Words } from './sha256.ts';

/** Rounds of the network: as many as a SHA-256 has 32-bit words, so that one hash serves all rounds of a half. */
const ROUNDS = 8;

/** The input of a draw: the seed, the number of drawn visitors, and the chain of their nonces. Hexadecimal digits. */
export type Draw = { seed: string; people: number; chain: string };

/** The drawn order: the position of an arrival number. @throws RangeError where the number is not among those drawn */
export type DrawnOrder = (arrival: number) => number;

const bytesOf = (hex: string): number[] => (hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));

/** The key of a draw: SHA-256 of the seed, the number of people as 8 bytes, and the chain. */
function keyOf({ seed, people, chain }: Draw): Uint32Array {
  const count = new DataView(new ArrayBuffer(8));
  count.setBigUint64(0, BigInt(people));
  return sha256Words(Uint8Array.from([...bytesOf(seed), ...new Uint8Array(count.buffer), ...bytesOf(chain)]));
}

/**
 * The drawn order: a function from arrival numbers to positions, both 1 to `people`, each position once. It is a
 * Feistel network over the smallest 4^h numbers that hold all people, applied until the result is one of them (Black
 * and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002). Round r of a half x is word r of SHA-256(key, x), its
 * lowest h bits. There are few halves, so all words are computed once: 1,024 hashes for a million people. It runs in
 * browsers, too.
 */
export function createOrder(draw: Draw): DrawnOrder {
  const { people } = draw;
  let half = 1;
  while (4 ** half < people) half += 1;
  const size = 2 ** half;
  const words = new Uint32Array(size * ROUNDS);
  const input = new DataView(new ArrayBuffer(36));
  for (const [i, word] of keyOf(draw).entries()) input.setUint32(4 * i, word);
  for (let x = 0; x < size; x += 1) {
    input.setUint32(32, x);
    for (const [round, word] of sha256Words(new Uint8Array(input.buffer)).entries())
      words[x * ROUNDS + round] = word % size;
  }

  function permute(value: number): number {
    let [left, right] = [Math.floor(value / size), value % size];
    for (let round = 0; round < ROUNDS; round += 1) {
      const mixed = left ^ (words[right * ROUNDS + round] ?? 0);
      left = right;
      right = mixed;
    }
    return left * size + right;
  }

  return (arrival) => {
    if (!Number.isInteger(arrival) || arrival < 1 || arrival > people) throw new RangeError(`${arrival} was not drawn`);
    let value = permute(arrival - 1);
    while (value >= people) value = permute(value);
    return value + 1;
  };
}
