import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { ticketId } from '../../shared/contract/ids.ts';
import { ApiError, goneSignal, reply, waitSeconds } from '../http.ts';
import type { Outcomes } from '../outcomes.ts';

const ticketParams = z.object({ id: ticketId });

/** Tickets: what became of a request. */
export function ticketRoutes({ outcomes }: { outcomes: Outcomes }) {
  async function show(req: Request, res: Response): Promise<void> {
    const params = ticketParams.safeParse(req.params);
    if (!params.success) throw new ApiError('TICKET_UNKNOWN');
    const { id } = params.data;
    const seconds = waitSeconds(req);
    reply(res, 200, seconds > 0 ? await outcomes.wait(id, seconds, goneSignal(res)) : await outcomes.view(id));
  }

  const router = Router();
  router.get('/:id', show);
  return router;
}
