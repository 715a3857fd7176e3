import type { IncomingMessage } from 'node:http';
import type { Config } from '../../shared/config.ts';
import type { UserStore } from '../../shared/stores/stores.ts';
import { ApiError } from '../http/errors.ts';
import { createBuyerTokens, isBuyerToken } from './buyer-tokens.ts';
import type { Buyers } from './buyers.ts';
import type { Guards } from './operators.ts';
import { createUserTokens, type TokenConfig } from './user-tokens.ts';

/** The caller of a request: unknown, a user whom the body names, a user who is logged in, or an operator. */
export type Caller = { userId?: number | undefined; loggedIn?: boolean; isOperator?: boolean };

/** A caller that is authenticated as an operator. */
export const OPERATOR: Caller = { isOperator: true };

/** The buyer whom a body names: by number, or a trusted server by its own name. */
type Named = { userId?: number | undefined; buyer?: string | undefined };

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
  config: Pick<Config, 'AUTH' | 'ADMIN_TOKEN'> & TokenConfig;
  users: UserStore;
  buyerNames: Pick<Buyers, 'numberOf'>;
  guards: Pick<Guards, 'isTrustedServer' | 'requireScope'>;
}) {
  const { config, users, buyerNames, guards } = deps;
  const isOn = config.AUTH === 'on';
  const tokens = createUserTokens({ config, users });
  const buyerTokens = createBuyerTokens(config);

  const userOfToken = async (token: string): Promise<number> =>
    isBuyerToken(token) ? buyerTokens.read(token) : tokens.userOfToken(token);

  /** The number of the buyer whom a trusted server names. @throws ApiError FORBIDDEN that names the scope */
  function numberOfBuyer(req: IncomingMessage, buyer: string): Promise<number> {
    try {
      guards.requireScope(req, 'sell');
    } catch (fault) {
      throw new ApiError('FORBIDDEN', 'buyer: only a key with the scope sell may name a buyer.', {}, fault);
    }
    return buyerNames.numberOf(buyer);
  }

  /** A trusted server as a caller, for the buyer or the user whom it names. */
  async function serverFor(req: IncomingMessage, { userId, buyer }: Named): Promise<Caller & { userId: number }> {
    guards.requireScope(req, 'sell');
    if (buyer !== undefined) return { ...OPERATOR, userId: await buyerNames.numberOf(buyer) };
    if (userId !== undefined) return { ...OPERATOR, userId };
    throw new ApiError('INVALID_REQUEST', 'buyer: required, or userId, to name the buyer');
  }

  return {
    /** Whether users log in here, with e-mail and password. */
    hasPasswords: !tokens.isOutside,

    /** Whether users log in at all. */
    isOn,

    userOfToken,
    numberOfBuyer,
    signToken: tokens.sign,
    signBuyerToken: buyerTokens.sign,

    /**
     * The user who sends a request that changes something, or for whom a trusted server sends it.
     *
     * @throws ApiError UNAUTHENTICATED without a valid token where AUTH=on; INVALID_REQUEST where AUTH=off and the body
     * names no user; FORBIDDEN where the key does not have the scope `sell`, or nobody may name a buyer
     */
    async callerOf(req: IncomingMessage, named: Named = {}): Promise<Caller & { userId: number }> {
      if (named.userId !== undefined && named.buyer !== undefined)
        throw new ApiError('INVALID_REQUEST', 'buyer: cannot be combined with userId');
      if (guards.isTrustedServer(req)) return serverFor(req, named);
      if (named.buyer !== undefined) return { ...OPERATOR, userId: await numberOfBuyer(req, named.buyer) };
      const token = tokenOf(req);
      if (isOn || (token !== undefined && isBuyerToken(token))) {
        if (token === undefined) throw new ApiError('UNAUTHENTICATED');
        return { userId: await userOfToken(token), loggedIn: true };
      }
      const { userId } = named;
      if (userId === undefined) throw new ApiError('INVALID_REQUEST', 'userId: required, because AUTH=off');
      return { userId };
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

    /** The buyer whose browser sends a request with a token of a shop. @throws ApiError UNAUTHENTICATED */
    guestOf(req: IncomingMessage): number | undefined {
      const token = tokenOf(req);
      return token !== undefined && isBuyerToken(token) ? buyerTokens.read(token) : undefined;
    },

    /** The reader of a caller that is not authenticated. */
    anonymousReader: isOn ? READS_UNOWNED : READS_ALL,
  };
}

export type Identity = ReturnType<typeof createIdentity>;
