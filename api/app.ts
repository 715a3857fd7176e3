import cors, { type CorsOptions } from 'cors';
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import type { Config } from '../shared/config.ts';
import type { PipelineView } from '../shared/contract/pipeline.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { JobQueue } from '../shared/queues/queue.ts';
import type { EventStore } from '../shared/stores/postgres/events.ts';
import type { TrailStore } from '../shared/stores/postgres/trail.ts';
import type { UserStore } from '../shared/stores/postgres/users.ts';
import type { LimitCountsStore } from '../shared/stores/redis/limit-counts.ts';
import type { MetricsTargets } from '../shared/stores/redis/metrics-targets.ts';
import type { RoomStore } from '../shared/stores/redis/rooms.ts';
import type { SeatStore } from '../shared/stores/redis/seats.ts';
import type { WorkersStore } from '../shared/stores/redis/workers.ts';
import { metrics } from '../shared/telemetry/metrics.ts';
import { createBoardSessions } from './auth/board-sessions.ts';
import type { Identity } from './auth/identity.ts';
import type { OperatorGuard } from './auth/operators.ts';
import type { SellerGuard } from './auth/sellers.ts';
import { ApiError, asApiError, faultFields } from './http/errors.ts';
import { replyError, replyProblem } from './http/replies.ts';
import { requestIdOf } from './http/request.ts';
import { patternOf } from './http/server.ts';
import { createHeavyReads } from './limits/heavy-reads.ts';
import { createRateLimits } from './limits/rate-limits.ts';
import type { Herd } from './operations/demo-herd.ts';
import type { RunOperatorJob } from './operations/operator-jobs.ts';
import type { Readiness } from './operations/readiness.ts';
import { createWholeHouses } from './realtime/whole-houses.ts';
import { adminRoutes } from './routes/admin.ts';
import { bookingRoutes } from './routes/bookings.ts';
import { addCompatRoutes } from './routes/compat/routes.ts';
import { docsRoutes } from './routes/docs.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { seatRoutes } from './routes/seats.ts';
import { ticketRoutes } from './routes/tickets.ts';
import { userRoutes } from './routes/users.ts';
import { addWaitingRoomRoutes } from './routes/waiting-room.ts';
import { webRoutes } from './routes/web.ts';
import type { BookingReads } from './tickets/booking-reads.ts';
import type { Intake } from './tickets/intake.ts';
import type { Outcomes } from './tickets/outcomes.ts';
import { traceIdOf } from './tickets/traces.ts';
import type { JoinChallenge } from './waiting-room/join-challenge.ts';
import type { WaitingRooms } from './waiting-room/lines.ts';

/** What pages of other sites may read of an answer, besides its body. */
const EXPOSED = ['Location', 'Retry-After', 'RateLimit', 'RateLimit-Policy', 'ETag', 'X-Request-Id'];

/** A preflight is answered with 200: surface A knows no 204. */
const corsOptions = (origin: string[]): CorsOptions => {
  return { origin, exposedHeaders: EXPOSED, optionsSuccessStatus: 200, maxAge: 600 };
};

/** The Express app. It does not listen: main.ts and the tests do that. */
export function buildApp(deps: {
  config: Pick<
    Config,
    | 'ADMIN_TOKEN'
    | 'CONFIRM_CLEAR'
    | 'SHARDS'
    | 'TRUST_PROXY'
    | 'CORS_ORIGINS'
    | 'RESERVE_WAIT_SECONDS'
    | 'RESET_FROM_LOOPBACK'
  > &
    Parameters<typeof createRateLimits>[0] &
    Parameters<typeof createHeavyReads>[0];
  requireOperator: OperatorGuard;
  requireSeller: SellerGuard;
  /** BullMQ's, of each shard. */
  queues: readonly (readonly JobQueue[])[];
  bookIntake: Intake<'book'>;
  changeIntake: Intake<'change'>;
  outcomes: Outcomes;
  runOperatorJob: RunOperatorJob;
  events: EventStore;
  bookings: BookingReads;
  seats: SeatStore;
  users: UserStore;
  workers: WorkersStore;
  trail: TrailStore;
  herd: Herd | undefined;
  /** Left out where clients are not limited. */
  limitCounts: LimitCountsStore | undefined;
  identity: Identity;
  rooms: RoomStore;
  waitingRooms: WaitingRooms;
  challenges: JoinChallenge;
  metricsPage: () => Promise<string>;
  metricsTargets: MetricsTargets;
  readiness: Readiness;
  pipeline: () => Promise<PipelineView>;
  /** Whether this node is stopping. */
  isStopping: () => boolean;
  log: Logger;
}): Express {
  const { config, requireOperator, log } = deps;
  const limits = createRateLimits(config, deps.limitCounts);
  const heavyReads = createHeavyReads(config, deps.limitCounts);
  const houses = createWholeHouses(deps);
  const sessions = createBoardSessions(config, requireOperator);
  const guarded = { ...deps, limits, heavyReads, houses, sessions, shards: config.SHARDS };

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  if (config.TRUST_PROXY !== undefined) app.set('trust proxy', config.TRUST_PROXY);
  if (config.CORS_ORIGINS.length > 0) app.use(cors(corsOptions(config.CORS_ORIGINS)));
  addCompatRoutes(app, guarded);
  addWaitingRoomRoutes(app, guarded);
  app.use(metricsRoutes(deps));
  app.use(healthRoutes(deps));
  app.use('/api/tickets', ticketRoutes(guarded));
  app.use('/api/bookings', bookingRoutes(guarded));
  app.use('/api/events', eventRoutes(guarded));
  app.use('/api/seats', seatRoutes(guarded));
  app.use('/admin', adminRoutes(guarded));
  if (deps.identity.hasPasswords) app.use('/api/users', userRoutes(guarded));
  app.use(docsRoutes());
  app.use(webRoutes());
  app.use(() => {
    throw new ApiError('ROUTE_UNKNOWN');
  });
  const answerFaults: ErrorRequestHandler = (fault, req, res, _next) => {
    if (res.headersSent) {
      log.error({ method: req.method, path: req.path, ...faultFields(fault) }, 'writing an answer failed');
      return void res.destroy(); // its client must see that the rest is missing
    }
    const error = asApiError(fault);
    metrics.httpErrors.inc({ code: error.code });
    if (error.code === 'INTERNAL' || error.code === 'UNAVAILABLE') {
      error.fields.requestId = requestIdOf(req);
      res.setHeader('x-request-id', requestIdOf(req));
      const { method, path } = req;
      const route = patternOf(req);
      const ids = { requestId: requestIdOf(req), traceId: traceIdOf(req) };
      const fields = { ...ids, method, route, path, code: error.code };
      log.error({ ...fields, ...faultFields(error.cause ?? error) }, 'request failed');
    }
    replyError(res, req.path, error);
  };
  app.use(answerFaults);
  answerTheRest(app);
  return app;
}

/** An address without any path (`GET http://`) passes by every route, and Express has a page for that: it gets our answer. */
function answerTheRest(app: Express): void {
  const inner = app as unknown as { handle: (req: Request, res: Response, last: () => void) => void };
  const { handle } = inner;
  inner.handle = (req, res) => handle.call(app, req, res, () => replyProblem(res, new ApiError('ROUTE_UNKNOWN')));
}
