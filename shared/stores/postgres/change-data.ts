import type { ChangeData } from '../../contract/changes.ts';
import { isNamedBuyer } from '../../contract/ids.ts';
import type { Order } from '../../contract/tickets.ts';
import { bookingView } from '../../domain/booking-view.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { type BookingState, bookingState } from './booking-history.ts';
import { bookingCurrency } from './booking-rows.ts';
import type { BuyerStore } from './buyers.ts';
import type { Database } from './event-rows.ts';
import { orderState } from './order-rows.ts';

/** Rows whose data one statement of a clear keeps: each has up to a thousand changes, of some 50 µs. */
const KEPT_AT_ONCE = 20;

/** A booking as it was after a change, in JSON. */
type BookingFacts = BookingState & {
  id: string;
  eventId: number;
  userId?: number;
  createdAt: string;
  currency: string;
  reference?: string;
  metadata?: object;
  by?: string;
};

/** JSON of `BookingFacts`: of a row `booking` in one of its states. */
const bookingFacts = (state: Prisma.Sql, by: Prisma.Sql): Prisma.Sql => Prisma.sql`
  jsonb_strip_nulls(jsonb_build_object(
    'id', booking.id, 'eventId', booking.event_id, 'userId', booking.user_id, 'createdAt', booking.created_at,
    'currency', ${bookingCurrency}, 'reference', booking.reference, 'by', ${by}))
  || CASE WHEN booking.metadata IS NULL THEN '{}' ELSE jsonb_build_object('metadata', booking.metadata) END
  || ${state}`;

/** An order as it was after a change, in JSON. */
type OrderFacts = Omit<Order, 'bookings'> & { by?: string };

/** JSON of `OrderFacts`: of a row `orders` in one of its states. */
const orderFacts = (state: Prisma.Sql, by: Prisma.Sql): Prisma.Sql => Prisma.sql`
  jsonb_strip_nulls(jsonb_build_object(
    'id', orders.id, 'code', orders.code, 'paymentReference', orders.payment_reference, 'eventId', orders.event_id,
    'userId', orders.user_id, 'bookingIds', orders.booking_ids, 'total', orders.total, 'currency', orders.currency,
    'createdAt', orders.created_at, 'by', ${by}))
  || ${state}`;

const NOBODY = Prisma.sql`NULL::text`;

/** The facts of what a change names by `source.ref`: a row that was made, or a row of a history. */
const factsOf = {
  /** As it was made: in the state before its first change. */
  madeBooking: Prisma.sql`(
    SELECT ${bookingFacts(
      Prisma.sql`coalesce(
        (SELECT before FROM booking_change WHERE booking_id = booking.id ORDER BY booking_change.id LIMIT 1),
        ${bookingState})`,
      NOBODY,
    )} FROM booking WHERE booking.id = source.ref)`,
  changedBooking: Prisma.sql`(
    SELECT ${bookingFacts(Prisma.sql`booking_change.after`, Prisma.sql`booking_change.by`)}
    FROM booking_change JOIN booking ON booking.id = booking_change.booking_id WHERE booking_change.id = source.ref)`,
  madeOrder: Prisma.sql`(
    SELECT ${orderFacts(
      Prisma.sql`coalesce(
        (SELECT before FROM order_change WHERE order_id = orders.id ORDER BY order_change.id LIMIT 1), ${orderState})`,
      NOBODY,
    )} FROM orders WHERE orders.id = source.ref)`,
  changedOrder: Prisma.sql`(
    SELECT ${orderFacts(Prisma.sql`order_change.after`, Prisma.sql`order_change.by`)}
    FROM order_change JOIN orders ON orders.id = order_change.order_id WHERE order_change.id = source.ref)`,
};

/**
 * Moves the data of an event's changes of bookings into the feed itself, before a clear deletes the bookings and their
 * histories. The caller has locked the event: nothing of it is under way.
 */
export async function keepBookingChanges(eventId: number, transaction: Prisma.TransactionClient): Promise<void> {
  const all = (facts: Prisma.Sql, refs: Prisma.Sql) => Prisma.sql`
    (SELECT jsonb_agg(${facts} ORDER BY place) FROM unnest(${refs}) WITH ORDINALITY AS source (ref, place))`;
  let kept: number;
  do {
    kept = await transaction.$executeRaw`
      UPDATE change_batch SET
        made = NULL, changed = NULL,
        data = CASE WHEN made IS NOT NULL THEN ${all(factsOf.madeBooking, Prisma.sql`made`)}
          ELSE ${all(factsOf.changedBooking, Prisma.sql`changed`)} END
      WHERE id = ANY(ARRAY(
        SELECT id FROM change_batch
        WHERE event_id = ${eventId}::int AND type LIKE 'booking.%' AND data IS NULL LIMIT ${KEPT_AT_ONCE}))`;
  } while (kept === KEPT_AT_ONCE);
}

/** The place where the data of a change is: a row that it names, or in the feed itself. */
export type ChangeSource =
  | { place: keyof typeof factsOf; ref: string }
  | { place: 'keptBooking' | 'feed'; data: unknown };

type Facts = BookingFacts | OrderFacts;

/**
 * Reads the data of changes, in their order.
 *
 * @returns undefined for one whose rows a worker of the version before has deleted with a clear
 */
export async function readChangeData(
  { database, buyers }: { database: Database; buyers: Pick<BuyerStore, 'namesOf'> },
  sources: readonly ChangeSource[],
): Promise<(ChangeData | undefined)[]> {
  const found = new Map<string, Facts>();
  for (const place of Object.keys(factsOf) as (keyof typeof factsOf)[]) {
    const refs = sources.flatMap((source) => (source.place === place ? [source.ref] : []));
    for (const [ref, facts] of await readFacts(database, place, refs)) found.set(`${place} ${ref}`, facts);
  }
  const factsOfSource = (source: ChangeSource): Facts | undefined => {
    if (!('ref' in source)) return source.place === 'keptBooking' ? (source.data as BookingFacts) : undefined;
    return found.get(`${source.place} ${source.ref}`);
  };
  const facts = sources.map(factsOfSource);
  const nameOf = await readNames(facts, (numbers) => buyers.namesOf(numbers, database));
  return sources.map((source, i) => {
    if (source.place === 'feed') return source.data as ChangeData;
    return facts[i] && dataOf(facts[i], nameOf);
  });
}

async function readFacts(
  database: Database,
  place: keyof typeof factsOf,
  refs: readonly string[],
): Promise<[string, Facts][]> {
  if (refs.length === 0) return [];
  const type = Prisma.raw(place.startsWith('made') ? 'uuid[]' : 'bigint[]');
  const rows = await database.$queryRaw<{ ref: string; facts: Facts | null }[]>`
    SELECT source.ref::text, ${factsOf[place]} AS facts FROM unnest(${[...refs]}::text[]::${type}) AS source (ref)`;
  return rows.flatMap(({ ref, facts }) => (facts === null ? [] : [[ref, facts]]));
}

type NameOf = (userId: number) => string | undefined;

/** Reads the names of the buyers whom shops name. A name that was forgotten is undefined. */
async function readNames(
  facts: readonly (Facts | undefined)[],
  namesOf: (numbers: readonly number[]) => ReturnType<BuyerStore['namesOf']>,
): Promise<NameOf> {
  const users = new Set(facts.flatMap((one) => (one?.userId === undefined ? [] : [one.userId])));
  const numbers = [...users].filter(isNamedBuyer);
  if (numbers.length === 0) return () => undefined;
  const names = await namesOf(numbers);
  const byNumber = new Map(numbers.map((number, i) => [number, names[i]]));
  return (userId) => byNumber.get(userId);
}

/** The data of a change of a booking or an order, with the name of a buyer in place of the number. */
function dataOf(facts: Facts, nameOf: NameOf): ChangeData {
  const { by, ...fields } = facts;
  const done = by === undefined ? {} : { by };
  if ('bookingIds' in fields) {
    const createdAt = new Date(fields.createdAt).toISOString();
    return { order: named({ ...fields, createdAt }, nameOf), ...done };
  }
  const { createdAt, expiresAt, userId = null, reference = null, metadata = null, ...rest } = fields;
  const booking = bookingView({
    ...rest,
    userId,
    reference,
    metadata,
    createdAt: new Date(createdAt),
    expiresAt: expiresAt === undefined ? null : new Date(expiresAt),
  });
  return { booking: named(booking, nameOf), ...done };
}

function named<Shown extends { userId?: number | undefined }>(shown: Shown, nameOf: NameOf): Shown {
  const { userId, ...others } = shown;
  if (userId === undefined || !isNamedBuyer(userId)) return shown;
  const buyer = nameOf(userId);
  return { ...others, ...(buyer !== undefined && { buyer }) } as unknown as Shown;
}
