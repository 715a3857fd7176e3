import { EVENTS_IN_PROGRAMME, type ProgrammeEvent, type ProgrammePage } from '../../contract/programme.ts';
import { eventStatusAt } from '../../domain/event-status.ts';
import { sharedNowMs } from '../../platform/clock.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { hasEnded } from './event-rows.ts';

type Row = Omit<ProgrammeEvent, 'status' | 'startsAt' | 'onSaleAt'> & {
  startsAt: Date | null;
  onSaleAt: Date | null;
  endsAt: Date | null;
  salesPaused: boolean;
  cancelledAt: Date | null;
  soldOutAt: Date | null;
};

/**
 * Reads a page of the programme: events that have not ended, by their date, those without one last; then those that
 * have ended, the latest first. All of them have seats: an event without seats stands in front of a site, which
 * has pages of its own.
 */
export async function readProgramme(prisma: PrismaClient, page: number): Promise<ProgrammePage> {
  const rows = await prisma.$queryRaw<Row[]>`
    SELECT id, name, venue, time_zone AS "timeZone",
      starts_at AS "startsAt", on_sale_at AS "onSaleAt", ends_at AS "endsAt",
      sales_paused AS "salesPaused", cancelled_at AS "cancelledAt", sold_out_at AS "soldOutAt", currency,
      coalesce(prices.lowest, 0) AS "lowestPrice", coalesce(prices.highest, 0) AS "highestPrice"
    FROM (
      SELECT *, ${hasEnded} AS ended FROM event WHERE EXISTS (SELECT FROM zone WHERE event_id = event.id)
      ORDER BY ended, CASE WHEN ${hasEnded} THEN NULL ELSE starts_at END, starts_at DESC NULLS LAST, id
      LIMIT ${EVENTS_IN_PROGRAMME + 1} OFFSET ${(page - 1) * EVENTS_IN_PROGRAMME}
    ) AS listed
    LEFT JOIN LATERAL (
      SELECT min(price) AS lowest, max(price) AS highest
      FROM (SELECT price FROM zone WHERE event_id = listed.id
            UNION SELECT price FROM category WHERE event_id = listed.id) AS seats
    ) AS prices ON TRUE
    ORDER BY ended, CASE WHEN ended THEN NULL ELSE starts_at END, starts_at DESC NULLS LAST, id`;
  const nowMs = sharedNowMs();
  const events = rows.slice(0, EVENTS_IN_PROGRAMME).map((row) => programmeEventAt(nowMs, row));
  return { events, page, hasMore: rows.length > events.length };
}

function programmeEventAt(nowMs: number, row: Row): ProgrammeEvent {
  const { startsAt, onSaleAt, endsAt, salesPaused, cancelledAt, soldOutAt, ...shown } = row;
  const opens = onSaleAt?.toISOString() ?? null;
  const dates = { onSaleAt: opens, endsAt: endsAt?.toISOString() ?? null, salesPaused };
  const status = eventStatusAt(nowMs, dates, cancelledAt);
  const isSoldOut = soldOutAt !== null && (status === 'ON_SALE' || status === 'PAUSED');
  return {
    ...shown,
    startsAt: startsAt?.toISOString() ?? null,
    onSaleAt: opens,
    status: isSoldOut ? 'SOLD_OUT' : status,
  };
}
