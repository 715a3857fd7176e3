import type { Request, RequestHandler, Response } from 'express';
import { type RateLimitExceededEventHandler, rateLimit, type Store } from 'express-rate-limit';
import type { Config } from '../shared/platform/config.ts';
import { clientOf } from './client-address.ts';
import { ApiError } from './http.ts';
import type { Caller } from './identity.ts';
import { isLoopbackName } from './loopback.ts';

const WINDOW_MS = 60_000;

/** Clients whose windows a limit remembers, some 20 MB. Beyond, the window that ends first is forgotten. */
const MAX_CLIENTS = 100_000;

/**
 * Counts in the memory of this process: a booking costs no call of Redis for it. A client's window begins with its first
 * request, so the map's order is that in which windows end.
 */
export function createWindows(windowMs = WINDOW_MS, maxClients = MAX_CLIENTS) {
  const windows = new Map<string, { totalHits: number; resetTime: Date }>();

  return {
    localKeys: true,
    increment(client: string, hits = 1) {
      const nowMs = Date.now();
      for (const [oldest, { resetTime }] of windows) {
        if (resetTime.getTime() > nowMs && (windows.size < maxClients || windows.has(client))) break;
        windows.delete(oldest);
      }
      const known = windows.get(client) ?? { totalHits: 0, resetTime: new Date(nowMs + windowMs) };
      known.totalHits += hits;
      windows.set(client, known);
      return known;
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

/** Tickets and bookings that do not exist, which one client may ask for in a minute: each is looked for in both stores. */
const UNKNOWN_PER_MINUTE = 300;

/** Whether clients are limited here: by the setting, or by where the node listens. */
export function areLimitsOn({ RATE_LIMIT, EMBEDDED, HOST, TRUST_PROXY }: LimitsConfig): boolean {
  const isAlone = EMBEDDED && isLoopbackName(HOST) && TRUST_PROXY === undefined; // only this machine's user reaches it
  return RATE_LIMIT === 'on' || (RATE_LIMIT === 'auto' && !isAlone);
}

export type LimitsConfig = Pick<Config, 'RATE_LIMIT' | 'EMBEDDED' | 'HOST' | 'TRUST_PROXY'>;

/**
 * What one client may ask of what costs, in a minute and of this process. `login`, `booking` and `joining` count the client's address
 * (an IPv6 client has a /56) and stand before a route; `bookingOf` counts who has shown who it is. What a body claims never
 * counts: else anybody could lock out anybody.
 */
export function createRateLimits(
  config: LimitsConfig & Pick<Config, 'LOGINS_PER_MINUTE' | 'BOOKINGS_PER_MINUTE' | 'JOINS_PER_MINUTE'>,
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
            store: createWindows(),
            keyGenerator: clientOf,
            validate: false,
          }),
        ];

  const ofUser = rateLimit({
    ...common,
    identifier: 'bookings-of-user',
    limit: Math.ceil(BOOKINGS_PER_MINUTE / 10),
    store: createWindows(),
    keyGenerator: (_req, res) => String(res.locals.userId),
    validate: false,
  });

  const unknown = createWindows();

  return {
    /** @throws ApiError RATE_LIMITED where a client asked for too much that does not exist */
    requireKnown(req: Request): void {
      if (!off && unknown.hits(clientOf(req)) >= UNKNOWN_PER_MINUTE) throw new ApiError('RATE_LIMITED');
    },

    /** Counts that a client asked for a ticket or a booking that does not exist. */
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
