import type { AcceptedEvent, EventChange, EventSettings } from '../../contract/events.ts';
import { createGroupCommit } from '../../domain/group-commit.ts';
import { buildHouse, type House } from '../../domain/house.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';

/** What a seat of the default event costs, in cents. */
const DEFAULT_PRICE = 5_000;

/** Numbers that are compared with the newest event's by one statement, and that may wait for it. */
const MAX_COMPARED = 10_000;
const MAX_WAITING = 100_000;

/** The fields of an event in a list. */
export type ListedEvent = Pick<House, 'eventId' | 'settings' | 'currency' | 'createdAt' | 'totalSeats'>;

/** Either the pool or a transaction on it. */
export type Database = PrismaClient | Prisma.TransactionClient;

/** Events and their houses in PostgreSQL. */
export function createEventStore({ prisma }: { prisma: PrismaClient }) {
  const known = new Map<number, { house: House; readAtMs: number }>();
  // Clients can make up numbers. One statement at a time checks all that are beyond the newest event.
  const mayExist = createGroupCommit<number, boolean>({
    async flush(ids) {
      const [newest] = await prisma.$queryRaw<{ id: number }[]>`SELECT coalesce(max(id), 0) AS id FROM event`;
      return ids.map((id) => id <= (newest?.id ?? 0));
    },
    maxItems: MAX_COMPARED,
    maxWaiting: MAX_WAITING,
  });

  return {
    /** The house of an event as it is now, or undefined if there is no such event. */
    async readHouse(eventId: number, database: Database = prisma): Promise<House | undefined> {
      const event = await database.event.findUnique({ where: { id: eventId }, include: { zones: true } });
      if (event === null) return undefined;
      const house = buildHouse(event);
      known.set(eventId, { house, readAtMs: performance.now() });
      return house;
    },

    /**
     * The house of an event without a round trip where it was read before. Its zones never change; how it is sold may have
     * changed since: an entry older than `maxAgeMs` is read again.
     */
    async layout(eventId: number, maxAgeMs = Number.POSITIVE_INFINITY): Promise<House | undefined> {
      const { house, readAtMs } = known.get(eventId) ?? { house: undefined, readAtMs: 0 };
      if (house !== undefined && performance.now() - readAtMs <= maxAgeMs) return house;
      return house !== undefined || (await mayExist.add(eventId)) ? this.readHouse(eventId) : undefined;
    },

    /** The numbers of all events. */
    async ids(): Promise<number[]> {
      return (await prisma.event.findMany({ select: { id: true }, orderBy: { id: 'asc' } })).map(({ id }) => id);
    },

    /** The newest events, the newest first, and how each is sold and its waiting room is set. */
    newest: (limit: number) =>
      prisma.event.findMany({
        select: {
          id: true,
          name: true,
          salesPaused: true,
          waitingRoom: { select: { mode: true, paused: true, peoplePerMinute: true, challenge: true } },
        },
        orderBy: { id: 'desc' },
        take: limit,
      }),

    /** Creates an event with zones of one size, unless it is there. Answers the house that there is. */
    async ensure(
      eventId: number,
      name: string,
      size: { zones: number; rows: number; seatsPerRow: number },
    ): Promise<House> {
      const { zones, rows, seatsPerRow } = size;
      await prisma.$transaction([
        prisma.event.createMany({ data: { id: eventId, name }, skipDuplicates: true }),
        // Only for an event that has none yet: an older house keeps the size it was created with.
        prisma.$executeRaw`
          INSERT INTO zone (event_id, number, rows, seats_per_row, price)
          SELECT ${eventId}::int, n, ${rows}::int, ${seatsPerRow}::int, ${DEFAULT_PRICE}::int FROM generate_series(1, ${zones}::int) AS n
          WHERE NOT EXISTS (SELECT 1 FROM zone WHERE event_id = ${eventId}::int)
          ON CONFLICT DO NOTHING`,
      ]);
      const house = await this.readHouse(eventId);
      if (house === undefined) throw new Error(`event ${eventId} was created and is not there`);
      return house;
    },

    /**
     * A page of events by number, after the given one, with `limit` events or fewer. Their zones, up to 2,000 each, are
     * only summed up.
     */
    async list(after: number, limit: number): Promise<ListedEvent[]> {
      const events = await prisma.event.findMany({
        where: { id: { gt: after } },
        orderBy: { id: 'asc' },
        take: limit,
      });
      const sums = await prisma.$queryRaw<{ eventId: number; totalSeats: number }[]>`
        SELECT event_id AS "eventId", sum(rows * seats_per_row)::int AS "totalSeats"
        FROM zone
        WHERE event_id = ANY(${events.map(({ id }) => id)}::int[])
        GROUP BY event_id`;
      const seats = new Map(sums.map(({ eventId, totalSeats }) => [eventId, totalSeats]));
      return events.map((event) => {
        const { eventId, settings, currency, createdAt } = buildHouse({ ...event, zones: [] });
        return { eventId, settings, currency, createdAt, totalSeats: seats.get(eventId) ?? 0 };
      });
    },

    /** A number that no event has had. */
    async nextId(): Promise<number> {
      const [row] = await prisma.$queryRaw<{ id: number }[]>`SELECT nextval('event_id_seq')::int AS id`;
      if (row === undefined) throw new Error('the sequence of events has no number');
      return row.id;
    },

    /** Creates an event under a number from `nextId`, unless it is there: a job that runs twice creates one. */
    async create(eventId: number, { zones, ...settings }: AcceptedEvent, database: Database = prisma): Promise<void> {
      const rows = zones.map((zone, i) => ({ eventId, number: i + 1, ...zone }));
      await database.event.createMany({ data: { id: eventId, ...columnsOf(settings) }, skipDuplicates: true });
      await database.zone.createMany({ data: rows, skipDuplicates: true });
    },

    /** Changes how an event is sold. Returns the old values of the changed settings. */
    async change(
      eventId: number,
      change: EventChange,
      transaction: Prisma.TransactionClient,
    ): Promise<Partial<EventSettings>> {
      await transaction.$executeRaw`SELECT id FROM event WHERE id = ${eventId}::int FOR NO KEY UPDATE`;
      const settings: Partial<EventSettings> = (await this.readHouse(eventId, transaction))?.settings ?? {};
      await transaction.event.updateMany({ where: { id: eventId }, data: columnsOf(change) });
      return Object.fromEntries(Object.entries(settings).filter(([name]) => Object.hasOwn(change, name)));
    },

    /**
     * Deletes every booking and seat of an event and raises its generation, so that work in flight cannot be saved. Only
     * where the event still is in this generation: a clear that comes again must not delete what was sold since.
     *
     * @returns how many were deleted; undefined where the generation has ended before
     */
    async clear(
      eventId: number,
      generation: number,
      transaction: Prisma.TransactionClient,
    ): Promise<{ bookings: number; seats: number } | undefined> {
      // It waits for saves under way, and they for it; the statements after it see the saved rows.
      await transaction.$executeRaw`SELECT id FROM event WHERE id = ${eventId}::int FOR UPDATE`;
      const raise = { where: { id: eventId, generation }, data: { generation: { increment: 1 } } };
      if ((await transaction.event.updateMany(raise)).count === 0) return undefined;
      const { count: seats } = await transaction.seat.deleteMany({ where: { eventId } });
      const { count: bookings } = await transaction.booking.deleteMany({ where: { eventId } });
      await transaction.buyer.deleteMany({ where: { eventId } });
      return { bookings, seats };
    },
  };
}

/** JSON that is not there is a null of the database, and not the JSON value null. */
const columnsOf = <Fields extends Omit<EventChange, 'zones'>>({ rings, ...fields }: Fields) =>
  defined({ ...fields, rings: rings === null ? Prisma.DbNull : rings });

/** Without the fields that are undefined, which Prisma's types tell apart from those that are not there. */
const defined = <Fields extends object>(fields: Fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Fields]: Exclude<Fields[Name], undefined>;
  };

export type EventStore = ReturnType<typeof createEventStore>;
