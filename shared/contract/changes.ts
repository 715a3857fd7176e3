import { z } from 'zod';
import { eventSummary } from './events.ts';
import { eventId, inAddress, seatLabel } from './ids.ts';
import { MAX_CHANGES_READ, MAX_WAIT_SECONDS } from './limits.ts';
import { booking, order, printedLabels } from './tickets.ts';
import { roomSettings } from './waiting-room.ts';

/** The version of the form of changes. A new one is made where a receiver of the present one would fail. */
export const CHANGE_VERSION = 1;

/** The operator or trusted server that made a change. */
const by = z.string().optional().meta({ description: 'The operator or trusted server that did it. Absent: others.' });

/** The data of each type of change. */
const ofBooking = z.object({ booking, by });
const ofOrder = z.object({ order: order.omit({ bookings: true }), by });
const ofEvent = z.object({ event: eventSummary });
const ofSeats = z.object({ seats: z.array(seatLabel), labels: printedLabels, inDoubt: z.literal(true).optional() });
const ofRoom = z.object({ room: roomSettings });

/** Every type of change with its data and its meaning. */
const changeTypes = {
  'booking.held': [ofBooking, 'Seats are held for a buyer.'],
  'booking.extended': [ofBooking, 'A hold lasts longer.'],
  'booking.reduced': [ofBooking, 'A hold gave up some of its seats.'],
  'booking.confirmed': [ofBooking, 'Seats are sold.'],
  'booking.cancelled': [ofBooking, 'A buyer gave a hold up.'],
  'booking.expired': [ofBooking, 'The time of a hold is over.'],
  'booking.returned': [ofBooking, 'Sold seats were returned: all, or some where the booking is still CONFIRMED.'],
  'booking.exchanged': [ofBooking, 'A booking has other seats.'],
  'order.paid': [ofOrder, 'The holds of a payment are sold.'],
  'order.refund_due': [ofOrder, 'Money of an order has to be given back, or more of it than before.'],
  'order.refunded': [ofOrder, 'Money of an order was given back.'],
  'event.created': [ofEvent, 'An event was created.'],
  'event.changed': [ofEvent, 'Settings of an event were changed.'],
  'event.on_sale': [ofEvent, 'An event went on sale: at its time, or as its sales went on.'],
  'event.paused': [ofEvent, 'The sales of an event were paused.'],
  'event.sold_out': [ofEvent, 'All seats of an event are sold or blocked. It is told again where seats became free.'],
  'event.ended': [ofEvent, 'An event has ended.'],
  'event.cancelled': [ofEvent, 'An event was cancelled.'],
  'event.cleared': [ofEvent, 'All bookings of an event were deleted.'],
  'seats.blocked': [ofSeats, 'Seats were blocked: by an operator, or because their bookings are in doubt.'],
  'seats.unblocked': [ofSeats, 'Blocked seats are free again.'],
  'room.opened': [ofRoom, 'A waiting room was turned on, or admits visitors again.'],
  'room.paused': [ofRoom, 'A waiting room admits no visitors.'],
  'room.closed': [ofRoom, 'A waiting room was turned off.'],
} as const;

export type ChangeType = keyof typeof changeTypes;

export const changeType = z.enum(Object.keys(changeTypes) as [ChangeType, ...ChangeType[]]);

export type ChangeData<Type extends ChangeType = ChangeType> = z.infer<(typeof changeTypes)[Type][0]>;

/** The place of a change in the feed: the epoch of the feed's numbers, and its number. */
export type FeedCursor = { epoch: string; number: number };

export const cursorText = ({ epoch, number }: FeedCursor): string => `${epoch}.${number}`;

/** A cursor as a client sends it back. */
export const feedCursor = z
  .string()
  .regex(/^[\da-f]{12}\.(0|[1-9]\d{0,14})$/, 'the `cursor` of a change, or `next` of a page')
  .transform((text): FeedCursor => ({ epoch: text.slice(0, 12), number: Number(text.slice(13)) }));

/** The fields that all changes have. */
const changeFields = z.object({
  cursor: z.string().meta({ description: 'The place of the change. Send it as `after` to read on behind it.' }),
  id: z.string().meta({ description: 'The change keeps its id for ever, also where it is delivered again.' }),
  version: z.literal(CHANGE_VERSION),
  at: z.iso.datetime(),
  eventId: eventId.optional().meta({ description: 'Absent for an order whose bookings are unknown.' }),
});

/** `BookingHeldChange` of `booking.held`. */
const schemaIdOf = (type: string): string =>
  `${type.replaceAll(/(?:^|[._])([a-z])/g, (_match, letter: string) => letter.toUpperCase())}Change`;

/** One change: `data` is as its type says. */
export const change = z
  .discriminatedUnion(
    'type',
    Object.entries(changeTypes).map(([type, [data, description]]) =>
      changeFields.extend({ type: z.literal(type as ChangeType), data }).meta({ id: schemaIdOf(type), description }),
    ) as unknown as [z.ZodObject<{ type: z.ZodLiteral<ChangeType> }>],
  )
  .meta({ id: 'Change' });

export type Change = z.infer<typeof changeFields> & { type: ChangeType; data: ChangeData };

/** Query of `GET /api/feed`. */
export const feedQuery = z.strictObject({
  after: z
    .union([z.literal('now'), feedCursor], 'the `cursor` of a change, `next` of a page, or now')
    .optional()
    .meta({
      type: 'string',
      description:
        'Changes behind this cursor, or `now` for those that come. Without it, the changes of the last 30 days.',
    }),
  types: z
    .string()
    .max(1_000)
    .transform((text) => text.split(','))
    .pipe(z.array(changeType).min(1))
    .optional()
    .meta({ type: 'string', description: `Only these types, with commas between: ${changeType.options.join(', ')}.` }),
  eventId: inAddress(eventId).optional(),
  limit: inAddress(z.int().min(1).max(MAX_CHANGES_READ)).optional().meta({
    description: 'Changes on a page, 100 without it. A stream takes none.',
  }),
  wait: inAddress(z.int().min(0).max(MAX_WAIT_SECONDS))
    .default(0)
    .meta({
      description:
        'Seconds to wait for the first change where there is none. NDJSON ends once nothing came for so long; an ' +
        'event stream ends with its client alone.',
    }),
});

/** Headers of `GET /api/feed` as an event stream. */
export const feedHeaders = z.object({
  'Last-Event-ID': feedCursor.optional().meta({
    type: 'string',
    description: 'The `id` that an event stream had last: it goes on behind it, whatever `after` is.',
  }),
});

export type FeedFilter = { types?: readonly ChangeType[] | undefined; eventIds?: readonly number[] | undefined };

/** `GET /api/feed`, in the order of commits. `next`: the cursor to read on with, also where nothing matched. */
export const feedPage = z.object({ changes: z.array(change), next: z.string() }).meta({ id: 'FeedPage' });
