import { createHash } from 'node:crypto';

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
