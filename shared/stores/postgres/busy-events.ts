import type { PrismaClient } from '../../platform/prisma.ts';
import { hasEnded } from './event-rows.ts';

/** The newest rows of the feed among which an event's changes are counted, and for how many minutes they count. */
const RECENT_ROWS = 500;
const RECENT_MINUTES = 10;

/** People who wait for an event. */
export type Waiting = { eventId: number; waiting: number };

/** An event as operators see it in a list. */
export type OperatorsEvent = Awaited<ReturnType<typeof readEvents>>[number] & { recentChanges: number };

/** Events by how busy they are, and searched, for operators. */
export const createBusyEvents = ({ prisma }: { prisma: PrismaClient }) => ({
  /**
   * The busiest events that have not ended, and how many there are in all. Busy: people who wait, and changes of its
   * bookings among the newest rows of the feed within ten minutes. Equally busy: the newest first.
   */
  async busiest(lines: readonly Waiting[], limit: number): Promise<{ events: OperatorsEvent[]; total: number }> {
    const ranked = await prisma.$queryRaw<{ id: number; changes: number; total: number }[]>`
      WITH recent AS (
        SELECT event_id, sum(count)::int AS changes
        FROM (SELECT event_id, count, type, at FROM change_batch ORDER BY id DESC LIMIT ${RECENT_ROWS}) AS newest
        WHERE type LIKE 'booking.%' AND at > clock_timestamp() - make_interval(mins => ${RECENT_MINUTES}::int)
        GROUP BY event_id
      ), line AS (
        SELECT * FROM unnest(
          ${lines.map(({ eventId }) => eventId)}::int[], ${lines.map(({ waiting }) => waiting)}::int[]
        ) AS line (event_id, waiting)
      )
      SELECT event.id, coalesce(changes, 0) AS changes, (count(*) OVER ())::int AS total
      FROM event LEFT JOIN recent ON recent.event_id = event.id LEFT JOIN line ON line.event_id = event.id
      WHERE NOT ${hasEnded}
      ORDER BY coalesce(changes, 0) + coalesce(waiting, 0) DESC, event.id DESC LIMIT ${limit}`;
    return { events: await inOrder(prisma, ranked), total: ranked[0]?.total ?? 0 };
  },

  /** Events with this number, or this text in their names: those that have not ended first, then the newest. */
  async find(text: string, limit: number): Promise<OperatorsEvent[]> {
    const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
    const found = await prisma.$queryRaw<{ id: number; changes: number }[]>`
      SELECT id, 0 AS changes FROM event WHERE id::text = ${text} OR name ILIKE ${pattern}
      ORDER BY id::text = ${text} DESC, ${hasEnded}, id DESC LIMIT ${limit}`;
    return inOrder(prisma, found);
  },
});

export type BusyEvents = ReturnType<typeof createBusyEvents>;

async function inOrder(
  prisma: PrismaClient,
  ranked: readonly { id: number; changes: number }[],
): Promise<OperatorsEvent[]> {
  const rows = await readEvents(
    prisma,
    ranked.map(({ id }) => id),
  );
  return ranked.flatMap(({ id, changes: recentChanges }) => {
    const row = rows.find((one) => one.id === id);
    return row === undefined ? [] : [{ ...row, recentChanges }]; // it was deleted meanwhile
  });
}

const readEvents = (prisma: PrismaClient, ids: number[]) =>
  prisma.event.findMany({
    where: { id: { in: ids } },
    select: {
      id: true,
      name: true,
      onSaleAt: true,
      endsAt: true,
      cancelledAt: true,
      salesPaused: true,
      waitingRoom: { select: { mode: true, paused: true, peoplePerMinute: true, challenge: true } },
    },
  });
