import type { IncomingMessage } from 'node:http';
import type { Config } from '../../shared/config.ts';
import type { UserStore } from '../../shared/stores/stores.ts';
import { ApiError } from '../http/errors.ts';
import type { Guards } from './operators.ts';
import { createUserTokens, type TokenConfig } from './user-tokens.ts';

/** The caller of a request: unknown, a user whom the body names, a user who is logged in, or an operator. */
export type Caller = { userId?: number | undefined; loggedIn?: boolean; isOperator?: boolean };

/** A caller that is authenticated as an operator. */
export const OPERATOR: Caller = { isOperator: true };

/** The tickets and bookings that a caller may read: all, or those of one user and those without a user. */
export type Reader = { scope: 'all' } | { scope: 'user'; userId: number | undefined };

export const READS_ALL: Reader = { scope: 'all' };
const READS_UNOWNED: Reader = { scope: 'user', userId: undefined };

/** Whether a reader may see a ticket or a booking of `owner`, or one without an owner. */
export const mayRead = (reader: Reader, owner: number | undefined): boolean =>
  reader.scope === 'all' || owner === undefined || reader.userId === owner;

const tokenOf = (req: IncomingMessage) => /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1];

/** Identifies the caller of a request: by its signed token where AUTH=on, else by the user whom its body names. */
export function createIdentity(deps: {
  config: Pick<Config, 'AUTH'> & TokenConfig;
  users: UserStore;
  guards: Pick<Guards, 'isTrustedServer' | 'requireScope'>;
}) {
  const { config, users, guards } = deps;
  const isOn = config.AUTH === 'on';
  const tokens = createUserTokens({ config, users });
  const { userOfToken } = tokens;

  return {
    /** Whether users log in here, with e-mail and password. */
    hasPasswords: !tokens.isOutside,

    /** Whether users log in at all. */
    isOn,

    userOfToken,
    signToken: tokens.sign,

    /**
     * The user who sends a request that changes something.
     *
     * @param named the user whom the body names
     * @throws ApiError UNAUTHENTICATED without a valid token where AUTH=on; INVALID_REQUEST where AUTH=off and the body
     * names no user
     */
    async callerOf(req: IncomingMessage, named: number | undefined): Promise<Caller & { userId: number }> {
      if (isOn) {
        const token = tokenOf(req);
        if (token === undefined) throw new ApiError('UNAUTHENTICATED');
        return { userId: await userOfToken(token), loggedIn: true };
      }
      if (named === undefined) throw new ApiError('INVALID_REQUEST', 'userId: required, because AUTH=off');
      return { userId: named };
    },

    /**
     * The tickets and bookings that a request may read: a trusted server with the scope `read` may read all.
     *
     * @throws ApiError UNAUTHENTICATED where its token is invalid, FORBIDDEN where its key does not have the scope
     */
    async readerOf(req: IncomingMessage): Promise<Reader> {
      if (!isOn) return READS_ALL;
      if (guards.isTrustedServer(req)) {
        guards.requireScope(req, 'read');
        return READS_ALL;
      }
      const token = tokenOf(req);
      return token === undefined ? READS_UNOWNED : { scope: 'user', userId: await userOfToken(token) };
    },

    /** The reader of a caller that is not authenticated. */
    anonymousReader: isOn ? READS_UNOWNED : READS_ALL,
  };
}

export type Identity = ReturnType<typeof createIdentity>;
