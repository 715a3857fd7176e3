import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { ticketId } from '../../shared/contract/ids.ts';
import { MAX_ORDERS_ON_PAGE } from '../../shared/contract/limits.ts';
import { orderBody, orderListQuery, refundedBody } from '../../shared/contract/orders.ts';
import type { Order } from '../../shared/contract/tickets.ts';
import { cursorOfEntry, type OrderStore } from '../../shared/stores/postgres/orders.ts';
import type { Buyers } from '../auth/buyers.ts';
import { type Identity, OPERATOR } from '../auth/identity.ts';
import { actorOf, type ScopeGuard } from '../auth/operators.ts';
import { buyerReadBy } from '../auth/readers.ts';
import { readJson, readOptionalJson } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { nextPage, queryOf, refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { pathOf } from '../http/request.ts';
import { parse } from '../http/validation.ts';
import type { HeavyReads } from '../limits/heavy-reads.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import { type OrderDesk, shownOrder } from '../orders/order-desk.ts';
import { idempotencyOf } from '../tickets/idempotency.ts';

const orderParams = z.object({ id: ticketId });

type OrderDeps = {
  orders: OrderStore;
  orderDesk: OrderDesk;
  buyerNames: Buyers;
  identity: Identity;
  limits: RateLimits;
  heavyReads: HeavyReads;
  requireScope: ScopeGuard;
};

/** `/api/orders`: payments for holds. An order is decided or refused; it never answers with a ticket. */
export function orderRoutes(deps: OrderDeps) {
  const router = Router();
  router.post('/', deps.limits.booking, tellOrder(deps));
  router.get('/', listOrders(deps));
  router.get('/:id', showOrder(deps));
  router.post('/:id/refunded', giveBack(deps));
  return router;
}

const tellOrder =
  ({ orderDesk }: OrderDeps) =>
  async (req: Request, res: Response) => {
    refuseQuery(req);
    const payment = parse(orderBody, await readJson(req));
    reply(res, 200, await orderDesk.tell(req, res, payment));
  };

const showOrder = (deps: OrderDeps) => async (req: Request, res: Response) => {
  refuseQuery(req);
  const reader = await deps.identity.readerOf(req);
  deps.limits.requireKnown(req);
  const order = await findOrder(req, deps);
  // An order without a buyer is the servers': only who reads everything sees it.
  const isReadable = reader.scope === 'all' || (order?.userId !== undefined && order.userId === reader.userId);
  if (order === undefined || !isReadable) {
    if (order === undefined) deps.limits.countUnknown(req);
    throw new ApiError('ORDER_UNKNOWN');
  }
  reply(res, 200, await shownOrder(order, deps.buyerNames));
};

const listOrders = (deps: OrderDeps) => async (req: Request, res: Response) => {
  const { after, limit = MAX_ORDERS_ON_PAGE, ...wanted } = queryOf(req, orderListQuery);
  const userId = await buyerReadBy(req, deps);
  await deps.heavyReads.inTurn(req, res, 1, async () => {
    const entries = await deps.orders.list({ ...wanted, userId }, after, limit);
    const last = entries.at(-1);
    const next = entries.length === limit && last ? nextPage(req, cursorOfEntry(last)) : undefined;
    const shown = entries.map(async (entry) =>
      entry.order === null
        ? { order: null, booking: await deps.buyerNames.shown(entry.booking) }
        : { order: await shownOrder(entry.order, deps.buyerNames) },
    );
    reply(res, 200, { entries: await Promise.all(shown), next });
  });
};

const giveBack = (deps: OrderDeps) => async (req: Request, res: Response) => {
  const by = actorOf(req, deps.requireScope(req, 'return'));
  refuseQuery(req);
  const body = await readOptionalJson(req);
  const { amount, note } = parse(refundedBody, body);
  const order = await findOrder(req, deps);
  if (order === undefined) throw new ApiError('ORDER_UNKNOWN');
  const idempotency = idempotencyOf(req, pathOf(req), body, OPERATOR);
  reply(res, 200, await deps.orderDesk.giveBack(req, res, order, { amount, note, by }, idempotency));
};

async function findOrder(req: Request, { orders }: OrderDeps): Promise<Order | undefined> {
  const params = orderParams.safeParse(req.params);
  return params.success ? orders.find(params.data.id) : undefined;
}
