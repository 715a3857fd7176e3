import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { Config } from '../../shared/platform/config.ts';
import type { UserStore } from '../../shared/stores/postgres/users.ts';
import { ApiError } from '../http/errors.ts';

/** The caller of a request: unknown, a user whom the body names, a user who logged in, or an operator. */
export type Caller = { userId?: number | undefined; loggedIn?: boolean; isOperator?: boolean };

/** A caller that proved to be an operator, by any proof. */
export const OPERATOR: Caller = { isOperator: true };

/** Whose tickets and bookings a caller may read: everybody's, or one user's and those that are nobody's. */
export type Reader = 'anyone' | { userId: number | undefined };

/** How long a token of ours lasts. */
const TOKEN_LIFE = '1h';

/** Signatures that are taken: our own secret's, or an outside provider's public keys. Nothing that a token says changes that. */
const OWN_ALGORITHM = 'HS256';
const PROVIDER_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];

/** Users of an outside provider whose numbers are remembered. */
const MAX_KNOWN_SUBJECTS = 10_000;

/** Says who a request comes from: the signed token, where logging in is on; else what the body says. */
export function createIdentity(deps: {
  config: Pick<
    Config,
    'AUTH' | 'AUTH_SECRET' | 'AUTH_JWKS_URL' | 'AUTH_ISSUER' | 'AUTH_AUDIENCE' | 'AUTH_CLOCK_TOLERANCE_SECONDS'
  >;
  users: UserStore;
}) {
  const { config, users } = deps;
  const on = config.AUTH === 'on';
  const pinned = { issuer: config.AUTH_ISSUER, audience: config.AUTH_AUDIENCE };
  // Without a secret (only where logging in is off) tokens are still given, and asked for by nobody.
  const secret = new TextEncoder().encode(config.AUTH_SECRET ?? randomBytes(32).toString('hex'));
  const provider = config.AUTH_JWKS_URL === undefined ? undefined : createRemoteJWKSet(new URL(config.AUTH_JWKS_URL));
  const numbers = new Map<string, number>();

  async function verify(token: string): Promise<JWTPayload> {
    const clockTolerance = config.AUTH_CLOCK_TOLERANCE_SECONDS;
    const required = { ...pinned, requiredClaims: ['sub', 'exp'], clockTolerance };
    const { payload } = await (provider === undefined
      ? jwtVerify(token, secret, { ...required, algorithms: [OWN_ALGORITHM] })
      : jwtVerify(token, provider, { ...required, algorithms: PROVIDER_ALGORITHMS }));
    return payload;
  }

  async function numberOf({ sub = '', name }: JWTPayload): Promise<number> {
    if (provider === undefined) return Number(sub);
    const known = numbers.get(sub);
    if (known !== undefined) return known;
    const words = (typeof name === 'string' ? name : sub).replaceAll(/\p{Cc}/gu, ' ').slice(0, 200);
    const userId = await users.idOfSubject(sub, words);
    if (numbers.size >= MAX_KNOWN_SUBJECTS) numbers.clear();
    numbers.set(sub, userId);
    return userId;
  }

  /**
   * The user of a signed token.
   *
   * @throws ApiError UNAUTHENTICATED where it is not valid (any more), UNAVAILABLE where the provider's keys cannot be had
   */
  async function userOfToken(token: string): Promise<number> {
    let payload: JWTPayload;
    try {
      payload = await verify(token);
    } catch (fault) {
      if (fault instanceof errors.JWKSNoMatchingKey || !isProvidersFault(fault)) {
        throw new ApiError('UNAUTHENTICATED', 'The token is not valid, or not any more. Log in again.');
      }
      throw new ApiError('UNAVAILABLE', undefined, {}, fault);
    }
    if (/\p{Cc}/u.test(payload.sub ?? '')) throw new ApiError('UNAUTHENTICATED', 'The token names no user.');
    return numberOf(payload);
  }

  const tokenOf = (req: IncomingMessage) => /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1];

  return {
    /** Whether people log in here, with e-mail and password. */
    hasPasswords: provider === undefined,

    /** Whether people log in at all. */
    isOn: on,

    userOfToken,

    /**
     * Who a request that changes something comes from.
     *
     * @param named the user whom the body names
     * @throws ApiError UNAUTHENTICATED without a valid token where logging in is on; INVALID_REQUEST where it is off and no
     * user is named
     */
    async callerOf(req: IncomingMessage, named: number | undefined): Promise<Caller & { userId: number }> {
      if (on) {
        const token = tokenOf(req);
        if (token === undefined) throw new ApiError('UNAUTHENTICATED');
        return { userId: await userOfToken(token), loggedIn: true };
      }
      if (named === undefined) throw new ApiError('INVALID_REQUEST', 'userId: needed, because nobody logs in here');
      return { userId: named };
    },

    /**
     * Whose tickets and bookings a request may read.
     *
     * @throws ApiError UNAUTHENTICATED where its token is not valid
     */
    async readerOf(req: IncomingMessage): Promise<Reader> {
      if (!on) return 'anyone';
      const token = tokenOf(req);
      return { userId: token === undefined ? undefined : await userOfToken(token) };
    },

    /** What somebody may read who has shown nothing yet. */
    stranger: (on ? { userId: undefined } : 'anyone') as Reader,

    /** A token for a user whose password was right. */
    signToken(userId: number): Promise<string> {
      return new SignJWT()
        .setProtectedHeader({ alg: OWN_ALGORITHM })
        .setSubject(String(userId))
        .setIssuer(pinned.issuer)
        .setAudience(pinned.audience)
        .setIssuedAt()
        .setExpirationTime(TOKEN_LIFE)
        .sign(secret);
    },
  };
}

/** Whether a token could not be checked for want of the provider's keys. What jose says of the token itself has other codes. */
const isProvidersFault = (fault: unknown) =>
  !(fault instanceof errors.JOSEError) || fault instanceof errors.JWKSTimeout || fault.code === 'ERR_JOSE_GENERIC';

/** Whether a reader may see what belongs to `owner`, or to nobody. */
export const mayRead = (reader: Reader, owner: number | undefined): boolean =>
  reader === 'anyone' || owner === undefined || reader.userId === owner;

export type Identity = ReturnType<typeof createIdentity>;
