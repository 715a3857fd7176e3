import { z } from 'zod';
import { minorUnits } from './currencies.ts';
import { eventId, MAX_INTEGER, seatLabel } from './ids.ts';
import {
  MAX_BLOCKED_AT_ONCE,
  MAX_ROWS_IN_HOUSE,
  MAX_ROWS_IN_ZONE,
  MAX_SEATS_IN_HOUSE,
  MAX_SEATS_IN_ROW,
  MAX_ZONES,
} from './limits.ts';
import { text } from './text.ts';
import { moment, timeZone } from './times.ts';

/** Rows and jobs of earlier versions may carry names that are refused today: they stay readable. */
const storedName = z.string().min(1).max(200);
const name = text(200);

/** What may be said of an event and changed while it runs. */
const eventSettings = z.object({
  name: storedName,
  /** Before it every request is refused with NOT_ON_SALE. Null: on sale at once. */
  onSaleAt: moment.nullable(),
  /** The zone of its venue: pages show its times in it. */
  timeZone,
  salesPaused: z.boolean(),
  /** Seconds that a hold lasts, and that it may last at the most, extensions included. */
  holdSeconds: z.int().min(1).max(86_400),
  maxHoldSeconds: z.int().min(1).max(604_800),
  /** Seats of one buyer, held and sold. Null: no limit. */
  seatLimit: z.int().min(1).max(10_000).nullable(),
  /** Whether no choice may leave a single free seat between taken ones. */
  avoidSingles: z.boolean(),
  /**
   * How the house is drawn: numbers of its zones by rings around the stage, from the stage outward, each from left to right. Every
   * zone stands in one of them, once. Null: as many in a ring as there is room for, the first ones in the middle.
   */
  rings: z
    .array(z.array(z.int().min(1).max(MAX_ZONES)).min(1).max(MAX_ZONES))
    .min(1)
    .max(MAX_ZONES)
    .nullable(),
});

export type EventSettings = z.infer<typeof eventSettings>;

/** Of one seat, in the minor unit of the event's currency (cents). */
const price = z.int().min(0).max(MAX_INTEGER);

const zoneSize = z.object({
  rows: z.int().min(1).max(MAX_ROWS_IN_ZONE),
  seatsPerRow: z.int().min(1).max(MAX_SEATS_IN_ROW),
  price,
});

/** Rows and jobs of earlier versions may carry codes that ISO 4217 does not have: they stay readable. */
const currency = z.string().regex(/^[A-Z]{3}$/, 'three capital letters, as EUR');

const isoCurrency = currency
  .refine((code) => minorUnits.has(code), 'a currency code of ISO 4217, as EUR')
  .meta({
    description: 'ISO 4217. Prices count its minor unit: 4900 is 49.00 EUR, 4,900 JPY, 4.900 BHD.',
  });

/**
 * Seats of one buyer in an event whose operator sets no limit: as many as two families need, and few enough that one
 * account cannot take a whole block.
 */
const DEFAULT_SEAT_LIMIT = 10;

/** Body of `POST /api/events`. Zones get numbers from 1, in this order. */
export const newEvent = eventSettings
  .partial()
  .extend({
    name,
    currency: isoCurrency.default('EUR'),
    seatLimit: eventSettings.shape.seatLimit.default(DEFAULT_SEAT_LIMIT).meta({
      description:
        'Seats of one buyer, held and sold. null: no limit. With a limit every request has to name its buyer.',
    }),
    zones: z
      .array(zoneSize.extend({ price: price.default(0) }).strict())
      .min(1)
      .max(MAX_ZONES)
      .refine(
        (zones) => zones.reduce((sum, { rows }) => sum + rows, 0) <= MAX_ROWS_IN_HOUSE,
        `at most ${MAX_ROWS_IN_HOUSE} rows`,
      )
      .refine(
        (zones) => zones.reduce((sum, { rows, seatsPerRow }) => sum + rows * seatsPerRow, 0) <= MAX_SEATS_IN_HOUSE,
        `at most ${MAX_SEATS_IN_HOUSE} seats`,
      ),
  })
  .strict();

/** The same as a job carries it to a worker. A job of the version before names no limit where its event has none. */
export const acceptedEvent = newEvent.extend({
  currency,
  name: storedName,
  seatLimit: eventSettings.shape.seatLimit.optional(),
});

export type AcceptedEvent = z.infer<typeof acceptedEvent>;

/** Body of `PATCH /api/events/:id`: what is to be different. */
export const eventChange = eventSettings.partial().extend({ name: name.optional() }).strict();

export type EventChange = z.infer<typeof eventChange>;

/** The same in a job, which a version before may have written. */
export const acceptedChange = eventChange.extend({ name: storedName.optional() });

/** Body of blocking and unblocking seats. */
export const blockBody = z.strictObject({ seats: z.array(seatLabel).min(1).max(MAX_BLOCKED_AT_ONCE) });

/**
 * The sentence that an operator repeats to delete an event's bookings: it names the event, so that a slip does not
 * empty another one.
 */
export const clearSentence = (id: number): string => `delete all bookings of event ${id}`;

/** Body of `DELETE /api/events/:id/bookings` and of `POST /clear`. */
export function clearBody(id: number) {
  const sentence = clearSentence(id);
  return z.strictObject({ confirm: z.literal(sentence, `send exactly "${sentence}"`) });
}

/** How many seats have which status. */
export const seatCounts = z
  .object({
    total: z.int(),
    available: z.int(),
    held: z.int(),
    sold: z.int(),
    blocked: z.int(),
  })
  .meta({ id: 'SeatCounts' });

export type SeatCounts = z.infer<typeof seatCounts>;

/** An event in a list. */
const eventSummary = eventSettings
  .omit({ rings: true })
  .extend({
    id: eventId,
    currency,
    createdAt: z.iso.datetime(),
    totalSeats: z.int(),
  })
  .meta({ id: 'EventSummary' });

export type EventSummary = z.infer<typeof eventSummary>;

/** A page of events. `next` is where the next page begins. */
export const eventList = z.object({ events: z.array(eventSummary), next: z.string().optional() });

export const seatStatus = z.enum(['AVAILABLE', 'HELD', 'SOLD', 'BLOCKED']);

export type SeatStatus = z.infer<typeof seatStatus>;

/** A seat in a list. */
const seatView = z
  .object({
    seatNumber: seatLabel,
    zone: z.int(),
    row: z.int(),
    number: z.int(),
    status: seatStatus,
    price,
  })
  .meta({ id: 'Seat' });

export type SeatView = z.infer<typeof seatView>;

/** `GET /api/events/:id`. `seats` only where they were asked for. */
export const eventView = eventSummary
  .extend({
    rings: eventSettings.shape.rings,
    counts: seatCounts,
    zones: z.array(zoneSize.extend({ zone: z.int(), counts: seatCounts })),
    seats: z.array(seatView).optional(),
  })
  .meta({ id: 'Event' });

export type EventView = z.infer<typeof eventView>;

/** `GET /api/seats/available`. `next` is where the next page begins. */
export const seatList = z.object({ seats: z.array(seatView), next: z.string().optional() });

/**
 * `GET /api/seats/map`: for each zone its rows from the front as bitmaps one behind the other, each filled up to whole bytes,
 * in base64; bit 7 of the first byte is seat 1. `taken` says which seats are not free, `held` and `blocked` which of these
 * are; they are left out where there are none. `version` is the version of the seats that the map is at least as new as.
 */
export const seatMap = z.object({
  eventId,
  version: z.int(),
  zones: z.array(
    z.object({
      zone: z.int(),
      rows: z.int(),
      seatsPerRow: z.int(),
      taken: z.base64(),
      held: z.base64().optional(),
      blocked: z.base64().optional(),
    }),
  ),
});

export type SeatMap = z.infer<typeof seatMap>;

/** Answer to blocking and unblocking. */
export const blockAnswer = z.object({ eventId, changed: z.int() });
