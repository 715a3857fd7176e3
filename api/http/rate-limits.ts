import type { Request, RequestHandler, Response } from 'express';
import { type RateLimitExceededEventHandler, rateLimit, type Store } from 'express-rate-limit';
import type { Config } from '../../shared/platform/config.ts';
import type { AddHits, LimitCountsStore } from '../../shared/stores/redis/limit-counts.ts';
import type { Caller } from '../auth/identity.ts';
import { clientOf } from './client-address.ts';
import { ApiError } from './errors.ts';

const WINDOW_MS = 60_000;

/** Clients whose windows a limit remembers, some 20 MB. Beyond, the window that ends first is forgotten. */
const MAX_CLIENTS = 100_000;

/**
 * Counts in the memory of this process: a booking costs no call of Redis for it. A client's window begins with its
 * first request in any process, so the map's order is roughly that in which windows end.
 *
 * @param share makes the counts those of all processes; without it they are of this one
 */
export function createWindows(
  windowMs = WINDOW_MS,
  maxClients = MAX_CLIENTS,
  share?: (add: AddHits) => (client: string, hits: number, endsAtMs: number) => void,
) {
  const windows = new Map<string, { totalHits: number; resetTime: Date }>();

  /** The client's window; a new one where it has none. */
  function windowOf(client: string, nowMs: number) {
    for (const [oldest, { resetTime }] of windows) {
      if (resetTime.getTime() > nowMs && (windows.size < maxClients || windows.has(client))) break;
      windows.delete(oldest);
    }
    const known = windows.get(client);
    if (known !== undefined && known.resetTime.getTime() > nowMs) return known;
    const window = { totalHits: 0, resetTime: new Date(nowMs + windowMs) };
    windows.delete(client); // an ended window must not keep its place in the order
    windows.set(client, window);
    return window;
  }

  const note = share?.((client, hits, endsInMs) => {
    const nowMs = Date.now();
    const window = windowOf(client, nowMs);
    window.totalHits += hits;
    if (window.resetTime.getTime() > nowMs + endsInMs) window.resetTime = new Date(nowMs + endsInMs);
  });

  return {
    localKeys: true,
    increment(client: string, hits = 1) {
      const window = windowOf(client, Date.now());
      window.totalHits += hits;
      note?.(client, hits, window.resetTime.getTime());
      return window;
    },
    /** How often a client was counted in its window. */
    hits(client: string): number {
      const known = windows.get(client);
      return known === undefined || known.resetTime.getTime() <= Date.now() ? 0 : known.totalHits;
    },
    decrement: () => undefined, // nothing is taken back
    resetKey: (client: string) => void windows.delete(client),
  } satisfies Store & { hits(client: string): number };
}

/** Windows of the limit of this name, which all processes count together where `counts` is given. */
export const windowsOf = (limit: string, counts: LimitCountsStore | undefined) =>
  createWindows(WINDOW_MS, MAX_CLIENTS, counts && ((add) => counts.share(limit, add)));

/**
 * Tickets and bookings that do not exist, which one client may request in a minute: each costs a read of both stores.
 */
const UNKNOWN_PER_MINUTE = 300;

/** Whether clients are limited here. `npm start` replaces `auto` where only this machine reaches it. */
export const areLimitsOn = ({ RATE_LIMIT }: LimitsConfig): boolean => RATE_LIMIT !== 'off';

export type LimitsConfig = Pick<Config, 'RATE_LIMIT'>;

/**
 * The limits of one client's costly requests in a minute. `login`, `booking` and `joining` count the client's address
 * (an IPv6 client has a /56) and stand before a route; `bookingOf` counts who has shown who it is. What a body claims never
 * counts: else anybody could lock out anybody.
 *
 * @param counts shares what is counted with the other API processes; without it this one counts alone
 */
export function createRateLimits(
  config: LimitsConfig & Pick<Config, 'LOGINS_PER_MINUTE' | 'BOOKINGS_PER_MINUTE' | 'JOINS_PER_MINUTE'>,
  counts?: LimitCountsStore,
) {
  const { LOGINS_PER_MINUTE, BOOKINGS_PER_MINUTE, JOINS_PER_MINUTE } = config;
  const off = !areLimitsOn(config);

  const refuse: RateLimitExceededEventHandler = (_req, _res, next) => next(new ApiError('RATE_LIMITED'));
  const common = { windowMs: WINDOW_MS, standardHeaders: 'draft-8', legacyHeaders: false, handler: refuse } as const;
  const byAddress = (identifier: string, limit: number): RequestHandler[] =>
    off
      ? []
      : [
          rateLimit({
            ...common,
            identifier,
            limit,
            store: windowsOf(identifier, counts),
            keyGenerator: clientOf,
            validate: false,
          }),
        ];

  const ofUser = rateLimit({
    ...common,
    identifier: 'bookings-of-user',
    limit: Math.ceil(BOOKINGS_PER_MINUTE / 10),
    store: windowsOf('bookings-of-user', counts),
    keyGenerator: (_req, res) => String(res.locals.userId),
    validate: false,
  });

  const unknown = windowsOf('unknown', counts);

  return {
    /** @throws ApiError RATE_LIMITED where a client requested too many things that do not exist */
    requireKnown(req: Request): void {
      if (!off && unknown.hits(clientOf(req)) >= UNKNOWN_PER_MINUTE) throw new ApiError('RATE_LIMITED');
    },

    /** Counts a client's request for a ticket or a booking that does not exist. */
    noteUnknown(req: Request): void {
      if (!off) unknown.increment(clientOf(req));
    },

    login: byAddress('logins', LOGINS_PER_MINUTE),
    booking: byAddress('bookings', BOOKINGS_PER_MINUTE),
    joining: byAddress('joins', JOINS_PER_MINUTE),

    /** @throws ApiError RATE_LIMITED */
    async bookingOf({ userId, loggedIn }: Caller, res: Response): Promise<void> {
      if (off || !loggedIn) return;
      res.locals.userId = userId;
      await new Promise<void>((resolve, reject) => {
        void ofUser(res.req, res, (refusal?: unknown) => (refusal === undefined ? resolve() : reject(refusal)));
      });
    },
  };
}

export type RateLimits = ReturnType<typeof createRateLimits>;
