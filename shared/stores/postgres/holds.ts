import type { ChangeRequest } from '../../contract/jobs.ts';
import type { EndedHolding } from '../../domain/holdings.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { type ChangeDeps, changeBookings, type IsAllowed } from './change-bookings.ts';
import { freeSeats } from './seats-of-bookings.ts';

/** Seats of an ended booking that Redis has yet to free. */
export type Release = EndedHolding & { eventId: number };

/** Holds that one statement ends, and whose seats one script frees. */
const SWEEP_SIZE = 1_000;

/** Holds in PostgreSQL: changes of bookings, expiry, and the seats that Redis has yet to free. */
export const createHoldStore = (deps: ChangeDeps) => ({
  change: (requests: readonly ChangeRequest[], isAllowed: IsAllowed = () => true) =>
    changeBookings(deps, requests, isAllowed),
  expire: () => expireHolds(deps.prisma),
  readUnreleased: () => readUnreleased(deps.prisma),
  markReleased: (releases: readonly Release[]) => markReleased(deps.prisma, releases),
});

export type HoldStore = ReturnType<typeof createHoldStore>;

/** Ends holds whose time is over, the oldest first. Concurrent sweeps take different holds. Returns their number. */
async function expireHolds(prisma: PrismaClient): Promise<number> {
  const [row] = await prisma.$queryRaw<{ count: bigint }[]>`
    WITH due AS MATERIALIZED (
      SELECT id FROM booking WHERE status = 'PENDING' AND expires_at <= clock_timestamp()
      ORDER BY expires_at LIMIT ${SWEEP_SIZE} FOR UPDATE SKIP LOCKED
    ), changed AS (
      UPDATE booking SET status = 'EXPIRED' FROM due WHERE booking.id = due.id
      RETURNING booking.id, booking.event_id, booking.seats, booking.user_id
    ), ${freeSeats}
    SELECT count(*) FROM changed`;
  return Number(row?.count ?? 0);
}

/** Reads seats of ended bookings that Redis has not freed yet. */
async function readUnreleased(prisma: PrismaClient): Promise<Release[]> {
  type Row = { id: string; eventId: number; userId: number | null; seats: string[]; lapsed: boolean };
  const rows = await prisma.$queryRaw<Row[]>`
    SELECT id, event_id AS "eventId", user_id AS "userId", seats, status <> 'RETURNED' AS lapsed FROM booking
    WHERE status IN ('CANCELLED', 'EXPIRED', 'RETURNED') AND released_at IS NULL
    ORDER BY id LIMIT ${SWEEP_SIZE}`;
  return rows.map(({ id, userId, ...row }) => ({ ticketId: id, userId: userId ?? undefined, ...row }));
}

/** Records that Redis has freed these seats. */
async function markReleased(prisma: PrismaClient, releases: readonly Release[]): Promise<void> {
  const ids = releases.map((release) => release.ticketId);
  await prisma.$executeRaw`UPDATE booking SET released_at = clock_timestamp() WHERE id = ANY(${ids}::uuid[])`;
}
