import type { AcceptedEvent, EventChange, EventSettings } from '../../contract/events.ts';
import type { HouseChange } from '../../contract/houses.ts';
import type { ListedEvent } from '../../domain/event-summary.ts';
import { buildHouse, type House } from '../../domain/house.ts';
import { changesHouse } from '../../domain/house-changes.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { keepBookingChanges } from './change-data.ts';
import {
  changeTypesOf,
  isAnyToOpen,
  noteEvent,
  noteOpened,
  noteSeatsLeft,
  noteSoldOut,
  readChangedSince,
} from './event-changes.ts';
import { type Database, hasEnded, isOnSale, queryHouse, zoneCapacity } from './event-rows.ts';
import { createHouseReader } from './house-reader.ts';
import { changeHouse, createHouse } from './houses.ts';
import { refundEvent } from './order-refunds.ts';
import { makeOrdersOfSales } from './order-sales.ts';
import { readProgramme } from './programme.ts';

/** The price of a seat of the default event, in cents. */
const DEFAULT_PRICE = 5_000;

/** Milliseconds in which the default event is created: processes that start together do it one after the other. */
const ENSURE_LIMITS = { timeout: 30_000, maxWait: 30_000 };

/** The size of a house whose zones are equal. */
type HouseSize = { zones: number; rows: number; seatsPerRow: number };

/** Events and their houses in PostgreSQL. */
export function createEventStore({ prisma }: { prisma: PrismaClient }) {
  return {
    ...createHouseReader(prisma),
    ids: () => readIds(prisma),
    runningIds: () => readRunningIds(prisma),
    idsOnSaleFirst: () => readIdsOnSaleFirst(prisma),
    hasEnded: async (eventId: number, database: Database = prisma) =>
      (await readEnded(database, [eventId])).has(eventId),
    endedAmong: (eventIds: readonly number[]) => awaitEnded(prisma, eventIds),
    endedOpen: (except: readonly number[], limit: number) => readEndedOpen(prisma, except, limit),
    markClosed,
    isAnyToOpen: () => isAnyToOpen(prisma),
    noteOpened: () => noteOpened(prisma),
    changedSince: (sinceMs: number) => readChangedSince(prisma, sinceMs),
    noteSoldOut: (eventId: number) => noteSoldOut(prisma, eventId),
    noteSeatsLeft: (eventId: number) => noteSeatsLeft(prisma, eventId),
    list: (after: number, limit: number) => listEvents(prisma, after, limit),
    programme: (page: number) => readProgramme(prisma, page),
    ensure: (eventId: number, name: string, size: HouseSize) => ensureEvent(prisma, eventId, name, size),
    nextId: () => nextId(prisma),
    create: (eventId: number, event: AcceptedEvent, database: Database = prisma) =>
      createEvent(database, eventId, event),
    change: changeEvent,
    cancel: cancelEvent,
    cancelUnbooked: (eventId: number) => cancelUnbooked(prisma, eventId),
    delete: deleteEvent,
    clear: clearEvent,
  };
}

export type EventStore = ReturnType<typeof createEventStore>;

/** The numbers of all events. */
async function readIds(prisma: PrismaClient): Promise<number[]> {
  return (await prisma.event.findMany({ select: { id: true }, orderBy: { id: 'asc' } })).map(({ id }) => id);
}

/** The numbers of the events that have not ended, in order. */
async function readRunningIds(prisma: PrismaClient): Promise<number[]> {
  const rows = await prisma.$queryRaw<{ id: number }[]>`SELECT id FROM event WHERE NOT ${hasEnded} ORDER BY id`;
  return rows.map(({ id }) => id);
}

/** Those of these events that have ended, or were deleted. */
async function readEnded(database: Database, eventIds: readonly number[]): Promise<Set<number>> {
  const rows = await database.$queryRaw<{ id: number }[]>`
    SELECT id FROM event WHERE id = ANY(${[...eventIds]}::int[]) AND NOT ${hasEnded}`;
  const running = new Set(rows.map(({ id }) => id));
  return new Set(eventIds.filter((id) => !running.has(id)));
}

/**
 * Those of these events that have ended, or were deleted, once all saves that began before the end are over: no booking
 * appears in them any more. It locks one event at a time, so that it waits in no circle with a save of several.
 */
async function awaitEnded(prisma: PrismaClient, eventIds: readonly number[]): Promise<Set<number>> {
  const ended = await readEnded(prisma, eventIds);
  for (const id of ended) await prisma.$executeRaw`SELECT FROM event WHERE id = ${id}::int FOR UPDATE`;
  return ended;
}

/** Ended events whose keys are still in Redis, except some, the oldest first. */
async function readEndedOpen(prisma: PrismaClient, except: readonly number[], limit: number): Promise<number[]> {
  const rows = await prisma.$queryRaw<{ id: number }[]>`
    SELECT id FROM event
    WHERE closed_at IS NULL AND ${hasEnded} AND id <> ALL(${[...except]}::int[]) ORDER BY id LIMIT ${limit}`;
  return rows.map(({ id }) => id);
}

/** Records that the keys of an ended event have left Redis, and notes the end once. */
async function markClosed(eventId: number, transaction: Prisma.TransactionClient): Promise<void> {
  const closed = await transaction.$executeRaw`
    UPDATE event SET closed_at = clock_timestamp() WHERE id = ${eventId}::int AND closed_at IS NULL`;
  if (closed === 0) return;
  const house = await queryHouse(transaction, eventId);
  if (house?.cancelledAt === null) await noteEvent('event.ended', eventId, transaction);
}

/** The numbers of all events that have not ended: those on sale first, then by when their sale begins. */
async function readIdsOnSaleFirst(prisma: PrismaClient): Promise<number[]> {
  const rows = await prisma.$queryRaw<{ id: number }[]>`
    SELECT id FROM event WHERE NOT ${hasEnded}
    ORDER BY sales_paused, GREATEST(on_sale_at, statement_timestamp()), id`;
  return rows.map(({ id }) => id);
}

/** Creates an event with zones of one size unless it exists. Returns the house that exists then. */
async function ensureEvent(prisma: PrismaClient, eventId: number, name: string, size: HouseSize): Promise<House> {
  const { zones, rows, seatsPerRow } = size;
  await prisma.$transaction(async (transaction) => {
    const { count } = await transaction.event.createMany({ data: { id: eventId, name }, skipDuplicates: true });
    // Only for an event without zones: an existing house stays at its size.
    await transaction.$executeRaw`
      INSERT INTO zone (event_id, number, rows, seats_per_row, price)
      SELECT ${eventId}::int, n, ${rows}::int, ${seatsPerRow}::int, ${DEFAULT_PRICE}::int
      FROM generate_series(1, ${zones}::int) AS n
      WHERE NOT EXISTS (SELECT 1 FROM zone WHERE event_id = ${eventId}::int)
      ON CONFLICT DO NOTHING`;
    if (count > 0) await noteEvent('event.created', eventId, transaction);
  }, ENSURE_LIMITS);
  const house = await queryHouse(prisma, eventId);
  if (house === undefined) throw new Error(`event ${eventId} was created but cannot be read`);
  return house;
}

/**
 * A page of at most `limit` events by number, from the number after `after`. Only the sums of their zones are read: an
 * event has up to 2,000.
 */
async function listEvents(prisma: PrismaClient, after: number, limit: number): Promise<ListedEvent[]> {
  const events = await prisma.event.findMany({
    where: { id: { gt: after } },
    orderBy: { id: 'asc' },
    take: limit,
  });
  const sums = await prisma.$queryRaw<{ eventId: number; totalSeats: number }[]>`
    SELECT event_id AS "eventId", sum(${zoneCapacity})::int AS "totalSeats"
    FROM zone
    WHERE event_id = ANY(${events.map(({ id }) => id)}::int[])
    GROUP BY event_id`;
  const seats = new Map(sums.map(({ eventId, totalSeats }) => [eventId, totalSeats]));
  return events.map((event) => {
    const { eventId, settings, cancelledAt, currency, createdAt } = buildHouse({ ...event, zones: [], categories: [] });
    return { eventId, settings, cancelledAt, currency, createdAt, totalSeats: seats.get(eventId) ?? 0 };
  });
}

/** A number that no event has had. */
async function nextId(prisma: PrismaClient): Promise<number> {
  const [row] = await prisma.$queryRaw<{ id: number }[]>`SELECT nextval('event_id_seq')::int AS id`;
  if (row === undefined) throw new Error('the sequence of events returned no number');
  return row.id;
}

/**
 * Creates an event under a number from `nextId` unless it exists: a job that runs twice creates one event.
 *
 * @throws HouseProblem
 */
async function createEvent(
  database: Database,
  eventId: number,
  { categories, zones, seats, ...settings }: AcceptedEvent,
): Promise<void> {
  const { count } = await database.event.createMany({
    data: { id: eventId, ...columnsOf(settings) },
    skipDuplicates: true,
  });
  await createHouse(database, eventId, { categories, zones, seats });
  if (count > 0) await noteEvent('event.created', eventId, database);
}

/**
 * Changes the settings of an event, and its house.
 *
 * @returns the old values of what changed
 * @throws HouseProblem or SeatsTaken as `changeHouse`
 */
async function changeEvent(
  eventId: number,
  change: EventChange,
  transaction: Prisma.TransactionClient,
): Promise<object> {
  const { categories, zones, newZones, seats, ...settings } = change;
  const house = { categories, zones, newZones, seats };
  // Another house needs the lock that waits for running saves, and that new saves wait for.
  if (changesHouse(house)) await transaction.$executeRaw`SELECT FROM event WHERE id = ${eventId}::int FOR UPDATE`;
  else await transaction.$executeRaw`SELECT FROM event WHERE id = ${eventId}::int FOR NO KEY UPDATE`;
  const before: Partial<EventSettings> = (await queryHouse(transaction, eventId))?.settings ?? {};
  const reopened = change.endsAt === undefined ? {} : await reopenedFields(eventId, transaction);
  await transaction.event.updateMany({ where: { id: eventId }, data: { ...columnsOf(settings), ...reopened } });
  const houseBefore = changesHouse(house) ? await changeHouse(eventId, house, transaction) : {};
  await transaction.$executeRaw`UPDATE event SET opened_at = NULL WHERE id = ${eventId}::int AND NOT ${isOnSale}`;
  for (const type of changeTypesOf(before, change)) await noteEvent(type, eventId, transaction);
  const settingsBefore = Object.entries(before).filter(([name]) => Object.hasOwn(settings, name));
  return { ...Object.fromEntries(settingsBefore), ...houseBefore };
}

/**
 * The fields of an event whose end is moved. One that has ended may go on, with its house opened again, in a new
 * generation: the ticket of a claim from before the end may have been refused since, so the claim must not be saved.
 */
async function reopenedFields(eventId: number, transaction: Prisma.TransactionClient) {
  const hadEnded = (await readEnded(transaction, [eventId])).size > 0;
  return { closedAt: null, ...(hadEnded && { generation: { increment: 1 } }) };
}

/**
 * Cancels an event. It waits for saves under way, so no booking appears afterwards.
 *
 * @returns when it was cancelled; undefined where it was cancelled before
 */
async function cancelEvent(eventId: number, transaction: Prisma.TransactionClient): Promise<Date | undefined> {
  await transaction.$executeRaw`SELECT id FROM event WHERE id = ${eventId}::int FOR UPDATE`;
  const [row] = await transaction.$queryRaw<{ cancelledAt: Date }[]>`
    UPDATE event SET cancelled_at = clock_timestamp() WHERE id = ${eventId}::int AND cancelled_at IS NULL
    RETURNING cancelled_at AS "cancelledAt"`;
  if (row === undefined) return undefined;
  await refundAll('cancel', eventId, transaction);
  await noteEvent('event.cancelled', eventId, transaction);
  return row.cancelledAt;
}

/** Makes the money of all sales of an event due, those of a version before too, which have no orders yet. */
async function refundAll(
  kind: 'cancel' | 'clear',
  eventId: number,
  transaction: Prisma.TransactionClient,
): Promise<void> {
  await makeOrdersOfSales(transaction, Prisma.sql`booking.event_id = ${eventId}::int`);
  await refundEvent(kind, eventId, transaction);
}

/** Cancels an event unless it has bookings. @returns whether it has none, and is cancelled */
const cancelUnbooked = (prisma: PrismaClient, eventId: number): Promise<boolean> =>
  prisma.$transaction(async (transaction) => {
    await transaction.$executeRaw`SELECT id FROM event WHERE id = ${eventId}::int FOR UPDATE`;
    if (await hasBookings(eventId, transaction)) return false;
    await cancelEvent(eventId, transaction);
    return true;
  });

/** Whether an event has bookings, ended ones too. */
const hasBookings = async (eventId: number, transaction: Prisma.TransactionClient): Promise<boolean> =>
  (await transaction.booking.findFirst({ where: { eventId }, select: { id: true } })) !== null;

/** Deletes a cancelled event without bookings, with its zones, blocks and waiting room. */
async function deleteEvent(eventId: number, transaction: Prisma.TransactionClient): Promise<void> {
  await transaction.seat.deleteMany({ where: { eventId } });
  await transaction.waitingPlace.deleteMany({ where: { eventId } });
  await transaction.event.deleteMany({ where: { id: eventId } });
}

/**
 * Deletes every booking and seat of an event and raises its generation, so that work in flight cannot be saved. It does
 * so only in the given generation: a repeated clear must not delete later sales.
 *
 * @returns the deleted counts; undefined where the generation had already ended
 */
async function clearEvent(
  eventId: number,
  generation: number,
  transaction: Prisma.TransactionClient,
): Promise<{ bookings: number; seats: number } | undefined> {
  // The lock waits for running saves, and new saves wait for it; later statements see the saved rows.
  await transaction.$executeRaw`SELECT id FROM event WHERE id = ${eventId}::int FOR UPDATE`;
  const raise = { where: { id: eventId, generation }, data: { generation: { increment: 1 } } };
  if ((await transaction.event.updateMany(raise)).count === 0) return undefined;
  await refundAll('clear', eventId, transaction);
  await keepBookingChanges(eventId, transaction);
  await noteEvent('event.cleared', eventId, transaction);
  // Bookings before their seats, in the order in which the expiry of holds locks them.
  const { count: bookings } = await transaction.booking.deleteMany({ where: { eventId } });
  const { count: seats } = await transaction.seat.deleteMany({ where: { eventId } });
  await transaction.bookingChange.deleteMany({ where: { eventId } });
  await transaction.buyer.deleteMany({ where: { eventId } });
  await transaction.seatRelease.deleteMany({ where: { eventId } });
  return { bookings, seats };
}

/** The columns of settings. Prisma tells a NULL of the database (DbNull) from the JSON value null. */
const columnsOf = <Fields extends Omit<EventChange, keyof HouseChange>>({ rings, ...fields }: Fields) =>
  defined({ ...fields, rings: rings === null ? Prisma.DbNull : rings });

/** Removes fields that are undefined: Prisma's types do not accept them. */
const defined = <Fields extends object>(fields: Fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Fields]: Exclude<Fields[Name], undefined>;
  };
