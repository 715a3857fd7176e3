import { z } from 'zod';
import { admissionReason } from './gate.ts';
import { seatLabel, ticketId } from './ids.ts';
import { printedLabels, refusal } from './tickets.ts';
import { challengeView } from './waiting-room.ts';

/** Fields of an error besides its code, on compat routes and below `/api`. */
const details = {
  /** The ticket that was refused. */
  ticketId: ticketId.optional(),
  /** The id under which the log has the error. */
  requestId: z.string().optional(),
  ...refusal.shape,
};

/** An error below `/api`: a problem of RFC 9457. */
export const problem = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    ...details,
    seats: z.array(seatLabel).optional().meta({
      description: 'With SEAT_TAKEN: the taken seats of a request to block seats, or of a change of a house.',
    }),
    labels: printedLabels,
    /** With CHALLENGE_REQUIRED and CHALLENGE_INVALID: a new challenge. */
    challenge: challengeView.optional(),
    /** With ADMISSION_INVALID, of a token for a site: why it is not valid. */
    reason: admissionReason.optional(),
  })
  .meta({ id: 'Problem' });

/** A field of a request as received, valid or not. */
const asReceived = z.union([z.number(), z.string(), z.boolean(), z.null()]).optional();

/** An error of a compat route, always 409. `zone`, `row` and `count` are repeated as received. */
export const conflict = z
  .object({
    error: z.string(),
    ...details,
    zone: asReceived,
    row: asReceived,
    count: asReceived,
  })
  .meta({ id: 'Conflict' });

/** Seats that a compat route sold without a hold. `startIndex` counts from 0. */
export const reservation = z
  .object({
    zone: z.int(),
    row: z.int(),
    startIndex: z.int(),
    seatsCount: z.int(),
    ticketId,
  })
  .meta({ id: 'Reservation' });

export const occupancy = z
  .object({
    zone: z.int(),
    row: z.int(),
    occupied: z.int(),
    total: z.int(),
    available: z.int(),
  })
  .meta({ id: 'RowOccupancy' });

export const availability = z
  .object({
    allUnavailable: z.boolean(),
    totalSeats: z.int(),
    occupiedSeats: z.int(),
    availableSeats: z.int(),
    zonesChecked: z.int(),
    rowsChecked: z.int(),
    occupancyPercentage: z.number(),
  })
  .meta({ id: 'Availability' });

export const initialized = z.object({ message: z.string(), totalKeys: z.int(), totalSeats: z.int() });

export const cleared = z.object({ message: z.string() });

export const stats = z
  .object({
    memoryUsed: z.string(),
    totalKeys: z.int(),
    seatKeys: z.int(),
    /** Bytes of one row's bitmap. */
    estimatedSizePerKey: z.int(),
  })
  .meta({ id: 'Stats' });

export const alive = z.object({ status: z.literal('ok') });

const partStatus = z.enum(['ok', 'not ok']);

export const readiness = z
  .object({
    status: z.enum(['ok', 'not ok', 'stopping']),
    redis: partStatus.optional(),
    loops: partStatus.optional(),
    /** Shards whose Redis accepts no write: requests for their events are answered with 503. */
    notWritable: z.array(z.int()).optional(),
  })
  .meta({ id: 'Readiness' });
