import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { eventId, inAddress } from '../../shared/contract/ids.ts';
import { LOAD_POINT_SECONDS, MAX_EVENTS_OF_MAINTENANCE } from '../../shared/contract/limits.ts';
import {
  type EventsFound,
  eventsQuery,
  historyQuery,
  type LoadHistory as LoadHistoryView,
  MAX_EVENTS_IN_OVERVIEW,
} from '../../shared/contract/overview.ts';
import { type Actor, type TrailAct, trailQuery } from '../../shared/contract/trail.ts';
import { workersBody } from '../../shared/contract/workers.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import type { Queues } from '../../shared/queues/open-queues.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { TrailStore } from '../../shared/stores/postgres/trail.ts';
import type { LoadHistory } from '../../shared/stores/redis/load-history.ts';
import type { WorkersStore } from '../../shared/stores/redis/workers.ts';
import { OPERATOR } from '../auth/identity.ts';
import { actorOf, type OperatorGuard } from '../auth/operators.ts';
import { BOARD_PATH, type BoardSessions } from '../auth/queue-board-sessions.ts';
import { readJson, refuseBody } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { queryOf, refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { parse } from '../http/validation.ts';
import type { Herd } from '../operations/demo-herd.ts';
import type { EventsOfOperators } from '../operations/events-of-operators.ts';
import type { RunOperatorJob } from '../operations/operator-jobs.ts';
import { idempotencyOf } from '../tickets/idempotency.ts';
import { layoutOf } from './event-layout.ts';
import { boardRoute } from './queue-board.ts';

export const maintenanceQuery = z.strictObject({ eventId: inAddress(eventId).optional() });

type AdminDeps = {
  events: EventStore;
  runOperatorJob: RunOperatorJob;
  eventsOfOperators: EventsOfOperators;
  workers: WorkersStore;
  loadHistory: Pick<LoadHistory, 'newest'>;
  trail: TrailStore;
  requireOperator: OperatorGuard;
  queues: Queues;
  boardSessions: BoardSessions;
  /** Undefined where the demonstration herd is off. */
  herd: Herd | undefined;
};

/**
 * `/admin`, for operators: audit and rebuild, the number of workers, the queues, the audit trail. The page `/admin`
 * itself belongs to the web app.
 */
export function adminRoutes(deps: AdminDeps) {
  const maintain = createMaintenance(deps);
  const router = Router();
  router.post('/audit', maintain('audit'));
  router.post('/rebuild', maintain('rebuild'));
  router.get('/trail', showTrail(deps));
  router.get('/events', findEvents(deps));
  router.get('/history', showHistory(deps));
  router.get('/workers', showWorkers(deps));
  router.post('/workers', setWorkers(deps));
  router.post('/session', openSession(deps));
  router.use('/queues', boardRoute(deps));
  const { herd } = deps;
  if (herd !== undefined) router.route('/herd').get(showHerd(herd, deps)).post(startHerd(herd, deps));
  return router;
}

/** Audit and rebuild. One at a time: each occupies a slot of the workers that confirm and cancel, perhaps for long. */
function createMaintenance(deps: AdminDeps) {
  const { runOperatorJob, requireOperator } = deps;
  let isBusy = false;

  return (job: 'audit' | 'rebuild') => async (req: Request, res: Response) => {
    const by = actorOf(req, requireOperator(req));
    await refuseBody(req);
    const eventIds = await eventsOf(req, deps);
    if (isBusy) throw new ApiError('OVERLOADED', 'One audit or rebuild at a time.');
    isBusy = true;
    try {
      reply(res, 200, await runOperatorJob(job, { eventIds, by }, idempotencyOf(req, req.originalUrl, null, OPERATOR)));
    } finally {
      isBusy = false;
    }
  };
}

/** The event that the query names, or all events. */
async function eventsOf(req: Request, { events }: AdminDeps): Promise<number[]> {
  const { eventId: named } = queryOf(req, maintenanceQuery);
  if (named !== undefined) await layoutOf(events, named);
  const eventIds = named === undefined ? await events.ids() : [named];
  if (eventIds.length > MAX_EVENTS_OF_MAINTENANCE)
    throw new ApiError(
      'INVALID_REQUEST',
      `eventId: required, because there are more than ${MAX_EVENTS_OF_MAINTENANCE}`,
    );
  return eventIds;
}

const showTrail =
  ({ trail, requireOperator }: AdminDeps) =>
  async (req: Request, res: Response) => {
    requireOperator(req);
    const { after, limit } = queryOf(req, trailQuery);
    const entries = await trail.page(after, limit);
    const last = entries.at(-1)?.number ?? 1;
    const next = entries.length === limit && last > 1 ? `/admin/trail?after=${last}&limit=${limit}` : undefined;
    reply(res, 200, { entries, next });
  };

const findEvents =
  ({ eventsOfOperators, requireOperator }: AdminDeps) =>
  async (req: Request, res: Response) => {
    requireOperator(req);
    const { find } = queryOf(req, eventsQuery);
    const events =
      find === undefined
        ? (await eventsOfOperators.busiest(MAX_EVENTS_IN_OVERVIEW)).events
        : await eventsOfOperators.find(find, MAX_EVENTS_IN_OVERVIEW);
    reply(res, 200, { events } satisfies EventsFound);
  };

const showHistory =
  ({ loadHistory, requireOperator }: AdminDeps) =>
  async (req: Request, res: Response) => {
    requireOperator(req);
    const { minutes } = queryOf(req, historyQuery);
    const points = await loadHistory.newest((minutes * 60) / LOAD_POINT_SECONDS);
    reply(res, 200, { everySeconds: LOAD_POINT_SECONDS, points } satisfies LoadHistoryView);
  };

const showWorkers =
  ({ workers, requireOperator }: AdminDeps) =>
  async (req: Request, res: Response) => {
    requireOperator(req);
    refuseQuery(req);
    reply(res, 200, await workers.view());
  };

const setWorkers = (deps: AdminDeps) => async (req: Request, res: Response) => {
  const { workers, requireOperator } = deps;
  const by = actorOf(req, requireOperator(req));
  refuseQuery(req);
  const { processes } = parse(workersBody, await readJson(req));
  const { asked: previous } = await workers.view();
  await recordAct(deps, 'setWorkers', by, { before: { processes: previous }, after: { processes } });
  await workers.request(processes);
  reply(res, 200, await workers.view());
};

const openSession = (deps: AdminDeps) => async (req: Request, res: Response) => {
  const { boardSessions, requireOperator } = deps;
  const by = actorOf(req, requireOperator(req));
  refuseQuery(req);
  await refuseBody(req);
  await recordAct(deps, 'openSession', by);
  const cookie = boardSessions.cookie(req, req.secure);
  reply(res, 200, { path: BOARD_PATH }, cookie === undefined ? {} : { 'set-cookie': cookie });
};

const showHerd =
  (herd: Herd, { requireOperator }: AdminDeps) =>
  (req: Request, res: Response) => {
    requireOperator(req);
    refuseQuery(req);
    reply(res, 200, herd.view());
  };

const startHerd = (herd: Herd, deps: AdminDeps) => async (req: Request, res: Response) => {
  const by = actorOf(req, deps.requireOperator(req));
  refuseQuery(req);
  await refuseBody(req);
  await recordAct(deps, 'startHerd', by);
  const { localAddress = '127.0.0.1', localPort } = req.socket;
  const host = localAddress.includes(':') ? `[${localAddress}]` : localAddress;
  herd.start(`http://${host}:${localPort}`);
  reply(res, 202, herd.view());
};

/** Writes an act of this process into the trail before the act: while PostgreSQL is unavailable no act is possible. */
const recordAct = (
  { trail }: AdminDeps,
  act: TrailAct,
  by: Actor,
  changed?: { before?: object; after?: object },
): Promise<void> => trail.write({ id: newTicketId(0), act, by }, changed);
