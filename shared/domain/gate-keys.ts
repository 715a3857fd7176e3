import { MAX_ADMISSION_SECONDS, MAX_TURN_SECONDS } from '../contract/limits.ts';

/** Seconds for which caches may keep the public keys. */
export const JWKS_SECONDS = 300;

/** Milliseconds after which a new key is in every cache: an API publishes it some seconds after it was made. */
const PUBLISHING_MS = 1000 * (JWKS_SECONDS + 60);

/** Milliseconds for which an admission may last, and those in which APIs, one after the other, change to a new key. */
const LONGEST_ADMISSION_MS = 1000 * (MAX_TURN_SECONDS + MAX_ADMISSION_SECONDS + 60);

/** When a key was published: milliseconds since 1970. */
type Published = { publishedMs: number };

/** A key signs, waits until every cache has it, or only verifies what it has signed until that has ended. */
export type KeyState = 'published' | 'signing' | 'verifying' | 'ended';

/** The first key of a system signs at once: nobody has read the keys without it. */
const signsFromMs = ({ publishedMs }: Published, index: number): number =>
  index === 0 ? publishedMs : publishedMs + PUBLISHING_MS;

/** When the last token of a key has ended, in milliseconds since 1970; undefined while no key follows it. */
export const endOfKeyMs = (keys: readonly Published[], index: number): number | undefined => {
  const next = keys[index + 1];
  return next && signsFromMs(next, index + 1) + LONGEST_ADMISSION_MS;
};

/**
 * The state of each key at a time. The newest key that every cache has signs.
 *
 * @param keys the oldest first
 */
export function statesOfKeys(keys: readonly Published[], nowMs: number): KeyState[] {
  const signing = Math.max(
    0,
    keys.map(signsFromMs).findLastIndex((fromMs) => fromMs <= nowMs),
  );
  return keys.map((_, i) => {
    if (i > signing) return 'published';
    if (i === signing) return 'signing';
    return nowMs < (endOfKeyMs(keys, i) ?? nowMs) ? 'verifying' : 'ended';
  });
}
