import cors, { type CorsOptions } from 'cors';
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import { type Config, otherSitesOf } from '../shared/config.ts';
import type { ErrorCode } from '../shared/contract/codes.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { LimitCountsStore } from '../shared/stores/redis/limit-counts.ts';
import { metrics } from '../shared/telemetry/metrics.ts';
import { createBoardSessions } from './auth/queue-board-sessions.ts';
import { ApiError, asApiError, faultFields } from './http/errors.ts';
import { replyError, replyProblem } from './http/replies.ts';
import { requestIdOf } from './http/request.ts';
import { patternOf } from './http/server.ts';
import { createHeavyReads } from './limits/heavy-reads.ts';
import { createRateLimits } from './limits/rate-limits.ts';
import { createOrderDesk } from './orders/order-desk.ts';
import { createWholeHouses } from './realtime/whole-houses.ts';
import { adminRoutes } from './routes/admin.ts';
import { bookingRoutes } from './routes/bookings.ts';
import { buyerRoutes, buyerTokenRoutes } from './routes/buyers.ts';
import { addCompatRoutes } from './routes/compat/routes.ts';
import { docsRoutes } from './routes/docs.ts';
import { embedRoutes } from './routes/embed.ts';
import { eventRoutes } from './routes/events.ts';
import { feedRoutes } from './routes/feed.ts';
import { addGateRoutes } from './routes/gate.ts';
import { gateKeyRoutes } from './routes/gate-keys.ts';
import { healthRoutes } from './routes/health.ts';
import { keyRoutes } from './routes/keys.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { orderRoutes } from './routes/orders.ts';
import { bookingListRoutes, eventSummaryRoutes } from './routes/records.ts';
import { seatHistoryRoutes } from './routes/seat-history.ts';
import { seatRoutes } from './routes/seats.ts';
import { sellBlockedRoutes } from './routes/sell-blocked.ts';
import { addSiteReportRoutes } from './routes/site-reports.ts';
import { ticketRoutes } from './routes/tickets.ts';
import { userRoutes } from './routes/users.ts';
import { addWaitingRoomRoutes } from './routes/waiting-room.ts';
import { webRoutes } from './routes/web.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { traceIdOf } from './tickets/traces.ts';

/** Headers that pages of other sites may read. */
const EXPOSED_HEADERS = [
  'Location',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'ETag',
  'X-Request-Id',
  'Date',
  'Age',
];

/** A preflight is answered with 200: the compat routes never answer 204. */
const corsOptions = (origin: string[]): CorsOptions => {
  return { origin, exposedHeaders: EXPOSED_HEADERS, optionsSuccessStatus: 200, maxAge: 600 };
};

/** The parts that all route files together use. */
type RouteDeps = Parameters<typeof addCompatRoutes>[1] &
  Parameters<typeof addWaitingRoomRoutes>[1] &
  Parameters<typeof addGateRoutes>[1] &
  Parameters<typeof adminRoutes>[0] &
  Parameters<typeof bookingRoutes>[0] &
  Parameters<typeof addSiteReportRoutes>[1] &
  Parameters<typeof buyerRoutes>[0] &
  Parameters<typeof eventRoutes>[0] &
  Parameters<typeof feedRoutes>[0] &
  Parameters<typeof gateKeyRoutes>[0] &
  Parameters<typeof healthRoutes>[0] &
  Parameters<typeof keyRoutes>[0] &
  Parameters<typeof metricsRoutes>[0] &
  Parameters<typeof orderRoutes>[0] &
  Parameters<typeof bookingListRoutes>[0] &
  Parameters<typeof seatHistoryRoutes>[0] &
  Parameters<typeof seatRoutes>[0] &
  Parameters<typeof sellBlockedRoutes>[0] &
  Parameters<typeof ticketRoutes>[0] &
  Parameters<typeof userRoutes>[0] &
  Parameters<typeof webRoutes>[0] &
  Parameters<typeof webhookRoutes>[0];

/** The parts that a node passes in. `buildApp` makes the others. */
type AppDeps = Omit<
  RouteDeps,
  'config' | 'limits' | 'heavyReads' | 'houses' | 'boardSessions' | 'orderDesk' | 'shards'
> &
  Omit<Parameters<typeof createOrderDesk>[0], 'limits' | 'shards'> & {
    config: Config;
    /** Undefined where clients are not limited. */
    limitCounts: LimitCountsStore | undefined;
  };

/** Builds the Express app. It does not listen. */
export function buildApp(deps: AppDeps): Express {
  const { config, identity, limitCounts, log } = deps;
  const limits = createRateLimits(config, limitCounts);
  const routeDeps: RouteDeps = {
    ...deps,
    limits,
    orderDesk: createOrderDesk({ ...deps, limits, shards: config.SHARDS }),
    heavyReads: createHeavyReads(config, limitCounts),
    houses: createWholeHouses(deps),
    boardSessions: createBoardSessions(config, deps.requireOperator, deps.keyRing),
    shards: config.SHARDS,
  };

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  if (config.TRUST_PROXY !== undefined) app.set('trust proxy', config.TRUST_PROXY);
  const otherSites = otherSitesOf(config);
  if (otherSites.length > 0) app.use(cors(corsOptions(otherSites)));
  addCompatRoutes(app, routeDeps);
  addWaitingRoomRoutes(app, routeDeps);
  app.use(metricsRoutes(routeDeps));
  app.use(healthRoutes(routeDeps));
  app.use('/api/tickets', ticketRoutes(routeDeps));
  app.use('/api/bookings', bookingRoutes(routeDeps));
  app.use('/api/bookings', bookingListRoutes(routeDeps));
  app.use('/api/orders', orderRoutes(routeDeps));
  app.use('/api/buyer-tokens', buyerTokenRoutes(routeDeps));
  app.use('/api/events', eventRoutes(routeDeps));
  app.use('/api/events', eventSummaryRoutes(routeDeps));
  app.use('/api/events', sellBlockedRoutes(routeDeps));
  app.use('/api/feed', feedRoutes(routeDeps));
  app.use('/api/seats', seatRoutes(routeDeps));
  app.use('/api/seats', seatHistoryRoutes(routeDeps));
  addGateRoutes(app, routeDeps);
  addSiteReportRoutes(app, routeDeps);
  app.use('/admin', keyRoutes(routeDeps));
  app.use('/admin', gateKeyRoutes(routeDeps));
  app.use('/admin', buyerRoutes(routeDeps));
  app.use('/admin', webhookRoutes(routeDeps));
  app.use('/admin', adminRoutes(routeDeps));
  if (identity.hasPasswords) app.use('/api/users', userRoutes(routeDeps));
  app.use(docsRoutes());
  app.use(embedRoutes());
  app.use(webRoutes(routeDeps));
  app.use(() => {
    throw new ApiError('ROUTE_UNKNOWN');
  });
  app.use(replyToFaults(log));
  replyWithoutPath(app);
  return app;
}

/** Codes whose cause is a fault: it is logged under the id of the request. */
const FAULT_CODES = new Set<ErrorCode>(['INTERNAL', 'UNAVAILABLE', 'NOT_REPLICATED']);

/** The name of a buyer in a path: no log has it. */
const BUYER_IN_PATH = /(\/buyers\/)[^/]+/;

/** Answers a request whose handler threw, and logs the faults. */
function replyToFaults(log: Logger): ErrorRequestHandler {
  return (fault, req, res, _next) => {
    const { method, path } = req;
    const error = asApiError(fault);
    if (res.headersSent) {
      if (FAULT_CODES.has(error.code)) log.error({ method, path, ...faultFields(fault) }, 'writing an answer failed');
      if (!res.writableEnded) res.destroy(); // its client must see that the rest is missing
      return;
    }
    metrics.httpErrors.inc({ code: error.code });
    if (FAULT_CODES.has(error.code)) {
      const requestId = requestIdOf(req);
      error.fields.requestId = requestId;
      res.setHeader('x-request-id', requestId);
      const shownPath = path.replace(BUYER_IN_PATH, '$1...');
      const fields = {
        requestId,
        traceId: traceIdOf(req),
        method,
        route: patternOf(req),
        path: shownPath,
        code: error.code,
      };
      log.error({ ...fields, ...faultFields(error.cause ?? error) }, 'request failed');
    }
    replyError(res, path, error);
  };
}

/** Express answers an address without a path (`GET http://`) with a page of its own, after all routes: replace it. */
function replyWithoutPath(app: Express): void {
  const inner = app as unknown as { handle: (req: Request, res: Response, done: () => void) => void };
  const { handle } = inner;
  inner.handle = (req, res) => handle.call(app, req, res, () => replyProblem(res, new ApiError('ROUTE_UNKNOWN')));
}
