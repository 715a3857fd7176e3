import type { ErrorCode } from '../../contract/codes.ts';
import type { ExchangeRequest } from '../../contract/jobs.ts';
import { type Booking, codeOfStatus, type Refusal } from '../../contract/tickets.ts';
import { type BookingDetails, itemsOf } from '../../domain/booking-items.ts';
import { bookingView } from '../../domain/booking-view.ts';
import type { SeatFacts } from '../../domain/seat-facts.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { type BookingState, bookingState, rowInState } from './booking-history.ts';
import {
  type BookingRow,
  bookingColumns,
  bookingPrices,
  dataErrorOf,
  jsonOf,
  pricesNow,
  statusNow,
} from './booking-rows.ts';
import type { ChangeDeps } from './change-bookings.ts';
import { hasEnded } from './event-rows.ts';
import { lockOrdersOf, payDifference } from './order-exchanges.ts';
import { raiseRefunds } from './order-refunds.ts';
import type { GivingBooking } from './releases.ts';
import { freeSeats } from './seats-of-bookings.ts';
import { awaitStandby } from './standby.ts';
import { SeatsNotFree, takeSeats } from './take-seats.ts';

/** An exchange to be made; `orderId`: of the order that pays the difference to dearer seats. */
export type Exchange = Omit<ExchangeRequest, 'eventId'> & { orderId?: string | undefined };

/** The booking after an exchange, or why it was refused. */
export type ExchangeResult = { booking: Booking } | Refusal;

/**
 * The result of an exchange that was tried: that of the request; `outdated`, the booking has other seats than these
 * were chosen for; or that a seat is not free (`giving`: releases that come first).
 */
type TriedExchange = ExchangeResult | 'outdated' | { giving: readonly GivingBooking[] };

/**
 * The labels of the seats that a booking is to have, chosen in a house of this generation while it had `seatsBefore`,
 * and the facts of all of them.
 */
export type ChosenSeats = {
  seats: readonly string[];
  facts: SeatFacts;
  generation: number;
  seatsBefore: readonly string[];
};

/** A booking under its lock, its state in JSON, and what its event permits. */
type LockedBooking = BookingRow & {
  before: BookingState;
  generation: number;
  eventEnded: boolean;
  isPaused: boolean;
  onSaleAt: Date | null;
  seatLimit: number | null;
};

/** Thrown to roll a transaction back. */
class Refused extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode) {
    super(code);
    this.code = code;
  }
}

/**
 * Why a booking with this status cannot be exchanged by this request: a hold is exchanged by its buyer, a sold booking
 * by an operator or a trusted server.
 */
export function refusalOfExchange({ by }: Exchange, status: Booking['status']): ErrorCode | undefined {
  if (status === (by === undefined ? 'PENDING' : 'CONFIRMED')) return undefined;
  return status === 'PENDING' ? 'NOT_CONFIRMED' : codeOfStatus[status];
}

/** The result of an exchange that was made earlier, by its ticket. */
export async function madeExchange(prisma: PrismaClient, ticketId: string): Promise<{ booking: Booking } | undefined> {
  const [row] = await prisma.$queryRaw<(BookingRow & { after: BookingState })[]>`
    SELECT ${bookingColumns(Prisma.sql`booking.status`)}, booking_change.after
    FROM booking_change JOIN booking ON booking.id = booking_change.booking_id
    WHERE booking_change.ticket_id = ${ticketId}::uuid`;
  if (row === undefined) return undefined;
  await awaitStandby(prisma);
  return viewOf(rowInState(row, row.after));
}

const viewOf = ({ status, ...row }: BookingRow): { booking: Booking } => ({
  booking: bookingView({ ...row, status: status as Booking['status'] }),
});

/**
 * Gives a booking these seats in place of those that it has, all or none. In one transaction it takes the new ones and
 * gives the others up: nobody can get either in between, and a refusal changes nothing. The end of a hold stays.
 */
export async function exchangeSeats(deps: ChangeDeps, request: Exchange, chosen: ChosenSeats): Promise<TriedExchange> {
  const { seats, generation, seatsBefore } = chosen;
  try {
    return await deps.prisma.$transaction(async (transaction) => {
      const isOpen = await lockOrdersOf([request.bookingId], transaction, request.orderId);
      if (request.orderId !== undefined && !isOpen) return 'outdated'; // another delivery has decided it
      const row = await lockBooking(request.bookingId, transaction);
      if (row?.seats.join() !== seatsBefore.join() || row.generation !== generation) return 'outdated';
      const code = refusalOf(request, row, seats.length - row.seats.length);
      if (code !== undefined) throw new Refused(code);
      return viewOf(await exchangeLocked(deps, request, row, chosen, transaction));
    });
  } catch (fault) {
    if (fault instanceof SeatsNotFree) return { giving: fault.giving };
    if (fault instanceof Refused) return { code: fault.code };
    const dataError = dataErrorOf(fault);
    if (dataError === 'beyond the limit') return { code: 'SEAT_LIMIT' };
    if (dataError === 'not unique') return 'outdated'; // another delivery of the same request has made it
    throw fault;
  }
}

async function lockBooking(id: string, transaction: Prisma.TransactionClient): Promise<LockedBooking | undefined> {
  const [row] = await transaction.$queryRaw<LockedBooking[]>`
    SELECT
      ${bookingColumns(statusNow)}, ${bookingState} AS before, event.generation, ${hasEnded} AS "eventEnded",
      event.sales_paused AS "isPaused", event.on_sale_at AS "onSaleAt", event.seat_limit AS "seatLimit"
    FROM booking JOIN event ON event.id = booking.event_id
    WHERE booking.id = ${id}::uuid AND booking.status <> 'FAILED' FOR UPDATE OF booking FOR KEY SHARE OF event`;
  return row;
}

/** `growth`: how many seats more the booking would have. */
function refusalOf(request: Exchange, row: LockedBooking, growth: number): ErrorCode | undefined {
  const code = refusalOfExchange(request, row.status as Booking['status']);
  if (code !== undefined) return code;
  if (row.eventEnded) return 'EVENT_ENDED';
  if (growth <= 0) return undefined;
  if (row.isPaused) return 'SALES_PAUSED';
  if (row.onSaleAt !== null && row.onSaleAt.getTime() > Date.now()) return 'NOT_ON_SALE';
  return row.seatLimit !== null && row.userId === null ? 'BUYER_REQUIRED' : undefined;
}

async function exchangeLocked(
  { trail }: ChangeDeps,
  request: Exchange,
  row: LockedBooking,
  chosen: ChosenSeats,
  transaction: Prisma.TransactionClient,
): Promise<BookingRow> {
  const { seats } = chosen;
  const { id, eventId, status } = row;
  const [had, has] = [new Set(row.seats), new Set(seats)];
  const taken = seats.filter((label) => !had.has(label));
  const given = row.seats.filter((label) => !has.has(label));
  const seatStatus = status === 'PENDING' ? 'HELD' : 'SOLD';
  await takeSeats({ eventId, bookingId: id, owner: request.ticketId, status: seatStatus, seats: taken }, transaction);
  const changed = await writeExchange(request, row, chosen, given, transaction);
  await countTaken(row, taken.length, seats.length > row.seats.length, transaction);
  if (status === 'CONFIRMED') await requirePayment(request, row, changed, transaction);
  if (request.by !== undefined) await trail.writeAll([entryOf(request, row, changed)], transaction);
  return changed;
}

/**
 * Pays for dearer seats with the order of the exchange.
 *
 * @throws Refused where they cost more and there is no order, or where it is of another amount
 */
async function requirePayment(
  { orderId }: Exchange,
  row: BookingRow,
  changed: BookingRow,
  transaction: Prisma.TransactionClient,
): Promise<void> {
  const difference = itemsOf(changed.seats, changed).total - itemsOf(row.seats, row).total;
  if (orderId === undefined) {
    if (difference > 0) throw new Refused('PAYMENT_REQUIRED');
    return;
  }
  const payment = { orderId, bookingId: row.id, difference, currency: row.currency };
  if (difference <= 0 || !(await payDifference(payment, transaction))) throw new Refused('AMOUNT_MISMATCH');
}

const entryOf = (request: Exchange, row: BookingRow, { seats }: BookingRow) => ({
  id: request.ticketId,
  act: 'exchange' as const,
  by: request.by,
  eventId: row.eventId,
  before: { bookingId: row.id, seats: row.seats },
  after: { seats, ...(request.reason !== undefined && { reason: request.reason }) },
});

/** The prices of seats: kept ones keep theirs, new ones have those of now. */
const pricesOf = (seats: readonly string[], { priceKeys }: SeatFacts): Prisma.Sql => Prisma.sql`
  ARRAY(
    SELECT CASE WHEN had.place IS NULL THEN fresh.prices[item.place]
      ELSE frozen.prices[LEAST(had.place, cardinality(frozen.prices))] END
    FROM (SELECT ${bookingPrices} AS prices) AS frozen
    CROSS JOIN (
      SELECT ${pricesNow(Prisma.sql`booking.event_id`, Prisma.sql`${seats}::text[]`, jsonOf(priceKeys))} AS prices
    ) AS fresh
    CROSS JOIN unnest(${seats}::text[]) WITH ORDINALITY AS item (label, place)
    LEFT JOIN unnest(booking.seats) WITH ORDINALITY AS had (label, place) ON had.label = item.label
    ORDER BY item.place
  )`;

/** The details of seats: kept ones keep theirs. Undefined where none has any. */
function detailsOf({ seats, facts }: ChosenSeats, row: BookingRow): BookingDetails | undefined {
  const old = (row.details ?? {}) as BookingDetails;
  const all = seats.flatMap((seat) => {
    const own = row.seats.includes(seat) ? old[seat] : facts.details?.[seat];
    return own === undefined ? [] : [[seat, own] as const];
  });
  return all.length === 0 ? undefined : Object.fromEntries(all);
}

/**
 * Writes the booking with its new seats, and with the order that pays for them where it has none. Gives the others up.
 *
 * @throws Refused where its hold has just ended
 */
async function writeExchange(
  { ticketId, by, orderId }: Exchange,
  row: LockedBooking,
  chosen: ChosenSeats,
  given: readonly string[],
  transaction: Prisma.TransactionClient,
): Promise<BookingRow> {
  const { id, before, currency } = row;
  const { seats, facts } = chosen;
  const [changed] = await transaction.$queryRaw<BookingRow[]>`
    WITH changed AS (
      UPDATE booking SET
        seats = ${seats}::text[], prices = ${pricesOf(seats, facts)}, currency = ${currency},
        details = ${jsonOf(detailsOf(chosen, row))},
        order_id = coalesce(order_id, ${orderId ?? null}::uuid)
      WHERE id = ${id}::uuid AND (status = 'CONFIRMED' OR expires_at > clock_timestamp())
      RETURNING
        booking.*, ${given}::text[] AS touched, TRUE AS is_part, ${ticketId}::uuid AS ticket_id,
        ${by?.name ?? null}::text AS by, ${before}::jsonb AS before, ${bookingState} AS after
    ), noted AS (
      INSERT INTO booking_change (ticket_id, booking_id, event_id, kind, by, before, after)
      SELECT ticket_id, id, event_id, 'exchange', by, before, after FROM changed
    ), ${freeSeats}, ${raiseRefunds('exchange')}
    SELECT ${bookingColumns(Prisma.sql`booking.status`)} FROM changed AS booking`;
  if (changed === undefined) throw new Refused('HOLD_EXPIRED');
  return changed;
}

/** Counts taken seats for their buyer. The limit is the event's as it is now where the buyer has more seats then. */
async function countTaken(
  { eventId, userId, seatLimit }: LockedBooking,
  seats: number,
  hasMore: boolean,
  transaction: Prisma.TransactionClient,
): Promise<void> {
  if (userId === null || seats === 0) return;
  await transaction.$executeRaw`
    INSERT INTO buyer (event_id, user_id, seats, seat_limit)
    VALUES (${eventId}::int, ${userId}::int, ${seats}::int, ${seatLimit}::int)
    ON CONFLICT (event_id, user_id) DO UPDATE SET
      seats = buyer.seats + EXCLUDED.seats,
      seat_limit = CASE WHEN ${hasMore} THEN EXCLUDED.seat_limit ELSE buyer.seat_limit END`;
}
