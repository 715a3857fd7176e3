import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { VerifiedAdmission } from '../contract.ts';
import { FrontrowError } from '../error.ts';
import type { GateApi } from './gate-api.ts';

const KEYS_PATH = '/.well-known/jwks.json';

/** Milliseconds for which keys are kept, as their `Cache-Control` says: a key that was withdrawn is valid no longer. */
const KEYS_MS = 300_000;

/** Milliseconds after which keys are read anew where a token names another one. */
const UNKNOWN_KEY_MS = 10_000;

/** Milliseconds for which the API's judgement of a token counts: what a signature cannot show is seen so late. */
const JUDGEMENT_MS = 15_000;

/** Tokens whose judgement is kept, about 20 MB. Past the bound the one that was shown longest ago is forgotten. */
const MAX_JUDGEMENTS = 20_000;

/** Characters of a token. The API refuses longer ones too. */
const MAX_TOKEN_LENGTH = 1_024;

type Kind = 'entry' | 'admission';

/** An admission to store, and the seconds until it ends. */
export type StoredAdmission = { token: string; seconds: number };

/** `next`: the admission that is valid from now on, for the request that got it. */
type Judgement = { isValid: boolean; next?: StoredAdmission };

/** The API did not answer, or cannot judge now. */
export const isUnavailable = (fault: unknown): fault is FrontrowError =>
  fault instanceof FrontrowError && fault.isTemporary;

/** Judges the tokens that visitors show to a site: by their signature, and then by what only the API knows. */
export function createGateTokens({ api, eventId, site }: { api: GateApi; eventId: number; site: string }) {
  const keyOf = createKeys(api);
  const judgements = createRecent<{ isValid: boolean; atMs: number }>(MAX_JUDGEMENTS);
  const underWay = new Map<string, Promise<Judgement>>();

  /** Whether a present key has signed a token, for this site and event, and it has not ended. */
  async function isSigned(kind: Kind, token: string): Promise<boolean> {
    if (token.length > MAX_TOKEN_LENGTH) return false;
    const currentDate = new Date(api.clock.now());
    const wanted = { algorithms: ['EdDSA'], typ: `${kind}+jwt`, audience: site, requiredClaims: ['exp'], currentDate };
    try {
      const { payload } = await jwtVerify(token, keyOf, wanted);
      return payload.event === eventId;
    } catch (fault) {
      if (fault instanceof errors.JOSEError) return false;
      throw fault;
    }
  }

  async function askFor(token: string): Promise<Judgement> {
    const judgement = await api.ask<VerifiedAdmission>('/api/gate/verify', { eventId, site, token }).then(
      ({ admission, expiresAt }) => {
        const seconds = Math.max(1, Math.floor((Date.parse(expiresAt) - api.clock.now()) / 1000));
        return { isValid: true, ...(admission !== undefined && { next: { token: admission, seconds } }) };
      },
      (fault) => {
        if (fault instanceof FrontrowError && fault.code === 'ADMISSION_INVALID') return { isValid: false };
        throw fault;
      },
    );
    judgements.set(token, { isValid: judgement.isValid, atMs: performance.now() });
    return judgement;
  }

  /** The API's judgement, at most 15 s old. Requests with one token ask once, and one of them gets `next`. */
  async function judgeOnline(token: string): Promise<Judgement> {
    const known = judgements.get(token);
    if (known !== undefined && performance.now() - known.atMs < JUDGEMENT_MS) return { isValid: known.isValid };
    const other = underWay.get(token);
    if (other !== undefined) return { isValid: (await other).isValid };
    const asked = askFor(token).finally(() => underWay.delete(token));
    underWay.set(token, asked);
    return asked;
  }

  return {
    /**
     * Takes an entry, once. @returns the admission; undefined where it is not valid
     * @throws FrontrowError while the API does not answer
     */
    async takeEntry(token: string): Promise<StoredAdmission | undefined> {
      if (!(await isSigned('entry', token))) return undefined;
      const { next } = await judgeOnline(token);
      if (next !== undefined) judgements.set(token, { isValid: false, atMs: performance.now() });
      return next;
    },

    /**
     * Judges an admission. While the API does not answer, one counts that is signed, has not ended, and was not refused
     * before.
     *
     * @throws FrontrowError where no keys were read yet
     */
    async judgeAdmission(token: string): Promise<Judgement> {
      if (!(await isSigned('admission', token))) return { isValid: false };
      try {
        return await judgeOnline(token);
      } catch (fault) {
        if (!isUnavailable(fault)) throw fault;
        return { isValid: judgements.get(token)?.isValid ?? true };
      }
    },
  };
}

/**
 * The public keys, read again after five minutes, and where a token names another one. While the API does not answer,
 * the last ones count.
 */
function createKeys(api: GateApi): JWTVerifyGetKey {
  // jose adds headers and an address: the API is asked as always, and its faults are no faults of a token.
  const fetchKeys = async () => Response.json(await api.ask(KEYS_PATH));
  const remote = createRemoteJWKSet(new URL(KEYS_PATH, 'http://localhost'), {
    cacheMaxAge: KEYS_MS,
    cooldownDuration: UNKNOWN_KEY_MS,
    [customFetch]: fetchKeys,
  });
  return async (header, token) => {
    try {
      return await remote(header, token);
    } catch (fault) {
      const last = remote.jwks();
      if (!isUnavailable(fault) || last === undefined) throw fault;
      return createLocalJWKSet(last)(header, token);
    }
  };
}

/** A map that keeps the entries that were read or written last. */
function createRecent<Value>(most: number) {
  const entries = new Map<string, Value>();

  function set(key: string, value: Value): void {
    entries.delete(key);
    entries.set(key, value);
    const [oldest] = entries.keys();
    if (entries.size > most && oldest !== undefined) entries.delete(oldest);
  }

  return {
    set,
    get(key: string): Value | undefined {
      const value = entries.get(key);
      if (value !== undefined) set(key, value);
      return value;
    },
  };
}
