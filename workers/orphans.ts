import type { Actor } from '../shared/contract/trail.ts';
import { DOUBT_OWNER, seatOf } from '../shared/domain/house.ts';
import { shardOfEvent } from '../shared/domain/ticket-id.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { Orphan, OrphanStore } from '../shared/stores/orphan-seats.ts';
import type { BlockStore } from '../shared/stores/postgres/blocks.ts';
import type { BookingStore } from '../shared/stores/postgres/bookings.ts';
import type { SeatDifferences } from '../shared/stores/redis/seat-differences.ts';
import type { TicketStore } from '../shared/stores/redis/tickets.ts';
import type { SeatStore } from '../shared/stores/seats.ts';

const RECONCILING: Actor = { name: 'reconcile', address: 'worker' };

export type OrphanDeps = {
  seats: SeatStore;
  bookings: BookingStore;
  blocks: BlockStore;
  orphans: OrphanStore;
  tickets: Pick<TicketStore, 'claimsUnderWay'>;
  seatDifferences: SeatDifferences;
  shards: number;
  log: Logger;
};

/** An orphan with the record of that difference. */
type RecordedOrphan = Orphan & { record: string };

/** The seats of an event whose claims are under way. */
export async function seatsUnderWay(
  { tickets, shards }: Pick<OrphanDeps, 'tickets' | 'shards'>,
  eventId: number,
): Promise<Set<string>> {
  const claims = await tickets.claimsUnderWay(shardOfEvent(eventId, shards));
  return new Set(claims.flatMap((claim) => (claim.eventId === eventId ? claim.seats : [])));
}

/**
 * Frees seats of which it is certain that they are not sold, and blocks the others until an operator settles them.
 * Claims under way are read once more, then PostgreSQL: a claim that is saved in between shows there.
 *
 * @returns the number of seats that were freed, and that were blocked
 */
export async function settleOrphans(
  deps: OrphanDeps,
  eventId: number,
  found: readonly RecordedOrphan[],
): Promise<{ freed: number; doubted: number }> {
  if (found.length === 0) return { freed: 0, doubted: 0 };
  const underWay = await seatsUnderWay(deps, eventId);
  const idle = found.filter(({ label }) => !underWay.has(label));
  const { unsold, inDoubt } = await deps.orphans.judge(eventId, idle);
  // The script frees only seats whose record still stands: nothing has freed them since it was written, so no claim is
  // later than these reads.
  const freed = unsold.length > 0 ? await deps.seats.freeOrphans(eventId, unsold) : 0;
  return { freed, doubted: inDoubt.length > 0 ? await doubtSeats(deps, eventId, inDoubt) : 0 };
}

/**
 * Blocks seats as in doubt, in PostgreSQL, then in Redis. Their records are read with the generation of the house:
 * while they stand, the house was not restored, so a clear in between has raised the generation in PostgreSQL, and
 * nothing is blocked.
 */
async function doubtSeats(deps: OrphanDeps, eventId: number, found: readonly RecordedOrphan[]): Promise<number> {
  const { seatDifferences, orphans, seats, log } = deps;
  const labels = found.map(({ label }) => label);
  const house = await seatDifferences.readInHouse(eventId, labels);
  if (house === undefined) return 0;
  const standing = found.filter(({ record }, i) => house.records[i] === record);
  const blocked = await orphans.block(eventId, house.generation, standing, RECONCILING);
  if (blocked.length === 0) return 0;
  log.error({ eventId, seats: blocked }, 'seats without a booking in PostgreSQL are in doubt: blocked');
  const owned = blocked.map((label) => ({ ...seatOf(label), owner: DOUBT_OWNER, status: 'BLOCKED' as const }));
  await seats.mend(eventId, owned);
  return blocked.length;
}
