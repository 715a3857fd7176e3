import type { ErrorCode } from '../shared/contract/codes.ts';
import type { ExchangeRequest } from '../shared/contract/jobs.ts';
import type { OneWish } from '../shared/contract/reserve.ts';
import { type Booking, doneOutcome, rejectedOutcome } from '../shared/contract/tickets.ts';
import { type Choice, chooseSeats, type FreeRow } from '../shared/domain/choose-seats.ts';
import {
  categoryOfSeat,
  type House,
  keepsAccessible,
  labelOf,
  seatOf,
  seatsInRow,
  type Zone,
  zoneOf,
} from '../shared/domain/house.ts';
import { type WrittenOutcome, writeOutcome } from '../shared/domain/outcome-text.ts';
import { factsOfSeats } from '../shared/domain/seat-facts.ts';
import { timed } from '../shared/platform/metrics.ts';
import type { BookingStore } from '../shared/stores/postgres/bookings.ts';
import type { EventStore } from '../shared/stores/postgres/events.ts';
import {
  type ChosenSeats,
  type Exchange,
  type ExchangeResult,
  refusalOfExchange,
} from '../shared/stores/postgres/exchange-seats.ts';
import type { HoldStore } from '../shared/stores/postgres/holds.ts';
import type { ExchangeOrder } from '../shared/stores/postgres/order-exchanges.ts';
import type { OrderStore } from '../shared/stores/postgres/orders.ts';
import type { AdmissionUses } from '../shared/stores/redis/admission-uses.ts';
import { type RowMarks, rowsOfZone, statusesOf, type ZoneRow } from '../shared/stores/redis/seat-bitmaps.ts';
import type { TicketStore } from '../shared/stores/redis/tickets.ts';
import type { RoomStore } from '../shared/stores/rooms.ts';
import type { SeatStore } from '../shared/stores/seats.ts';
import { metrics } from '../shared/telemetry/metrics.ts';
import { traceBatch, traced } from '../shared/telemetry/ticket-traces.ts';
import type { ReleaseSeats } from './expire-holds.ts';

/** Tries of an exchange: each fails where others took a seat, or changed the booking, in that very moment. */
const MAX_TRIES = 5;

const exchangeSeconds = metrics.stepSeconds.labels('exchange');
const exchangeRequests = metrics.batchRequests.labels('exchange');

export type ExchangeDeps = {
  bookings: Pick<BookingStore, 'findNow' | 'owners'>;
  events: Pick<EventStore, 'readHouse'>;
  holds: Pick<HoldStore, 'madeExchange' | 'exchange'>;
  seats: Pick<SeatStore, 'readRows' | 'mend' | 'count'>;
  admissionUses: AdmissionUses;
  rooms: Pick<RoomStore, 'open'>;
  releaseSeats: ReleaseSeats;
  tickets: Pick<TicketStore, 'confirmChanges' | 'settle'>;
};

/**
 * Exchanges the seats of bookings of one shard: PostgreSQL, then Redis, then settle. It may run again. An exchange that
 * fails holds up no other: its ticket is settled when the job runs again.
 */
export function createExchange(deps: ExchangeDeps) {
  const { tickets } = deps;
  return async function exchangeAll(shard: number, requests: readonly ExchangeRequest[]): Promise<void> {
    exchangeRequests.observe(requests.length);
    const batch = traceBatch('exchange', shard, requests);
    const outcomes = new Map<string, WrittenOutcome>();
    const faults: unknown[] = [];
    try {
      await timed(exchangeSeconds, () =>
        traced(batch, 'change', requests, async () => {
          for (const request of requests)
            await exchange(deps, request).then(
              (result) => outcomes.set(request.ticketId, result),
              (fault: unknown) => faults.push(fault),
            );
        }),
      );
      const confirmed = await tickets.confirmChanges(shard, outcomes);
      await traced(batch, 'settle', requests, () => tickets.settle(shard, confirmed));
    } finally {
      batch?.end();
    }
    for (const fault of faults) throw fault;
  };
}

/** Makes an exchange that an order pays for: the order is paid with it, or refused. It may run again. */
export async function exchangePaid(
  deps: ExchangeDeps & { orders: Pick<OrderStore, 'refuse'> },
  { orderId, bookingId, exchange: paid }: ExchangeOrder,
): Promise<void> {
  const result = await exchangeInPostgres(deps, { ...paid, ticketId: orderId, orderId, bookingId });
  if ('code' in result) await deps.orders.refuse(orderId, result.code);
  else await exchangeInRedis(deps, orderId, result.booking);
}

/** Makes one exchange in PostgreSQL and in Redis. @returns its outcome */
async function exchange(deps: ExchangeDeps, request: ExchangeRequest): Promise<WrittenOutcome> {
  const result = await exchangeInPostgres(deps, request);
  if ('code' in result) return writeOutcome(rejectedOutcome('exchange', result));
  await exchangeInRedis(deps, request.ticketId, result.booking);
  return writeOutcome(doneOutcome('exchange', result.booking));
}

/**
 * Exchanges the seats of a booking: chooses them by what Redis has as free, where its own count as free, and makes the
 * exchange in PostgreSQL, which decides.
 */
async function exchangeInPostgres(deps: ExchangeDeps, request: Exchange): Promise<ExchangeResult> {
  const { holds, admissionUses } = deps;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const made = await holds.madeExchange(request.ticketId);
    if (made !== undefined) return made;
    const result = await tryExchange(deps, request);
    if (result === undefined) continue;
    if ('code' in result && request.admission !== undefined && result.booking)
      await admissionUses.takeBack(result.booking.eventId, request.ticketId);
    return result;
  }
  throw new Error(`exchange ${request.ticketId} is undecided after ${MAX_TRIES} tries`);
}

/** Tries an exchange once. @returns undefined where others took a seat, or changed the booking, in that very moment */
async function tryExchange(deps: ExchangeDeps, request: Exchange): Promise<ExchangeResult | undefined> {
  const { holds, bookings, seats, releaseSeats } = deps;
  const booking = await bookings.findNow(request.bookingId);
  const mayKnow = request.by !== undefined || booking?.userId === request.userId;
  if (booking === undefined || !mayKnow) return { code: 'BOOKING_UNKNOWN' };
  const refused = (code: ErrorCode): ExchangeResult => ({ code, booking });
  const refusal = refusalOfExchange(request, booking.status);
  if (refusal !== undefined) return refused(refusal);
  const chosen = await choose(deps, request, booking);
  if ('code' in chosen) return refused(chosen.code);
  const notAdmitted = await admit(deps, request, booking, chosen.seats.length);
  if (notAdmitted !== undefined) return refused(notAdmitted);
  const tried = await holds.exchange(request, { ...chosen, seatsBefore: booking.seats });
  if (tried === 'outdated') return undefined;
  if ('giving' in tried) {
    await releaseSeats(tried.giving);
    const others = await bookings.owners(booking.eventId, newSeats(chosen.seats, booking));
    if (others.length > 0) await seats.mend(booking.eventId, others); // Redis had them as free
    return undefined;
  }
  return 'code' in tried ? refused(tried.code) : tried;
}

const newSeats = (labels: readonly string[], { seats }: Booking): string[] =>
  labels.filter((label) => !seats.includes(label));

/** Chooses the seats that a booking is to have. */
async function choose(
  { events, seats }: ExchangeDeps,
  { wish, bookingId }: Exchange,
  { eventId, seats: own }: Booking,
): Promise<{ code: ErrorCode } | (Omit<ChosenSeats, 'seatsBefore'> & { seats: string[] })> {
  const house = await events.readHouse(eventId);
  if (house === undefined) throw new Error(`the event of booking ${bookingId} has no house`);
  const { generation, settings } = house;
  let choice: Choice = { code: 'SOLD_OUT' };
  for (const rows of rowsFor(house, wish, own)) {
    const free = (await seats.readRows(eventId, rows)).rows.map((row) => freeRowOf(house, wish, own, row));
    const found = chooseSeats(wish, free, settings.avoidSingles);
    if ('seats' in found) return { ...found, generation, facts: factsOfSeats(house, found.seats, undefined) };
    if (choice.code === 'SOLD_OUT') choice = found;
  }
  return choice;
}

/** The rows in which a wish may be met, to be read a zone at a time: those of the booking's own seats come first. */
function rowsFor(house: House, wish: OneWish, own: readonly string[]): ZoneRow[][] {
  const labels = 'seats' in wish ? wish.seats : own;
  const isAmong = ({ zone, row }: ZoneRow) =>
    labels.some((label) => seatOf(label).zone === zone.number && seatOf(label).row === row);
  const inZone = (zone: Zone) => rowsOfZone(zone);
  if ('seats' in wish) return [zonesOf(house, labels).flatMap(inZone).filter(isAmong)];
  if (wish.zone === undefined) {
    const first = zonesOf(house, own);
    const others = house.zones.filter((zone) => !first.includes(zone));
    const withSeats = [...first, ...others].filter(({ isArea }) => !isArea);
    return withSeats.map((zone) => inZone(zone).sort((a, b) => Number(isAmong(b)) - Number(isAmong(a))));
  }
  const zone = zoneOf(house, wish.zone);
  if (zone === undefined) return [];
  const rows = wish.row === undefined ? inZone(zone) : [{ zone, row: wish.row }];
  return [rows.sort((a, b) => Number(isAmong(b)) - Number(isAmong(a)))];
}

const zonesOf = (house: House, labels: readonly string[]): Zone[] =>
  house.zones.filter(({ number }) => labels.some((label) => seatOf(label).zone === number));

/** A row as the choice sees it. */
function freeRowOf(house: House, wish: OneWish, own: readonly string[], marks: RowMarks): FreeRow {
  const { zone, row } = marks;
  const isOwn = (at: number) => own.includes(labelOf({ zone: zone.number, row, number: at + 1 }));
  const isFree = statusesOf(marks).map((status, at) => status === 'AVAILABLE' || isOwn(at));
  return {
    zone: zone.number,
    row,
    isFree,
    isBarred: barredIn(house, wish, own, marks),
    gapsAfter: zone.plan?.[row - 1]?.gapsAfter,
    isArea: zone.isArea,
  };
}

/**
 * Whether a wish may not have each of the seats of a row: those of another category, and those that are kept for
 * people who need them. A booking may keep its own by their labels, a companion's seat with its accessible one.
 */
function barredIn(house: House, wish: OneWish, own: readonly string[], { zone, row }: RowMarks): boolean[] | undefined {
  const name = 'category' in wish ? wish.category : undefined;
  const { accessible = [], companions = [] } = zone.plan?.[row - 1] ?? {};
  const isKept = (accessible.length > 0 || companions.length > 0) && keepsAccessible(house, Date.now());
  if (name === undefined && !isKept) return undefined;
  const category = house.categories.find((one) => one.name === name)?.number;
  const hasByLabel = (number: number) => {
    const label = labelOf({ zone: zone.number, row, number });
    return 'seats' in wish && wish.seats.includes(label) && own.includes(label);
  };
  const isBarred = (number: number) => {
    if (name !== undefined && categoryOfSeat(zone, row, number) !== category) return true;
    if (!isKept) return false;
    const accompanied = companions.find(([companion]) => companion === number)?.[1];
    if (accompanied !== undefined) return !(hasByLabel(number) && hasByLabel(accompanied));
    return accessible.includes(number) && !hasByLabel(number);
  };
  return Array.from({ length: seatsInRow(zone, row) }, (_, at) => isBarred(at + 1));
}

/** Uses the admission of an exchange for more seats. @returns the code of a refusal */
async function admit(
  { admissionUses, rooms }: ExchangeDeps,
  { ticketId, admission, grows }: Exchange,
  { eventId, seats }: Booking,
  seatCount: number,
): Promise<ErrorCode | undefined> {
  if (seatCount <= seats.length) return undefined;
  // The API has asked for no admission: the booking had more seats when the exchange was accepted.
  if (!grows) return 'ADMISSION_REQUIRED';
  if (admission === undefined) return undefined;
  const use = () => admissionUses.use(eventId, ticketId, admission, seatCount - seats.length);
  let used = await use();
  if (used === 'REBUILD') {
    await rooms.open(eventId);
    used = await use();
  }
  return used === 'OK' ? undefined : 'ADMISSION_INVALID';
}

/**
 * Takes the seats of an exchange in Redis as PostgreSQL has them by now, and releases those that it gave up. Until then
 * a claim of a new seat fails in PostgreSQL alone.
 */
async function exchangeInRedis(deps: ExchangeDeps, ticketId: string, booking: Booking): Promise<void> {
  const { bookings, seats, releaseSeats } = deps;
  const { id, eventId, userId } = booking;
  const taken = (await bookings.owners(eventId, booking.seats)).filter(({ owner }) => owner === ticketId);
  if (taken.length > 0) await seats.mend(eventId, taken);
  if (userId !== undefined) await seats.count(eventId, { ticketId, userId, seats: taken.length });
  await releaseSeats([{ id, eventId }]);
}
