import type { OrderRequest } from '../shared/contract/jobs.ts';
import { type Booking, type ErrorCode, type Order, rejectedOutcome } from '../shared/contract/tickets.ts';
import { groupBy } from '../shared/domain/group-by.ts';
import { type WrittenOutcome, writeOutcome } from '../shared/domain/outcome-text.ts';
import type { SellBy } from '../shared/domain/selling.ts';
import { shardOfTicket } from '../shared/domain/ticket-id.ts';
import { timed } from '../shared/platform/metrics.ts';
import type { Queues } from '../shared/queues/open-queues.ts';
import type { BookingStore } from '../shared/stores/postgres/bookings.ts';
import type { OrderStore } from '../shared/stores/postgres/orders.ts';
import type { ReleaseStore } from '../shared/stores/postgres/releases.ts';
import type { TicketStore } from '../shared/stores/redis/tickets.ts';
import type { SeatStore } from '../shared/stores/seats.ts';
import { metrics } from '../shared/telemetry/metrics.ts';
import { traceBatch, traced } from '../shared/telemetry/ticket-traces.ts';
import { type ExchangeDeps, exchangePaid } from './exchange-seats.ts';
import type { ReleaseSeats } from './expire-holds.ts';

const orderSeconds = metrics.stepSeconds.labels('order');
const orderRequests = metrics.batchRequests.labels('order');

type DecideDeps = ExchangeDeps & {
  orders: Pick<OrderStore, 'decide' | 'findExchanges' | 'refund' | 'refuse' | 'read'>;
  bookings: Pick<BookingStore, 'owners'>;
  releases: Pick<ReleaseStore, 'findGivingSeats'>;
  releaseSeats: ReleaseSeats;
  seats: Pick<SeatStore, 'renew' | 'mend' | 'count'>;
  tickets: Pick<TicketStore, 'confirmChanges' | 'settle'>;
  sellBy?: SellBy;
};

/**
 * Decides orders, and records refunds: PostgreSQL, then the seats in Redis, then settle. It may run again: PostgreSQL
 * keeps its first decision, and Redis is mended again.
 */
export function createDecideOrders(deps: DecideDeps) {
  return async function decide(shard: number, requests: readonly OrderRequest[]): Promise<void> {
    orderRequests.observe(requests.length);
    const batch = traceBatch('order', shard, requests);
    try {
      const { views, refusals } = await timed(orderSeconds, () =>
        traced(batch, 'change', requests, () => decideInPostgres(deps, requests)),
      );
      const paid = requests.flatMap(({ kind, orderId }) => (kind === 'order' ? (views.get(orderId) ?? []) : []));
      const faults = await sellInRedis(deps, new Set(paid));
      const settled = requests.filter(({ orderId }) => !faults.has(views.get(orderId)?.eventId));
      const outcomes = new Map(
        settled.map((request) => {
          const outcome = outcomeOf(request, views.get(request.orderId), refusals.get(request.ticketId));
          return [request.ticketId, outcome];
        }),
      );
      const confirmed = await deps.tickets.confirmChanges(shard, outcomes);
      await traced(batch, 'settle', requests, () => deps.tickets.settle(shard, confirmed));
      for (const fault of faults.values()) throw fault;
    } finally {
      batch?.end();
    }
  };
}

/** @returns the orders as they are then, and by ticket the codes of refunds that were refused */
async function decideInPostgres(deps: DecideDeps, requests: readonly OrderRequest[]) {
  const { orders, sellBy = 'anyone' } = deps;
  const ids = requests.flatMap(({ kind, orderId }) => (kind === 'order' ? [orderId] : []));
  const exchanges = new Map((await orders.findExchanges(ids)).map((order) => [order.orderId, order]));
  await orders.decide(
    ids.filter((id) => !exchanges.has(id)),
    sellBy,
  );
  for (const order of exchanges.values()) await exchangePaid(deps, order);
  const refusals = new Map<string, ErrorCode>();
  for (const request of requests.filter(({ kind }) => kind === 'refund')) {
    const code = await orders.refund(request);
    if (code !== undefined) refusals.set(request.ticketId, code);
  }
  return { views: await orders.read(requests.map(({ orderId }) => orderId)), refusals };
}

function outcomeOf({ kind }: OrderRequest, order: Order | undefined, refusal: ErrorCode | undefined): WrittenOutcome {
  const code = refusal ?? (kind === 'order' ? order?.code : undefined);
  if (order === undefined) return writeOutcome(rejectedOutcome(kind, { code: code ?? 'ORDER_UNKNOWN' }));
  if (code !== undefined) return writeOutcome(rejectedOutcome(kind, { code, order }));
  return writeOutcome({ kind, status: kind === 'order' ? 'paid' : 'refunded', order });
}

/**
 * Sells in Redis what PostgreSQL has sold. An event whose house does not open holds up no other.
 *
 * @returns the faults, by event
 */
async function sellInRedis(deps: DecideDeps, orders: Iterable<Order>): Promise<Map<number | undefined, unknown>> {
  const faults = new Map<number | undefined, unknown>();
  const sold = [...orders].flatMap(({ id, bookings }) =>
    bookings.filter((booking) => booking.status === 'CONFIRMED' && booking.orderId === id),
  );
  for (const [eventId, ofEvent] of groupBy(sold, (booking) => booking.eventId))
    await sellInEvent(deps, eventId, ofEvent).catch((fault: unknown) => void faults.set(eventId, fault));
  return faults;
}

/**
 * Sells held seats by their locks. Seats that were taken again have none: they get the owners that PostgreSQL has.
 * Releases that have yet to free these seats do so first: the lock of an ended hold would be sold, and then its release
 * would take the seats off the count of their buyer.
 */
async function sellInEvent(deps: DecideDeps, eventId: number, sold: readonly Booking[]): Promise<void> {
  const holdings = sold.map(({ id, userId, seats }) => ({ ticketId: id, userId, seats, holdMs: 0 }));
  const labels = holdings.flatMap((holding) => holding.seats);
  await deps.releaseSeats(await deps.releases.findGivingSeats(eventId, labels));
  if ((await deps.seats.renew(eventId, holdings)) < labels.length) await mendSold(deps, eventId, sold, labels);
}

async function mendSold(
  { bookings, seats }: DecideDeps,
  eventId: number,
  sold: readonly Booking[],
  labels: readonly string[],
): Promise<void> {
  const userOf = new Map(sold.map(({ id, userId }) => [id, userId]));
  const owned = (await bookings.owners(eventId, labels)).filter(({ bookingId }) => userOf.has(bookingId));
  await seats.mend(eventId, owned);
  for (const [ticketId, ofOwner] of groupBy(owned, ({ owner }) => owner)) {
    const userId = userOf.get(ofOwner[0]?.bookingId ?? '');
    if (userId !== undefined) await seats.count(eventId, { ticketId, userId, seats: ofOwner.length });
  }
}

type FinishDeps = {
  orders: Pick<OrderStore, 'makeOfSales' | 'findOpen'>;
  queues: Queues;
};

/**
 * Enqueues orders that nobody decides, because the API that recorded them was killed, Redis was wiped, or their job
 * failed for good. Before that it makes the orders of sales of the version before. A dead shard holds up no other.
 *
 * @returns the function that does it once. It throws the first fault, after everything else is done
 */
export function createFinishOrders({ orders, queues }: FinishDeps) {
  return async function finish(): Promise<void> {
    await orders.makeOfSales();
    const faults: unknown[] = [];
    for (const { id, bookingId } of await orders.findOpen()) {
      const shard = shardOfTicket(bookingId, queues.length) ?? 0;
      const requests = [{ ticketId: id, kind: 'order' as const, orderId: id }];
      await queues[shard]?.control
        .add('order', { ledger: true, requests }, `${id}-open`)
        .catch((fault: unknown) => void faults.push(fault));
    }
    for (const fault of faults) throw fault;
  };
}
