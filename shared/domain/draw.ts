import { createHash } from 'node:crypto';

/** Rounds of the network: as many as a SHA-256 has 32-bit words, so that one hash serves all rounds of a half. */
const ROUNDS = 8;

/** The input of a draw: the seed, the number of drawn visitors, and the chain of their nonces. Hexadecimal digits. */
export type Draw = { seed: string; people: number; chain: string };

const sha256 = (...parts: (string | Buffer)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The hash that is shown before the draw, so that the seed cannot change afterwards. */
export const commitmentOf = (seed: string): string => sha256(Buffer.from(seed, 'hex')).toString('hex');

/** The chain before anybody joined. */
export const EMPTY_CHAIN = '0'.repeat(64);

/**
 * The link of a batch of joins: the root of a binary tree of hashes over their nonces, in the order of their arrival
 * numbers. Leaves and nodes have different prefixes, as in RFC 9162. `pathOf` proves that one nonce is in the root.
 */
export function createLink(nonces: readonly string[]) {
  const levels = [nonces.map((nonce) => sha256('\0', nonce))];
  for (let level = levels[0] ?? []; level.length > 1; levels.push(level)) {
    const below = level;
    level = [];
    for (let i = 0; i < below.length; i += 2) {
      const pair = below.slice(i, i + 2);
      level.push(pair.length === 1 ? (below[i] ?? sha256()) : sha256('\x01', ...pair));
    }
  }
  return {
    link: (levels.at(-1)?.[0] ?? Buffer.alloc(32)).toString('hex'),

    /** The sibling hashes on a nonce's way up to the root, each with its side, `l` or `r`, in front. */
    pathOf: (index: number): string[] =>
      levels.slice(0, -1).flatMap((level, height) => {
        const node = Math.floor(index / 2 ** height);
        const sibling = level[node ^ 1];
        return sibling === undefined ? [] : [`${node % 2 === 0 ? 'r' : 'l'}${sibling.toString('hex')}`];
      }),
  };
}

/** The link to which a nonce and its path lead. It equals that of a receipt whose nonce was counted. */
export function linkOfNonce(nonce: string, path: readonly string[]): string {
  const root = path.reduce(
    (hash, step) => {
      const sibling = Buffer.from(step.slice(1), 'hex');
      return step.startsWith('l') ? sha256('\x01', sibling, hash) : sha256('\x01', hash, sibling);
    },
    sha256('\0', nonce),
  );
  return root.toString('hex');
}

/** The chain after a link. joinRoom.lua computes the same. */
export const chainAfter = (chain: string, link: string): string =>
  sha256(Buffer.from(chain, 'hex'), Buffer.from(link, 'hex')).toString('hex');

/**
 * The drawn order: a function from arrival numbers to positions, both 1 to `people`, each position once. It is a
 * Feistel network over the smallest 4^h numbers that hold all people, applied until the result is one of them (Black
 * and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002). Round r of a half x is word r of SHA-256(key, x), its
 * lowest h bits. There are few halves, so all words are computed once.
 *
 * @returns a function that throws RangeError where an arrival number is not among those drawn
 */
export function createOrder({ seed, people, chain }: Draw): (arrival: number) => number {
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(people));
  const key = sha256(Buffer.from(seed, 'hex'), count, Buffer.from(chain, 'hex'));
  let half = 1;
  while (4 ** half < people) half += 1;
  const size = 2 ** half;
  const words = new Uint32Array(size * ROUNDS);
  const input = Buffer.alloc(4);
  for (let x = 0; x < size; x += 1) {
    input.writeUInt32BE(x);
    const hash = sha256(key, input);
    for (let round = 0; round < ROUNDS; round += 1) words[x * ROUNDS + round] = hash.readUInt32BE(round * 4) % size;
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
