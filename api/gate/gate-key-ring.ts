import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair, importJWK } from 'jose';
import type { GateKeyView } from '../../shared/contract/gate.ts';
import { endOfKeyMs, statesOfKeys } from '../../shared/domain/gate-keys.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Loops } from '../../shared/platform/loops.ts';
import type { GateKey, GateKeyStore, KeyPair } from '../../shared/stores/postgres/gate-keys.ts';
import { ApiError } from '../http/errors.ts';

/** Signatures of Ed25519, as JWTs name them. */
export const ALGORITHM = 'EdDSA';

/** Milliseconds between two reads: a key that was withdrawn is refused everywhere after so long. */
const READ_MS = 2_000;

type CryptoKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

type LoadedKey = GateKey & { publicKey: CryptoKey; privateKey: CryptoKey };

/** A new pair of keys, published now. */
export async function newGateKey(): Promise<GateKey> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { crv: 'Ed25519', extractable: true });
  const { x = '', d = '' } = await exportJWK(privateKey);
  const id = randomBytes(9).toString('base64url');
  return { id, pair: { kty: 'OKP', crv: 'Ed25519', x, d }, publishedMs: sharedNowMs() };
}

const publicHalf = ({ kty, crv, x }: KeyPair) => ({ kty, crv, x });

async function load(key: GateKey): Promise<LoadedKey> {
  const [publicKey, privateKey] = await Promise.all([
    importJWK(publicHalf(key.pair), ALGORITHM),
    importJWK(key.pair, ALGORITHM),
  ]);
  return { ...key, publicKey: publicKey as CryptoKey, privateKey: privateKey as CryptoKey };
}

/**
 * The keys that sign admissions to sites, in the memory of this process. They are read again every two seconds. While
 * PostgreSQL is unavailable the last ones are kept.
 */
export async function createGateKeyRing(deps: { gateKeys: GateKeyStore; loops: Loops; log: Logger }) {
  const { gateKeys: store, loops, log } = deps;
  let keys: LoadedKey[] = [];

  async function read(): Promise<void> {
    let stored = await store.list();
    if (stored.length === 0) {
      await store.addFirst(await newGateKey());
      stored = await store.list();
    }
    const known = new Map(keys.map((key) => [key.id, key]));
    keys = await Promise.all(stored.map(async (key) => ({ ...(known.get(key.id) ?? (await load(key))), ...key })));
  }

  const noteFault = (fault: Error): void => log.warn({ fault: fault.message }, 'reading the keys of the gate failed');
  await read().catch(noteFault);

  /** The keys that are not ended, with their states. */
  function present() {
    const states = statesOfKeys(keys, sharedNowMs());
    return keys.flatMap((key, i) => (states[i] === 'ended' ? [] : [{ key, state: states[i] }]));
  }

  return {
    /** The public keys of all tokens that may be valid, now or soon (RFC 7517). @throws ApiError UNAVAILABLE */
    publicKeys() {
      const shown = present().map(({ key: { id, pair } }) => {
        return { ...publicHalf(pair), kid: id, use: 'sig', alg: ALGORITHM };
      });
      if (shown.length === 0) throw new ApiError('UNAVAILABLE');
      return shown;
    },

    /** The key that signs now. @throws ApiError UNAVAILABLE until keys were read */
    signing(): LoadedKey {
      const signing = present().find(({ state }) => state === 'signing');
      if (signing === undefined) throw new ApiError('UNAVAILABLE');
      return signing.key;
    },

    /** The public key of this id, where its tokens may be valid. @throws ApiError UNAVAILABLE until keys were read */
    find(id: string | undefined): CryptoKey | undefined {
      if (keys.length === 0) throw new ApiError('UNAVAILABLE');
      return present().find(({ key }) => key.id === id)?.key.publicKey;
    },

    /** All keys, the oldest first. */
    list(): GateKeyView[] {
      const states = statesOfKeys(keys, sharedNowMs());
      return keys.map(({ id, publishedMs }, i) => {
        const endsMs = endOfKeyMs(keys, i);
        return {
          id,
          state: states[i] ?? 'published',
          publishedAt: new Date(publishedMs).toISOString(),
          ...(endsMs !== undefined && { endsAt: new Date(endsMs).toISOString() }),
        };
      });
    },

    /** Reads the keys now, after this process has changed them. */
    refresh: (): Promise<void> => read().catch(noteFault),

    stop: loops.repeat('keys of the gate read', READ_MS, read, noteFault, { isVital: false }),
  };
}

export type GateKeyRing = Awaited<ReturnType<typeof createGateKeyRing>>;
