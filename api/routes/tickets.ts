import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { ticketId } from '../../shared/contract/ids.ts';
import type { Buyers } from '../auth/buyers.ts';
import type { Identity } from '../auth/identity.ts';
import { ApiError } from '../http/errors.ts';
import { waitSeconds } from '../http/query.ts';
import { replyText } from '../http/replies.ts';
import { closedSignal } from '../http/request.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import type { Outcomes } from '../tickets/outcomes.ts';
import { jsonOfState } from '../tickets/ticket-state.ts';

const ticketParams = z.object({ id: ticketId });

/** `/api/tickets`: the outcomes of requests. */
export function ticketRoutes(deps: { outcomes: Outcomes; identity: Identity; buyerNames: Buyers; limits: RateLimits }) {
  const { outcomes, identity, buyerNames, limits } = deps;

  async function show(req: Request, res: Response): Promise<void> {
    const seconds = waitSeconds(req);
    const params = ticketParams.safeParse(req.params);
    if (!params.success) throw new ApiError('TICKET_UNKNOWN');
    const { id } = params.data;
    const reader = await identity.readerOf(req);
    if (outcomes.knownState(id, reader) === undefined) limits.requireKnown(req);
    try {
      const state =
        seconds > 0
          ? await outcomes.waitForOutcome(id, reader, { seconds, closed: closedSignal(res) })
          : await outcomes.read(id, reader);
      replyText(res, 200, await buyerNames.shownText(jsonOfState(id, state)));
    } catch (fault) {
      if (fault instanceof ApiError && fault.code === 'TICKET_UNKNOWN') limits.countUnknown(req);
      throw fault;
    }
  }

  const router = Router();
  router.get('/:id', show);
  return router;
}
