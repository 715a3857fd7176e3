import { z } from 'zod';
import { seatLabel, ticketId } from './ids.ts';
import { refusal } from './tickets.ts';
import { challengeView } from './waiting-room.ts';

/** What an error tells besides its code, on both surfaces. */
const details = {
  /** The ticket that was refused. */
  ticketId: ticketId.optional(),
  /** Under which a fault stands in the log. */
  requestId: z.string().optional(),
  ...refusal.shape,
};

/** An error on surface B: RFC 9457. */
export const problem = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    ...details,
    /** Seats that somebody has, where an operator wants to block them. */
    seats: z.array(seatLabel).optional(),
    /** With CHALLENGE_REQUIRED and CHALLENGE_INVALID: a fresh one. */
    challenge: challengeView.optional(),
  })
  .meta({ id: 'Problem' });

/** A field of a request as it came, right or wrong. */
const asAsked = z.union([z.number(), z.string(), z.boolean(), z.null()]).optional();

/** An error on surface A, where everything that is wrong answers 409. `zone`, `row` and `count` as they were asked for. */
export const conflict = z
  .object({
    error: z.string(),
    ...details,
    zone: asAsked,
    row: asAsked,
    count: asAsked,
  })
  .meta({ id: 'Conflict' });

/** Seats sold at once, on surface A. `startIndex` counts from 0. */
export const reservation = z
  .object({
    zone: z.int(),
    row: z.int(),
    startIndex: z.int(),
    seatsCount: z.int(),
    ticketId,
  })
  .meta({ id: 'Reservation' });

export const occupancy = z.object({
  zone: z.int(),
  row: z.int(),
  occupied: z.int(),
  total: z.int(),
  available: z.int(),
});

export const availability = z.object({
  allUnavailable: z.boolean(),
  totalSeats: z.int(),
  occupiedSeats: z.int(),
  availableSeats: z.int(),
  zonesChecked: z.int(),
  rowsChecked: z.int(),
  occupancyPercentage: z.number(),
});

export const initialized = z.object({ message: z.string(), totalKeys: z.int(), totalSeats: z.int() });

export const cleared = z.object({ message: z.string() });

export const stats = z.object({
  memoryUsed: z.string(),
  totalKeys: z.int(),
  seatKeys: z.int(),
  /** Bytes of one row's bitmap. */
  estimatedSizePerKey: z.int(),
});

export const alive = z.object({ status: z.literal('ok') });

const word = z.enum(['ok', 'not ok']);

export const readiness = z.object({
  status: z.enum(['ok', 'not ok', 'stopping']),
  redis: word.optional(),
  loops: word.optional(),
});
