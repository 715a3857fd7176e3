import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { eventId, inAddress } from '../../shared/contract/ids.ts';
import { MAX_EVENTS_LOOKED_AFTER } from '../../shared/contract/limits.ts';
import { type Actor, type TrailAct, trailQuery } from '../../shared/contract/trail.ts';
import { workersBody } from '../../shared/contract/workers.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import type { JobQueue } from '../../shared/platform/queues.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { TrailStore } from '../../shared/stores/postgres/trail.ts';
import type { WorkersStore } from '../../shared/stores/redis/workers.ts';
import { BOARD_PATH, type BoardSessions } from '../auth/board-sessions.ts';
import { OPERATOR } from '../auth/identity.ts';
import { actorOf, type OperatorGuard } from '../auth/operators.ts';
import { readJson, refuseBody } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { queryOf, refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { parse } from '../http/validation.ts';
import type { Herd } from '../operations/demo-herd.ts';
import type { Control } from '../operations/operator-jobs.ts';
import { idempotencyOf } from '../tickets/intake.ts';
import { boardRoute } from './board.ts';

export const maintenanceQuery = z.strictObject({ eventId: inAddress(eventId).optional() });

/**
 * Looking after what runs, for operators: hold PostgreSQL and Redis against each other, write Redis anew, say how many workers there should
 * be, look into the queues and the audit trail. Their page is one of the web app.
 */
export function adminRoutes(deps: {
  events: EventStore;
  control: Control;
  workers: WorkersStore;
  trail: TrailStore;
  requireOperator: OperatorGuard;
  queues: readonly (readonly JobQueue[])[];
  sessions: BoardSessions;
  /** Only on embedded servers. */
  herd: Herd | undefined;
}) {
  const { events, control, workers, trail, requireOperator, sessions, herd } = deps;

  /** The event that was named, or all. */
  async function eventsOf(req: Request): Promise<number[]> {
    const { eventId: named } = queryOf(req, maintenanceQuery);
    const eventIds = named === undefined ? await events.ids() : [named];
    if (named !== undefined && (await events.layout(named)) === undefined) throw new ApiError('EVENT_UNKNOWN');
    if (eventIds.length > MAX_EVENTS_LOOKED_AFTER)
      throw new ApiError('INVALID_REQUEST', `eventId: needed, because there are more than ${MAX_EVENTS_LOOKED_AFTER}`);
    return eventIds;
  }

  let busy = false;

  const lookAfter = (job: 'audit' | 'rebuild') => async (req: Request, res: Response) => {
    const by = actorOf(req, requireOperator(req));
    await refuseBody(req);
    const eventIds = await eventsOf(req);
    // Each takes a worker's place among those who confirm and cancel, perhaps for long.
    if (busy) throw new ApiError('OVERLOADED', 'One audit or rebuild at a time.');
    busy = true;
    try {
      reply(res, 200, await control(job, { eventIds, by }, idempotencyOf(req, req.originalUrl, null, OPERATOR)));
    } finally {
      busy = false;
    }
  };

  /** Writes an act of this process into the trail before it is done: while PostgreSQL is unavailable no act is done. */
  const note = (act: TrailAct, by: Actor, changed?: { before?: object; after?: object }) =>
    trail.write({ id: newTicketId(0), act, by }, changed);

  async function showWorkers(req: Request, res: Response): Promise<void> {
    requireOperator(req);
    refuseQuery(req);
    reply(res, 200, await workers.view());
  }

  async function askForWorkers(req: Request, res: Response): Promise<void> {
    const by = actorOf(req, requireOperator(req));
    refuseQuery(req);
    const { processes } = parse(workersBody, await readJson(req));
    const { asked } = await workers.view();
    await note('setWorkers', by, { before: { processes: asked }, after: { processes } });
    await workers.ask(processes);
    reply(res, 200, await workers.view());
  }

  async function showTrail(req: Request, res: Response): Promise<void> {
    requireOperator(req);
    const { after, limit } = queryOf(req, trailQuery);
    const entries = await trail.page(after, limit);
    const last = entries.at(-1)?.number ?? 1;
    const next = entries.length === limit && last > 1 ? `/admin/trail?after=${last}&limit=${limit}` : undefined;
    reply(res, 200, { entries, next });
  }

  async function openSession(req: Request, res: Response): Promise<void> {
    const by = actorOf(req, requireOperator(req));
    refuseQuery(req);
    await refuseBody(req);
    await note('openSession', by);
    const cookie = sessions.cookie(req.secure);
    reply(res, 200, { path: BOARD_PATH }, cookie === undefined ? {} : { 'set-cookie': cookie });
  }

  function showHerd(req: Request, res: Response): void {
    requireOperator(req);
    refuseQuery(req);
    reply(res, 200, herd?.view());
  }

  async function sendHerd(req: Request, res: Response): Promise<void> {
    const by = actorOf(req, requireOperator(req));
    refuseQuery(req);
    await refuseBody(req);
    await note('startHerd', by);
    const { localAddress = '127.0.0.1', localPort } = req.socket;
    herd?.start(`http://${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`);
    reply(res, 202, herd?.view());
  }

  const router = Router();
  router.post('/audit', lookAfter('audit'));
  router.post('/rebuild', lookAfter('rebuild'));
  router.get('/trail', showTrail);
  router.get('/workers', showWorkers);
  router.post('/workers', askForWorkers);
  router.post('/session', openSession);
  router.use('/queues', boardRoute(deps));
  if (herd !== undefined) router.route('/herd').get(showHerd).post(sendHerd);
  return router;
}
