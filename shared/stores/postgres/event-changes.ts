import type { ChangeType } from '../../contract/changes.ts';
import type { EventChange, EventSettings } from '../../contract/events.ts';
import { eventSummaryAt } from '../../domain/event-summary.ts';
import { sharedNowMs } from '../../platform/clock.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { noteChange } from './changes.ts';
import { type Database, hasEnded, isOnSale, queryHouse, zoneCapacity } from './event-rows.ts';

type EventChangeType = ChangeType & `event.${string}`;

/** Writes what happened to an event, with the event as it is now, into the feed. */
export async function noteEvent(type: EventChangeType, eventId: number, database: Database): Promise<void> {
  const house = await queryHouse(database, eventId);
  if (house === undefined) throw new Error(`event ${eventId} cannot be read`);
  await noteChange(database, type, eventId, { event: eventSummaryAt(sharedNowMs(), house) });
}

/** The changes of the feed that a change of settings is: pausing the sales is one of its own. */
export function changeTypesOf(before: Partial<EventSettings>, change: EventChange): EventChangeType[] {
  const changed = Object.entries(change).filter(
    ([name, value]) => JSON.stringify(before[name as keyof EventSettings]) !== JSON.stringify(value),
  );
  const isPause = ([name, value]: [string, unknown]) => name === 'salesPaused' && value === true;
  return [
    ...(changed.some((one) => !isPause(one)) ? (['event.changed'] as const) : []),
    ...(changed.some(isPause) ? (['event.paused'] as const) : []),
  ];
}

/** Whether an event has gone on sale and the feed does not say so. */
export async function isAnyToOpen(prisma: PrismaClient): Promise<boolean> {
  const [row] = await prisma.$queryRaw<{ isAny: boolean }[]>`
    SELECT EXISTS (SELECT FROM event WHERE opened_at IS NULL AND ${isOnSale}) AS "isAny"`;
  return row?.isAny ?? true;
}

/** Notes the events that went on sale, each once: at their time, or as an operator ended a pause. */
export async function noteOpened(prisma: PrismaClient): Promise<void> {
  await prisma.$transaction(async (transaction) => {
    const rows = await transaction.$queryRaw<{ id: number }[]>`
      UPDATE event SET opened_at = clock_timestamp() WHERE opened_at IS NULL AND ${isOnSale} RETURNING id`;
    for (const { id } of rows) await noteEvent('event.on_sale', id, transaction);
  });
}

/**
 * The running events of which something changed since a time, in milliseconds since 1970, as far as the feed has
 * numbers.
 */
export async function readChangedSince(prisma: PrismaClient, sinceMs: number): Promise<number[]> {
  const rows = await prisma.$queryRaw<{ id: number }[]>`
    SELECT id FROM event WHERE NOT ${hasEnded} AND id IN (
      SELECT event_id FROM change_batch WHERE number IS NOT NULL AND at >= ${new Date(sinceMs)}::timestamptz)`;
  return rows.map(({ id }) => id);
}

/** Notes that an event is sold out, once until seats become free: all its seats are sold or blocked. */
export async function noteSoldOut(prisma: PrismaClient, eventId: number): Promise<void> {
  await prisma.$transaction(async (transaction) => {
    const count = await transaction.$executeRaw`
      UPDATE event SET sold_out_at = clock_timestamp()
      WHERE id = ${eventId}::int AND sold_out_at IS NULL AND (
        SELECT count(*) FROM seat WHERE seat.event_id = event.id AND seat.status IN ('SOLD', 'BLOCKED')
      ) = (SELECT sum(${zoneCapacity}) FROM zone WHERE zone.event_id = event.id)`;
    if (count > 0) await noteEvent('event.sold_out', eventId, transaction);
  });
}

/** Records that an event has seats to sell again: it may be sold out once more. */
export async function noteSeatsLeft(prisma: PrismaClient, eventId: number): Promise<void> {
  await prisma.$executeRaw`UPDATE event SET sold_out_at = NULL WHERE id = ${eventId}::int AND sold_out_at IS NOT NULL`;
}
