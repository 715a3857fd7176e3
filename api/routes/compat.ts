import type { Express, Request, Response } from 'express';
import { z } from 'zod';
import { clearBody } from '../../shared/contract/events.ts';
import { DEFAULT_EVENT, inAddress } from '../../shared/contract/ids.ts';
import { runWish } from '../../shared/contract/reserve.ts';
import { codeOfStatus, type TicketView } from '../../shared/contract/tickets.ts';
import type { VisitorView } from '../../shared/contract/waiting-room.ts';
import { type House, misfit, type Zone, zoneOf } from '../../shared/domain/house.ts';
import { shardOfEvent } from '../../shared/domain/ticket-id.ts';
import type { Config } from '../../shared/platform/config.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import { statusesOf } from '../../shared/stores/redis/seat-bitmaps.ts';
import type { SeatStore } from '../../shared/stores/redis/seats.ts';
import { type Identity, OPERATOR, READS_ALL } from '../auth/identity.ts';
import { actorOf, createResetGuard, type OperatorGuard } from '../auth/operators.ts';
import type { SellerGuard } from '../auth/sellers.ts';
import { readJson, readOptionalJson, refuseBody } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { refuseQuery, waitSeconds } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { closedSignal } from '../http/request.ts';
import { parse } from '../http/validation.ts';
import type { HeavyReads } from '../limits/heavy-reads.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import type { Control } from '../operations/operator-jobs.ts';
import type { BookingReads } from '../tickets/booking-reads.ts';
import { type Intake, idempotencyOf, type Submission } from '../tickets/intake.ts';
import type { Outcomes } from '../tickets/outcomes.ts';
import { logTicket, refusedTicket, replyTicket } from '../tickets/replies.ts';
import { startTrace } from '../tickets/traces.ts';
import { mustLogIn, type WaitingRooms } from '../waiting-room/lines.ts';
import { visitorTokenOf } from './waiting-room.ts';

const placeParams = z.object({ zone: inAddress(z.int().min(1)), row: inAddress(z.int().min(1)) });

/** Milliseconds for which a node reuses the seat limit that it read of an event. */
const LIMIT_READ_MS = 1_000;

/** How a visitor stands in the seat system's words. Who has no place (any more) is told to join. */
const seatSystemStatus = {
  open: 'proceed_to_booking',
  your_turn: 'proceed_to_booking',
  before_sale: 'waiting',
  waiting: 'waiting',
  turn_passed: 'closed',
  left: 'closed',
  sold_out: 'closed',
} as const satisfies Record<VisitorView['status'], string>;

/** The fields of a request as received, not yet checked. */
type Asked = { zone?: unknown; row?: unknown; count?: unknown };

/**
 * A refusal that repeats zone, row and count of its request, as the seat system's clients expect it. Fields that hold
 * no single value are left out.
 */
function repeating(fault: unknown, { zone, row, count }: Asked): unknown {
  if (!(fault instanceof ApiError)) return fault;
  for (const [name, value] of Object.entries({ zone, row, count }))
    if (value === null || ['number', 'string', 'boolean'].includes(typeof value)) fault.fields[name] = value;
  return fault;
}

/**
 * Surface A: the seat system's routes. They answer 200, 201 or 409, nothing else. They stand on the app itself: a router
 * between would cost each reservation a twentieth of its time.
 */
export function addCompatRoutes(
  app: Express,
  deps: {
    config: Pick<Config, 'CONFIRM_CLEAR' | 'RESERVE_WAIT_SECONDS' | 'RESET_FROM_LOOPBACK'>;
    bookIntake: Intake<'book'>;
    bookings: BookingReads;
    outcomes: Outcomes;
    control: Control;
    events: EventStore;
    seats: SeatStore;
    identity: Identity;
    waitingRooms: WaitingRooms;
    requireOperator: OperatorGuard;
    requireSeller: SellerGuard;
    limits: RateLimits;
    heavyReads: HeavyReads;
    shards: number;
    log: Logger;
  },
): void {
  const {
    config,
    bookIntake,
    bookings,
    outcomes,
    control,
    events,
    seats,
    identity,
    waitingRooms,
    requireOperator,
    requireSeller,
    limits,
    heavyReads,
    shards,
    log,
  } = deps;
  const shard = shardOfEvent(DEFAULT_EVENT, shards);
  const requireResetter = createResetGuard(config, requireOperator);

  async function house(): Promise<House> {
    const found = await events.layout(DEFAULT_EVENT);
    if (found === undefined) throw new ApiError('EVENT_UNKNOWN');
    return found;
  }

  async function reserve(req: Request, res: Response): Promise<void> {
    const soldBy = requireSeller(req);
    const reading = readJson(req);
    try {
      const seconds = waitSeconds(req, config.RESERVE_WAIT_SECONDS);
      await sell(req, res, await reading, { soldBy, seconds });
    } catch (fault) {
      const asked = await reading.catch(() => undefined); // what cannot be read is not repeated
      throw repeating(fault, (asked ?? {}) as Asked);
    }
  }

  async function sell(
    req: Request,
    res: Response,
    body: unknown,
    { soldBy, seconds }: { soldBy: ReturnType<SellerGuard>; seconds: number },
  ): Promise<void> {
    const wish = parse(runWish, body);
    const now = await house();
    const unfit = misfit(now, wish);
    if (unfit !== undefined) throw new ApiError('INVALID_REQUEST', unfit);
    const admission = await admissionOf(req);

    const idempotency = idempotencyOf(req, '/reserve', body, soldBy === undefined ? undefined : OPERATOR);
    // The claim script decides. A request with a key may repeat one from before the limit was set.
    if (idempotency === undefined && now.settings.seatLimit !== null && (await limitsBuyers()))
      throw new ApiError('BUYER_REQUIRED');
    const asked = { eventId: DEFAULT_EVENT, wish, hold: false, idempotency, admission, soldBy };
    const submission = await bookIntake.submit(shard, 'book', asked, idempotency, startTrace(req, res));
    logTicket(log, req, submission.ticketId);
    if (seconds > 0) {
      const view = await outcomes.settledWithin(submission.ticketId, seconds, closedSignal(res));
      if (view !== undefined) return replyOutcome(res, view, submission);
    }
    replyTicket(res, 201, submission);
  }

  /**
   * Whether the event limits the seats of one buyer, as PostgreSQL had it at most a second ago: nobody is refused for
   * an old limit.
   */
  async function limitsBuyers(): Promise<boolean> {
    const now = await events.layout(DEFAULT_EVENT, LIMIT_READ_MS);
    return now !== undefined && now.settings.seatLimit !== null;
  }

  /** An outcome never changes, but its booking may: a replay does not report seats that are no longer sold. */
  async function replyOutcome(res: Response, view: TicketView, { isReplay }: Submission): Promise<void> {
    const { ticketId, booking } = view;
    if (booking === undefined) throw refusedTicket(view);
    if (isReplay || booking.id !== ticketId) {
      const now = await bookings.findNow(booking.id);
      const { status } = now ?? {};
      const code = status === undefined || status === 'PENDING' ? 'BOOKING_UNKNOWN' : codeOfStatus[status];
      if (status !== 'CONFIRMED') throw new ApiError(code, undefined, { ticketId, booking: now });
    }
    const { zone, row, startIndex, seatsCount } = booking;
    reply(res, 200, { zone, row, startIndex, seatsCount, ticketId });
  }

  /** Seats are sold to nobody by name here: who is asked for only where only users may join the line. */
  async function admissionOf(req: Request) {
    const room = waitingRooms.find(DEFAULT_EVENT);
    const reader = room !== undefined && mustLogIn(room) ? await identity.readerOf(req) : READS_ALL;
    return waitingRooms.admissionOf(DEFAULT_EVENT, req.headers, reader.scope === 'all' ? undefined : reader.userId);
  }

  async function occupancy(req: Request, res: Response): Promise<void> {
    const { zone, row } = await rowOf(req);
    const { rows } = await seats.readRows(DEFAULT_EVENT, [{ zone, row }]);
    const occupied = rows.flatMap(statusesOf).filter((status) => status !== 'AVAILABLE').length;
    const total = zone.seatsPerRow;
    reply(res, 200, { zone: zone.number, row, occupied, total, available: total - occupied });
  }

  async function rowOf(req: Request): Promise<{ zone: Zone; row: number }> {
    const { params } = req;
    try {
      refuseQuery(req);
      const { zone: number, row } = parse(placeParams, params);
      const zone = zoneOf(await house(), number);
      if (zone === undefined || row > zone.rows) throw new ApiError('INVALID_REQUEST', 'There is no such row.');
      return { zone, row };
    } catch (fault) {
      const numbers = Object.entries(params).map(([name, text]) => [
        name,
        Number.isNaN(Number(text)) ? text : Number(text),
      ]);
      throw repeating(fault, Object.fromEntries(numbers));
    }
  }

  async function checkAll(req: Request, res: Response): Promise<void> {
    refuseQuery(req);
    const now = await house();
    const { totalSeats, totalRows, zones } = now;
    heavyReads.charge(req, res, 1 + Math.floor(zones.length / 100));
    const counts = [...(await seats.countsByZone(now)).values()];
    const occupiedSeats = totalSeats - counts.reduce((sum, { available }) => sum + available, 0);
    reply(res, 200, {
      allUnavailable: occupiedSeats === totalSeats,
      totalSeats,
      occupiedSeats,
      availableSeats: totalSeats - occupiedSeats,
      zonesChecked: zones.length,
      rowsChecked: totalRows,
      occupancyPercentage: Math.round((occupiedSeats / totalSeats) * 10_000) / 100,
    });
  }

  async function initialize(req: Request, res: Response): Promise<void> {
    const by = actorOf(req, requireResetter(req));
    refuseQuery(req);
    await refuseBody(req);
    const idempotency = idempotencyOf(req, req.path, null, OPERATOR);
    const { rows, seats: totalSeats } = await control('initialize', { eventId: DEFAULT_EVENT, by }, idempotency);
    reply(res, 201, { message: 'Seats are initialized. What is sold stays sold.', totalKeys: rows, totalSeats });
  }

  async function clear(req: Request, res: Response): Promise<void> {
    const by = actorOf(req, requireResetter(req));
    refuseQuery(req);
    const body = await readOptionalJson(req);
    const confirmation = clearBody(DEFAULT_EVENT);
    parse(config.CONFIRM_CLEAR === false ? confirmation.partial() : confirmation, body);
    const now = await events.readHouse(DEFAULT_EVENT);
    if (now === undefined) throw new ApiError('EVENT_UNKNOWN');
    const idempotency = idempotencyOf(req, req.path, body, OPERATOR);
    await control('clear', { eventId: DEFAULT_EVENT, generation: now.generation, by }, idempotency);
    reply(res, 201, { message: 'All bookings of the event are deleted, every seat is free.' });
  }

  async function stats(req: Request, res: Response): Promise<void> {
    refuseQuery(req);
    const now = await house();
    await heavyReads.inTurn(req, res, 1 + Math.floor(now.totalRows / 100), async () => {
      const { bytesPerRow, ...figures } = await seats.stats(now);
      reply(res, 200, { ...figures, estimatedSizePerKey: bytesPerRow });
    });
  }

  async function waitingRoom(req: Request, res: Response): Promise<void> {
    refuseQuery(req);
    const token = visitorTokenOf(req);
    const room = waitingRooms.find(DEFAULT_EVENT);
    if (token === undefined && room !== undefined && room.state?.on !== false) {
      const message = `Join with POST /api/events/${DEFAULT_EVENT}/waiting-room.`;
      return reply(res, 200, { status: 'waiting', message });
    }
    const { status, ...view } = await waitingRooms.poll(DEFAULT_EVENT, token);
    reply(res, 200, { status: seatSystemStatus[status], ...view });
  }

  const wrongMethod = () => {
    throw new ApiError('INVALID_REQUEST', 'This route does not answer to this method.');
  };

  app.route('/reserve').post(limits.booking, reserve).all(wrongMethod);
  app.route('/occupancy/:zone/:row').get(occupancy).all(wrongMethod);
  app.route('/availability/check-all').get(checkAll).all(wrongMethod);
  app.route('/initialize').post(initialize).all(wrongMethod);
  app.route('/stats').get(stats).all(wrongMethod);
  app.route('/clear').post(clear).all(wrongMethod);
  app.route('/waiting-room').get(waitingRoom).all(wrongMethod);
}
