import type { Request, Response } from 'express';
import type { Config } from '../../../shared/config.ts';
import { clearBody } from '../../../shared/contract/events.ts';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import type { EventStore } from '../../../shared/stores/postgres/events.ts';
import { OPERATOR } from '../../auth/identity.ts';
import { actorOf, createResetGuard, type OperatorGuard } from '../../auth/operators.ts';
import { readOptionalJson, refuseBody } from '../../http/body.ts';
import { ApiError } from '../../http/errors.ts';
import { refuseQuery } from '../../http/query.ts';
import { reply } from '../../http/replies.ts';
import { parse } from '../../http/validation.ts';
import type { RunOperatorJob } from '../../operations/operator-jobs.ts';
import { idempotencyOf } from '../../tickets/idempotency.ts';

export type AdministrationDeps = {
  config: Pick<Config, 'CONFIRM_CLEAR' | 'RESET_FROM_LOOPBACK'>;
  runOperatorJob: RunOperatorJob;
  events: EventStore;
  requireOperator: OperatorGuard;
};

/** `POST /initialize` and `POST /clear`, for operators. */
export function createAdministration({ config, runOperatorJob, events, requireOperator }: AdministrationDeps) {
  const requireResetter = createResetGuard(config, requireOperator);
  const confirmation = clearBody(DEFAULT_EVENT);
  const clearSchema = config.CONFIRM_CLEAR === false ? confirmation.partial() : confirmation;

  async function initialize(req: Request, res: Response): Promise<void> {
    const by = actorOf(req, requireResetter(req));
    refuseQuery(req);
    await refuseBody(req);
    const idempotency = idempotencyOf(req, req.path, null, OPERATOR);
    const { rows, seats } = await runOperatorJob('initialize', { eventId: DEFAULT_EVENT, by }, idempotency);
    reply(res, 201, { message: 'Seats are initialized. Sold seats stay sold.', totalKeys: rows, totalSeats: seats });
  }

  async function clear(req: Request, res: Response): Promise<void> {
    const by = actorOf(req, requireResetter(req));
    refuseQuery(req);
    const body = await readOptionalJson(req);
    parse(clearSchema, body);
    const house = await events.readHouse(DEFAULT_EVENT);
    if (house === undefined) throw new ApiError('EVENT_UNKNOWN');
    const idempotency = idempotencyOf(req, req.path, body, OPERATOR);
    await runOperatorJob('clear', { eventId: DEFAULT_EVENT, generation: house.generation, by }, idempotency);
    reply(res, 201, { message: 'All bookings of the event are deleted, every seat is free.' });
  }

  return { initialize, clear };
}
