import { type Request, type Response, Router } from 'express';
import { buyerName, buyerTokenBody } from '../../shared/contract/buyers.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import type { BuyerStore } from '../../shared/stores/postgres/buyers.ts';
import type { Buyers } from '../auth/buyers.ts';
import type { Identity } from '../auth/identity.ts';
import { actorOf, type Guards } from '../auth/operators.ts';
import { readJson, refuseBody } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { parse } from '../http/validation.ts';
import type { RateLimits } from '../limits/rate-limits.ts';

type BuyerDeps = {
  buyers: BuyerStore;
  buyerNames: Buyers;
  identity: Pick<Identity, 'signBuyerToken'>;
  requireScope: Guards['requireScope'];
  requireOperator: Guards['requireOperator'];
  limits: Pick<RateLimits, 'booking'>;
};

/** `/api/buyer-tokens`: a shop's server gives its customer's browser a token. */
export function buyerTokenRoutes(deps: BuyerDeps) {
  const router = Router();
  router.post('/', deps.limits.booking, makeToken(deps));
  return router;
}

/** `/admin/buyers`: an operator erases a name. */
export function buyerRoutes(deps: BuyerDeps) {
  const router = Router();
  router.post('/buyers/:buyer/forget', forgetBuyer(deps));
  return router;
}

const makeToken =
  ({ buyerNames, identity, requireScope }: BuyerDeps) =>
  async (req: Request, res: Response) => {
    requireScope(req, 'sell');
    refuseQuery(req);
    const { buyer, seconds } = parse(buyerTokenBody, await readJson(req));
    const untilMs = sharedNowMs() + seconds * 1000;
    const token = identity.signBuyerToken(await buyerNames.numberOf(buyer), untilMs);
    reply(res, 200, { token, expiresAt: new Date(untilMs).toISOString() });
  };

const forgetBuyer = (deps: BuyerDeps) => async (req: Request, res: Response) => {
  const { buyers, buyerNames, requireOperator } = deps;
  const by = actorOf(req, requireOperator(req));
  refuseQuery(req);
  await refuseBody(req);
  const name = buyerName.safeParse(req.params.buyer);
  const act = { id: newTicketId(0), act: 'forgetBuyer' as const, by };
  if (!name.success || !(await buyers.forget(act, name.data))) throw new ApiError('BUYER_UNKNOWN');
  buyerNames.drop(name.data);
  res.status(204).end();
};
