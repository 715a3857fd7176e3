import { buildHouse, type House, withSettings } from '../../domain/house.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';

/** Either the pool or a transaction on it. */
export type Database = PrismaClient | Prisma.TransactionClient;

/** Reads the house of an event; undefined if there is no such event. */
export async function queryHouse(database: Database, eventId: number): Promise<House | undefined> {
  const event = await database.event.findUnique({ where: { id: eventId }, include: { zones: true, categories: true } });
  return event === null ? undefined : buildHouse(event);
}

/**
 * Reads events whose houses were read before, those that exist still. Zones, which are the most of a house, are read
 * only where its generation is another.
 */
export async function queryChanges(database: Database, known: readonly House[]): Promise<Map<number, House>> {
  const houses = new Map(known.map((house) => [house.eventId, house]));
  const events = await database.event.findMany({
    where: { id: { in: [...houses.keys()] } },
    include: { categories: true },
  });
  const current = new Map<number, House>();
  for (const event of events) {
    const house = houses.get(event.id);
    const now =
      house?.generation === event.generation ? withSettings(house, event) : await queryHouse(database, event.id);
    if (now !== undefined) current.set(event.id, now);
  }
  return current;
}

/** The seats of a zone, `zone` in the statement. */
export const zoneCapacity = Prisma.sql`coalesce(zone.capacity, zone.rows * zone.seats_per_row)`;

/** Whether an event, `event` in the statement, has ended or was cancelled. PostgreSQL's clock decides. */
export const hasEnded = Prisma.sql`
  (event.cancelled_at IS NOT NULL OR coalesce(event.ends_at <= clock_timestamp(), FALSE))`;

/** Whether an event, `event` in the statement, is on sale by PostgreSQL's clock. */
export const isOnSale = Prisma.sql`
  (NOT ${hasEnded} AND NOT event.sales_paused AND coalesce(event.on_sale_at <= clock_timestamp(), TRUE))`;
