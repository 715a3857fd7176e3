import { randomBytes } from 'node:crypto';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { Config } from '../../shared/config.ts';
import type { UserStore } from '../../shared/stores/stores.ts';
import { ApiError } from '../http/errors.ts';

/** The lifetime of a token that this API signs. */
const TOKEN_LIFE = '1h';

/** Signature algorithms that are accepted: of our own secret, or of a provider's public keys. A token cannot choose. */
const OWN_ALGORITHM = 'HS256';
const PROVIDER_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];

/** Subjects of an outside provider whose user ids are cached. */
const MAX_CACHED_SUBJECTS = 10_000;

/** Characters that are stored of the name that a provider gives a user. */
const MAX_NAME_LENGTH = 200;

export type TokenConfig = Pick<
  Config,
  'AUTH_SECRET' | 'AUTH_JWKS_URL' | 'AUTH_ISSUER' | 'AUTH_AUDIENCE' | 'AUTH_CLOCK_TOLERANCE_SECONDS'
>;

/** Signs and verifies users' tokens. With `AUTH_JWKS_URL` an outside provider signs them and this API only verifies. */
export function createUserTokens({ config, users }: { config: TokenConfig; users: UserStore }) {
  // A secret is missing only where AUTH=off: tokens are signed there too, and no route requires one.
  const secret = new TextEncoder().encode(config.AUTH_SECRET ?? randomBytes(32).toString('hex'));
  const provider = config.AUTH_JWKS_URL === undefined ? undefined : createRemoteJWKSet(new URL(config.AUTH_JWKS_URL));
  const userIdOf = provider === undefined ? ownUserId : createSubjectCache(users);

  async function verify(token: string): Promise<JWTPayload> {
    const required = {
      issuer: config.AUTH_ISSUER,
      audience: config.AUTH_AUDIENCE,
      requiredClaims: ['sub', 'exp'],
      clockTolerance: config.AUTH_CLOCK_TOLERANCE_SECONDS,
    };
    const { payload } = await (provider === undefined
      ? jwtVerify(token, secret, { ...required, algorithms: [OWN_ALGORITHM] })
      : jwtVerify(token, provider, { ...required, algorithms: PROVIDER_ALGORITHMS }));
    return payload;
  }

  return {
    /** Whether an outside provider signs the tokens. */
    isOutside: provider !== undefined,

    /**
     * The user of a signed token.
     *
     * @throws ApiError UNAUTHENTICATED where it is invalid or expired, UNAVAILABLE where the provider's keys cannot be
     * fetched
     */
    async userOfToken(token: string): Promise<number> {
      const payload = await verify(token).catch((fault: unknown) => {
        if (isProviderFault(fault)) throw new ApiError('UNAVAILABLE', undefined, {}, fault);
        throw new ApiError('UNAUTHENTICATED', 'The token is invalid or has expired. Log in again.');
      });
      if (/\p{Cc}/u.test(payload.sub ?? '')) throw new ApiError('UNAUTHENTICATED', 'The token names no user.');
      return userIdOf(payload);
    },

    /** Signs a token for a user whose password was correct. */
    sign(userId: number): Promise<string> {
      return new SignJWT()
        .setProtectedHeader({ alg: OWN_ALGORITHM })
        .setSubject(String(userId))
        .setIssuer(config.AUTH_ISSUER)
        .setAudience(config.AUTH_AUDIENCE)
        .setIssuedAt()
        .setExpirationTime(TOKEN_LIFE)
        .sign(secret);
    },
  };
}

const ownUserId = async ({ sub = '' }: JWTPayload): Promise<number> => Number(sub);

/** Maps a provider's subjects to user ids, which PostgreSQL assigns. */
function createSubjectCache(users: UserStore) {
  const userIds = new Map<string, number>();

  return async ({ sub = '', name }: JWTPayload): Promise<number> => {
    const cached = userIds.get(sub);
    if (cached !== undefined) return cached;
    const printable = (typeof name === 'string' ? name : sub).replaceAll(/\p{Cc}/gu, ' ').slice(0, MAX_NAME_LENGTH);
    const userId = await users.idOfSubject(sub, printable);
    if (userIds.size >= MAX_CACHED_SUBJECTS) userIds.clear();
    userIds.set(sub, userId);
    return userId;
  };
}

/** Whether the provider's keys could not be fetched. Faults of the token itself have other codes. */
function isProviderFault(fault: unknown): boolean {
  if (fault instanceof errors.JWKSNoMatchingKey) return false;
  if (!(fault instanceof errors.JOSEError)) return true;
  return fault instanceof errors.JWKSTimeout || fault.code === 'ERR_JOSE_GENERIC';
}
