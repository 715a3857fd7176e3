import { z } from 'zod';
import { minorUnits } from './currencies.ts';
import { categoryView, houseChangeFields, houseFields, price } from './houses.ts';
import { eventId, seatLabel } from './ids.ts';
import { DEFAULT_MAX_SEATS, MAX_BLOCKED_AT_ONCE, MAX_SEATS_PER_REQUEST, MAX_ZONES } from './limits.ts';
import { text } from './text.ts';
import { moment, timeZone } from './times.ts';

/** Rows and jobs of earlier versions may contain names that are rejected today: they stay readable. */
const storedName = z.string().min(1).max(200);
const name = text(200);

/** The settings of an event that an operator can change at any time. */
export const eventSettings = z.object({
  name: storedName,
  /** Earlier requests are rejected with NOT_ON_SALE. Null: on sale immediately. */
  onSaleAt: moment.nullable(),
  /** When the event begins and ends. Later requests are rejected with EVENT_ENDED. Null: unknown; it never ends. */
  startsAt: moment.nullable(),
  endsAt: moment.nullable(),
  /** Where it takes place, for display. Null: unknown. */
  venue: text(200).nullable(),
  /** The time zone of the venue: pages show times in it. */
  timeZone,
  salesPaused: z.boolean(),
  /** Seconds that a hold lasts, and the most that it can last with extensions. */
  holdSeconds: z.int().min(1).max(86_400),
  maxHoldSeconds: z.int().min(1).max(604_800),
  /** Most seats that one buyer can have, held and sold. Null: no limit. */
  seatLimit: z.int().min(1).max(10_000).nullable(),
  /** Most seats of one request. */
  maxSeats: z.int().min(DEFAULT_MAX_SEATS).max(MAX_SEATS_PER_REQUEST),
  /** Whether a choice that leaves a single free seat between taken seats is rejected. */
  avoidSingles: z.boolean(),
  /**
   * Until then accessible seats and those of companions are kept for requests with `accessible`. Null: until the event
   * ends.
   */
  accessibleUntil: moment.nullable(),
  /**
   * How pages draw the house: zone numbers by ring around the stage, from the stage outward, each ring from left to
   * right. Every zone is in exactly one ring, once. Null: each ring has as many zones as fit, the lowest numbers in the
   * middle.
   */
  rings: z
    .array(z.array(z.int().min(1).max(MAX_ZONES)).min(1).max(MAX_ZONES))
    .min(1)
    .max(MAX_ZONES)
    .nullable(),
});

export type EventSettings = z.infer<typeof eventSettings>;

/** Rows and jobs of earlier versions may contain codes that ISO 4217 does not have: they stay readable. */
const currency = z.string().regex(/^[A-Z]{3}$/, 'three capital letters, such as EUR');

const isoCurrency = currency
  .refine((code) => minorUnits.has(code), 'an ISO 4217 currency code, such as EUR')
  .meta({
    description: 'ISO 4217 code. Prices are in its minor unit: 4900 is 49.00 EUR, 4,900 JPY or 4.900 BHD.',
  });

/** The default seat limit of a buyer: enough for two families, too few for one account to take a whole block. */
const DEFAULT_SEAT_LIMIT = 10;

/** Body of `POST /api/events`. Zones are numbered from 1, in the order given. */
export const newEvent = eventSettings
  .partial()
  .extend({
    name,
    currency: isoCurrency.default('EUR'),
    seatLimit: eventSettings.shape.seatLimit.default(DEFAULT_SEAT_LIMIT).meta({
      description:
        'Most seats that one buyer can have, held and sold. null: no limit. With one, requests must name their buyer.',
    }),
    ...houseFields,
  })
  .strict()
  .meta({ id: 'NewEvent' });

/** A new event as a job contains it. A job of the previous version omits the limit if its event has none. */
export const acceptedEvent = newEvent.extend({
  currency,
  name: storedName,
  seatLimit: eventSettings.shape.seatLimit.optional(),
});

export type AcceptedEvent = z.infer<typeof acceptedEvent>;

/** Body of `PATCH /api/events/:id`: the settings, and what of the house, to change. */
export const eventChange = eventSettings
  .partial()
  .extend({ name: name.optional(), ...houseChangeFields })
  .strict()
  .meta({ id: 'EventChange' });

export type EventChange = z.infer<typeof eventChange>;

/** A change as a job contains it; the previous version may have written the job. */
export const acceptedChange = eventChange.extend({ name: storedName.optional() });

/** Body of the requests that block or unblock seats. */
export const blockBody = z
  .strictObject({ seats: z.array(seatLabel).min(1).max(MAX_BLOCKED_AT_ONCE) })
  .meta({ id: 'BlockRequest' });

/** The text that confirms deleting an event's bookings. It names the event to prevent clearing another by mistake. */
export const clearConfirmation = (id: number): string => `delete all bookings of event ${id}`;

/** Body of `DELETE /api/events/:id/bookings` and of `POST /clear`. */
export function clearBody(id: number) {
  const confirmation = clearConfirmation(id);
  return z.strictObject({ confirm: z.literal(confirmation, `send exactly "${confirmation}"`) });
}

/** The number of seats by status. */
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

/** UPCOMING: not on sale yet. ENDED and CANCELLED: nothing is sold any more. */
export const eventStatus = z.enum(['UPCOMING', 'ON_SALE', 'PAUSED', 'ENDED', 'CANCELLED']);

export type EventStatus = z.infer<typeof eventStatus>;

/** An event in a list. */
export const eventSummary = eventSettings
  .omit({ rings: true })
  .extend({
    id: eventId,
    status: eventStatus,
    cancelledAt: z.iso.datetime().optional(),
    currency,
    createdAt: z.iso.datetime(),
    totalSeats: z.int(),
  })
  .meta({ id: 'EventSummary' });

export type EventSummary = z.infer<typeof eventSummary>;

/** A page of events. `next` leads to the next page. */
export const eventList = z
  .object({ events: z.array(eventSummary), next: z.string().optional() })
  .meta({ id: 'EventList' });

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
    label: z.string().optional(),
    rowLabel: z.string().optional(),
    zoneName: z.string().optional(),
    category: z.string().optional(),
    accessible: z.literal(true).optional(),
    companionOf: seatLabel.optional(),
  })
  .meta({ id: 'Seat' });

export type SeatView = z.infer<typeof seatView>;

/** A zone of an event. The rows of an area are those of its bitmaps in the map: 64 places each. */
const zoneView = z
  .object({
    zone: z.int(),
    name: z.string().optional(),
    category: z.string().optional(),
    price,
    area: z.literal(true).optional(),
    rows: z.int(),
    seatsPerRow: z.int().meta({ description: 'Of the widest row. The plan of the event has the others.' }),
    capacity: z.int(),
    hasPlan: z.literal(true).optional().meta({ description: 'Its rows differ: the plan of the event has them.' }),
    counts: seatCounts,
  })
  .meta({ id: 'Zone' });

/** `GET /api/events/:id`. `seats` is present only if the request includes it. */
export const eventView = eventSummary
  .extend({
    rings: eventSettings.shape.rings,
    counts: seatCounts,
    categories: z.array(categoryView),
    zones: z.array(zoneView),
    seats: z.array(seatView).optional(),
  })
  .meta({ id: 'Event' });

export type EventView = z.infer<typeof eventView>;

/** `GET /api/seats/available`. `next` leads to the next page. */
export const seatList = z.object({ seats: z.array(seatView), next: z.string().optional() }).meta({ id: 'SeatList' });

/**
 * `GET /api/seats/map`: for each zone, the bitmaps of its rows from the front, concatenated, each padded to whole
 * bytes, in base64. Bit 7 of the first byte is seat 1. `taken` marks the seats that are not free; `held` and `blocked`
 * mark subsets of these and are omitted if empty. The map has every change up to `version`, and may have later ones.
 * `generation` changes with the house: read the event and its plan again. An API of the version before has none.
 */
export const seatMap = z
  .object({
    eventId,
    version: z.int(),
    generation: z.int().optional(),
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
  })
  .meta({ id: 'SeatMap' });

export type SeatMap = z.infer<typeof seatMap>;

/** Response to blocking or unblocking seats: the number of seats that changed. */
export const blockAnswer = z.object({ eventId, changed: z.int() });
