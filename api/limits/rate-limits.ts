import type { Request, RequestHandler, Response } from 'express';
import { type Options, type RateLimitExceededEventHandler, rateLimit } from 'express-rate-limit';
import type { Config } from '../../shared/config.ts';
import type { LimitCountsStore } from '../../shared/stores/redis/limit-counts.ts';
import { ApiError } from '../http/errors.ts';
import { keyOf, limitedAs } from '../http/request-keys.ts';
import { WINDOW_MS, windowsOf } from './windows.ts';

/** Unknown tickets and bookings that one client may request in a minute: each request reads both stores. */
const UNKNOWN_PER_MINUTE = 300;

/** Clients that one key counts as: the server of a shop sends the requests of all its customers. */
const CLIENTS_OF_KEY = 100;

/** A client's limit: a key's is a multiple of it. */
export const limitFor = (req: Request, limit: number): number =>
  keyOf(req) === undefined ? limit : limit * CLIENTS_OF_KEY;

/** Whether clients are limited here. `npm start` replaces `auto` where only this machine reaches it. */
export const areLimitsOn = ({ RATE_LIMIT }: LimitsConfig): boolean => RATE_LIMIT !== 'off';

export type LimitsConfig = Pick<Config, 'RATE_LIMIT'>;

const refuse: RateLimitExceededEventHandler = (_req, _res, next) => next(new ApiError('RATE_LIMITED'));

/** A limit of `limit` requests in a minute for each key. */
function limitOf(
  identifier: string,
  limit: number,
  keyGenerator: Options['keyGenerator'],
  counts: LimitCountsStore | undefined,
): RequestHandler {
  return rateLimit({
    identifier,
    limit: (req) => limitFor(req, limit),
    windowMs: WINDOW_MS,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler: refuse,
    store: windowsOf(identifier, counts),
    keyGenerator,
    validate: false,
  });
}

/**
 * The limits of one client's costly requests in a minute. `login`, `booking` and `joining` count by key, or without one
 * by address (by /56 for IPv6), and run before a route; `bookingOf` counts by user. A user id from a body that is not
 * authenticated is never counted: any client could lock that user out.
 *
 * @param counts shares the counts with the other API processes; without it this process counts alone
 */
export function createRateLimits(
  config: LimitsConfig & Pick<Config, 'LOGINS_PER_MINUTE' | 'BOOKINGS_PER_MINUTE' | 'JOINS_PER_MINUTE'>,
  counts?: LimitCountsStore,
) {
  const { LOGINS_PER_MINUTE, BOOKINGS_PER_MINUTE, JOINS_PER_MINUTE } = config;
  const areOn = areLimitsOn(config);
  const byClient = (identifier: string, limit: number): RequestHandler[] =>
    areOn ? [limitOf(identifier, limit, limitedAs, counts)] : [];
  const userIdOf = (_req: Request, res: Response) => String(res.locals.userId);
  const ofUser = limitOf('bookings-of-user', Math.ceil(BOOKINGS_PER_MINUTE / 10), userIdOf, counts);
  const unknown = windowsOf('unknown', counts);

  return {
    /** @throws ApiError RATE_LIMITED where a client requested too many unknown tickets and bookings */
    requireKnown(req: Request): void {
      if (areOn && unknown.hits(limitedAs(req)) >= limitFor(req, UNKNOWN_PER_MINUTE))
        throw new ApiError('RATE_LIMITED');
    },

    /** Counts a client's request for an unknown ticket or booking. */
    countUnknown(req: Request): void {
      if (areOn) unknown.increment(limitedAs(req));
    },

    login: byClient('logins', LOGINS_PER_MINUTE),
    booking: byClient('bookings', BOOKINGS_PER_MINUTE),
    joining: byClient('joins', JOINS_PER_MINUTE),

    /** Counts a booking request of a logged-in user. @throws ApiError RATE_LIMITED */
    async bookingOf({ userId, loggedIn }: { userId?: number | undefined; loggedIn?: boolean }, res: Response) {
      if (!areOn || !loggedIn) return;
      res.locals.userId = userId;
      await new Promise<void>((resolve, reject) => {
        void ofUser(res.req, res, (refusal?: unknown) => (refusal === undefined ? resolve() : reject(refusal)));
      });
    },
  };
}

export type RateLimits = ReturnType<typeof createRateLimits>;
