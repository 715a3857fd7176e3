import type { Request, Response } from 'express';
import type { Idempotency } from '../../shared/contract/jobs.ts';
import { MAX_BOOKINGS_IN_ORDER } from '../../shared/contract/limits.ts';
import type { PaidExchange } from '../../shared/contract/orders.ts';
import type { Order, TicketKind, TicketView } from '../../shared/contract/tickets.ts';
import { createGroupCommit } from '../../shared/domain/group-commit.ts';
import { newTicketId, shardOfTicket } from '../../shared/domain/ticket-id.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { OrderStore } from '../../shared/stores/postgres/orders.ts';
import type { NewOrder, RecordedOrder } from '../../shared/stores/postgres/told-orders.ts';
import type { Buyers } from '../auth/buyers.ts';
import type { Caller, Identity } from '../auth/identity.ts';
import type { Guards, ScopeGuard } from '../auth/operators.ts';
import type { SellerGuard } from '../auth/sellers.ts';
import { ApiError, Conflict } from '../http/errors.ts';
import { closedSignal } from '../http/request.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import type { Intake } from '../tickets/intake.ts';
import type { Outcomes } from '../tickets/outcomes.ts';
import { logTicket } from '../tickets/replies.ts';
import { startTrace } from '../tickets/traces.ts';

/** Seconds that a request waits for the outcome of its order. After that it is sent again, and never followed. */
const WAIT_SECONDS = 10;

/** Payments that one statement records, and that may wait for it. */
const MAX_TOLD = 500;
const MAX_WAITING = 10_000;

/** A payment in a request, and the buyer whom it names. */
export type ToldPayment = {
  userId?: number | undefined;
  buyer?: string | undefined;
  bookingIds: readonly string[];
  paymentReference: string;
  amount?: number | undefined;
  currency?: string | undefined;
  /** The exchange of a sold booking whose difference it pays. */
  exchange?: PaidExchange | undefined;
};

/** A request to decide an order or to record a refund, without its ticket. */
type OrderTicket = Omit<Parameters<Intake<'order'>['submit']>[2], 'kind'>;

type DeskDeps = {
  orders: OrderStore;
  orderIntake: Intake<'order'>;
  outcomes: Outcomes;
  identity: Identity;
  buyerNames: Buyers;
  limits: RateLimits;
  requireSeller: SellerGuard;
  requireScope: ScopeGuard;
  isTrustedServer: Guards['isTrustedServer'];
  shards: number;
  log: Logger;
};

/** Takes payments: each is recorded in PostgreSQL before anything else is done with it or answered. */
export function createOrderDesk(deps: DeskDeps) {
  const { orders, buyerNames } = deps;
  const telling = createGroupCommit<NewOrder, RecordedOrder | Error>({
    flush: (batch) => orders.tell(batch),
    maxItems: MAX_TOLD,
    maxWaiting: MAX_WAITING,
  });

  /** Records a payment, together with others. @throws ApiError PAYMENT_REFERENCE_USED, OVERLOADED */
  async function record(order: NewOrder): Promise<Exclude<RecordedOrder, string>> {
    const told = await telling.add(order);
    if (told === undefined) throw new ApiError('OVERLOADED');
    if (told instanceof Error) throw told;
    if (told === 'used') throw new ApiError('PAYMENT_REFERENCE_USED');
    return told;
  }

  /** Enqueues a request for an order and waits for its outcome. @throws ApiError ORDER_UNDECIDED without one in time */
  async function outcomeOf(
    req: Request,
    res: Response,
    kind: Extract<TicketKind, 'order' | 'refund'>,
    { bookingIds }: { bookingIds: readonly string[] },
    ticket: OrderTicket,
    idempotency?: Idempotency,
  ): Promise<TicketView> {
    const shard = shardOfTicket(bookingIds[0] ?? '', deps.shards) ?? 0;
    const trace = startTrace(req, res);
    const submission = await deps.orderIntake.submit(shard, kind, { kind, ...ticket }, idempotency, trace);
    logTicket(deps.log, req, submission.ticketId);
    const view = await deps.outcomes.settledWithin(submission.ticketId, WAIT_SECONDS, closedSignal(res));
    if (view === undefined || view.status === 'failed') throw new ApiError('ORDER_UNDECIDED');
    return view;
  }

  return {
    /**
     * Records a payment and has it decided.
     *
     * @returns the order, whose holds are sold; it is shown as it is now
     * @throws ApiError with `order` where its money is due: the same each time; PAYMENT_REFERENCE_USED where another
     * request has the reference; ORDER_UNDECIDED
     */
    async tell(req: Request, res: Response, payment: ToldPayment): Promise<Order> {
      requireHolds(payment.bookingIds);
      const order = await newOrder(req, res, payment, deps);
      const told = await record(order);
      const ticket = { orderId: told.id, userId: order.userId };
      const decided = told.decided ?? (await outcomeOf(req, res, 'order', order, ticket)).order;
      if (decided === undefined) throw new ApiError('ORDER_UNDECIDED');
      const shown = await shownOrder(decided, buyerNames);
      if (shown.code !== undefined) throw new Conflict(shown.code, undefined, { order: shown });
      return shown;
    },

    /**
     * Records that money of an order was given back, once for each idempotency key.
     *
     * @throws ApiError NOTHING_DUE, ORDER_UNDECIDED, IDEMPOTENCY_MISMATCH
     */
    async giveBack(
      req: Request,
      res: Response,
      order: Order,
      refund: Omit<OrderTicket, 'orderId'>,
      idempotency: Idempotency | undefined,
    ): Promise<Order> {
      const view = await outcomeOf(req, res, 'refund', order, { orderId: order.id, ...refund }, idempotency);
      const shown = view.order && (await shownOrder(view.order, buyerNames));
      if (view.code !== undefined) throw new ApiError(view.code, undefined, { order: shown });
      if (shown === undefined) throw new ApiError('ORDER_UNDECIDED');
      return shown;
    },
  };
}

export type OrderDesk = ReturnType<typeof createOrderDesk>;

/** An order as clients see it: with the names of buyers. */
export async function shownOrder(order: Order, { shown }: Pick<Buyers, 'shown'>): Promise<Order> {
  return shown({ ...order, bookings: await Promise.all(order.bookings.map(shown)) });
}

/** @throws ApiError ORDER_TOO_LARGE, HOLD_REPEATED: such a request tells no payment */
function requireHolds(bookingIds: readonly string[]): void {
  if (bookingIds.length > MAX_BOOKINGS_IN_ORDER) throw new ApiError('ORDER_TOO_LARGE');
  if (new Set(bookingIds).size < bookingIds.length) throw new ApiError('HOLD_REPEATED');
}

/**
 * The order of a payment. A trusted server tells it for the holds of any buyer, or of the one whom it names, in the one
 * namespace of all servers; a buyer, where buyers may sell, for their own holds in their own namespace.
 *
 * @throws ApiError where the caller may not sell
 */
async function newOrder(
  req: Request,
  res: Response,
  { userId, buyer, bookingIds, paymentReference, amount, currency, exchange }: ToldPayment,
  { identity, limits, requireSeller, requireScope, isTrustedServer, shards }: DeskDeps,
): Promise<NewOrder> {
  const seller = requireSeller(req) ?? (isTrustedServer(req) ? requireScope(req, 'sell') : undefined);
  const toldBy = exchange?.by.name ?? seller;
  const isNamed = userId !== undefined || buyer !== undefined;
  const caller: Caller = toldBy !== undefined && !isNamed ? {} : await identity.callerOf(req, { userId, buyer });
  await limits.bookingOf(caller, res);
  const sorted = [...bookingIds].sort();
  return {
    id: newTicketId(shardOfTicket(sorted[0] ?? '', shards) ?? 0),
    payer: toldBy === undefined ? caller.userId : undefined,
    toldBy,
    paymentReference,
    bookingIds: sorted,
    userId: caller.userId,
    amount,
    currency,
    exchange,
  };
}
