import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { KEY_PREFIX } from '../../shared/contract/keys.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Loops } from '../../shared/platform/loops.ts';
import type { KeyStore, StoredKey } from '../../shared/stores/postgres/keys.ts';
import { ApiError } from '../http/errors.ts';
import type { Key } from '../http/request-keys.ts';

/** Milliseconds between two reads of all keys. */
const READ_MS = 2_000;

/**
 * Milliseconds after which the keys that were read last are not trusted any more: a revoked key is refused everywhere
 * within this time, also while PostgreSQL does not answer.
 */
const TRUSTED_MS = 5_000;

/** Milliseconds between the beginnings of two reads that unknown keys cause: guesses cost two short reads a second. */
const MISS_MS = 500;

/** Milliseconds between two writes of the time at which a key was last used. */
const USE_WRITTEN_MS = 60_000;

/** The form of each key: any other token after the prefix is refused without a read. */
const FORM = new RegExp(`^${KEY_PREFIX}[\\w-]{43}$`);

/** Whether a token claims to be a key. */
export const isKey = (token: string): boolean => token.startsWith(KEY_PREFIX);

/** The digest under which a key's secret is stored. 256 random bits need no slow hash. */
export const digestOfKey = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

/**
 * All valid keys in the memory of this process, so that a request with a key costs no call. They are read again every
 * two seconds, and where a key is unknown: another process may have made it a moment ago.
 */
export async function createKeyRing(deps: { keys: KeyStore; loops: Loops; log: Logger }) {
  const { keys: store, loops, log } = deps;
  let keys = new Map<string, Key>();
  let byId = new Map<number, Key>();
  let readAtMs = Number.NEGATIVE_INFINITY;
  let begunAtMs = Number.NEGATIVE_INFINITY;
  let nextRead: Promise<void> | undefined;
  const uses = createUses(store);

  async function read(): Promise<void> {
    const startedAtMs = performance.now();
    begunAtMs = startedAtMs;
    const rows = await store.list();
    if (startedAtMs < readAtMs) return; // a later read was faster
    keys = new Map(rows.map((row) => [row.digest, keyOf(row)]));
    byId = new Map([...keys.values()].map((key) => [key.id, key]));
    readAtMs = startedAtMs;
  }

  /** A read that begins after this call. All that wait share it. */
  function readSoon(): Promise<void> {
    nextRead ??= sleep(Math.max(0, begunAtMs + MISS_MS - performance.now())).then(() => {
      nextRead = undefined;
      return read();
    });
    return nextRead;
  }

  const isTrusted = (): boolean => performance.now() - readAtMs <= TRUSTED_MS;

  /** A key, where it is valid as far as this process knows. */
  const ifValid = (key: Key | undefined): Key | undefined =>
    key !== undefined && isTrusted() && key.expiresAtMs > sharedNowMs() ? key : undefined;

  const noteFault = (fault: Error): void => log.warn({ fault: fault.message }, 'reading keys failed');
  await read().catch(noteFault);
  const work = async () => {
    await read();
    await uses.write(byId);
  };

  return {
    /** The key of a token, where it is valid and this process knows it. */
    find(token: string): Key | undefined {
      if (!FORM.test(token)) return undefined;
      const key = ifValid(keys.get(digestOfKey(token)));
      if (key !== undefined) uses.note(key.id);
      return key;
    },

    /**
     * The key of a token that `find` does not know.
     *
     * @throws ApiError UNAUTHENTICATED where it is not valid, UNAVAILABLE where the keys cannot be read
     */
    async findAfterRead(token: string): Promise<Key> {
      if (FORM.test(token)) {
        await readSoon().catch((fault: Error) => {
          noteFault(fault);
          throw new ApiError('UNAVAILABLE', 'Keys cannot be checked at the moment. Try again later.');
        });
        if (!isTrusted()) throw new ApiError('UNAVAILABLE', 'Keys cannot be checked at the moment. Try again later.');
        const key = this.find(token);
        if (key !== undefined) return key;
      }
      throw new ApiError('UNAUTHENTICATED', 'The key is unknown, revoked or expired.');
    },

    /** Whether a key that was found earlier is still valid. */
    isValid: (id: number): boolean => ifValid(byId.get(id)) !== undefined,

    /** Reads the keys now, after this process has changed them. */
    refresh: (): Promise<void> => read().catch(noteFault),

    stop: loops.repeat('keys read', READ_MS, work, noteFault, { isVital: false }),
  };
}

export type KeyRing = Awaited<ReturnType<typeof createKeyRing>>;

function keyOf({ id, name, scopes, expiresAt }: StoredKey): Key {
  const expiresAtMs = expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
  return { id, name, scopes: new Set(scopes), expiresAtMs };
}

/** Notes when this process last saw each key, and stores it at most once a minute for each. */
function createUses(store: Pick<KeyStore, 'noteUses'>) {
  const usedMs = new Map<number, number>();
  const writtenMs = new Map<number, number>();

  return {
    note: (id: number): void => void usedMs.set(id, Date.now()),

    /** @param byId the keys that exist: others are forgotten, so both maps are bounded */
    async write(byId: ReadonlyMap<number, unknown>): Promise<void> {
      for (const id of writtenMs.keys()) if (!byId.has(id)) writtenMs.delete(id);
      const nowMs = Date.now();
      const due = [...usedMs].filter(([id]) => nowMs - (writtenMs.get(id) ?? 0) >= USE_WRITTEN_MS);
      await store.noteUses(due.map(([id, atMs]) => ({ id, at: new Date(atMs) })));
      for (const [id, atMs] of due) {
        if (byId.has(id)) writtenMs.set(id, nowMs);
        if (usedMs.get(id) === atMs) usedMs.delete(id);
      }
    },
  };
}
