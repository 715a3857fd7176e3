import { randomUUID } from 'node:crypto';
import type { Actor } from '../shared/contract/trail.ts';
import { DOUBT_OWNER, labelOf, seatOf } from '../shared/domain/house.ts';
import { readOutcome } from '../shared/domain/outcome-text.ts';
import { isCertainlyUnsold, type SeatHolder } from '../shared/domain/seat-doubt.ts';
import { shardOfEvent } from '../shared/domain/ticket-id.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { BlockStore } from '../shared/stores/postgres/blocks.ts';
import type { BookingStore } from '../shared/stores/postgres/bookings.ts';
import type { HoldStore } from '../shared/stores/postgres/holds.ts';
import type { TrailStore } from '../shared/stores/postgres/trail.ts';
import type { TakenSeat } from '../shared/stores/redis/seat-bitmaps.ts';
import type { SeatDifferences } from '../shared/stores/redis/seat-differences.ts';
import type { TicketStore } from '../shared/stores/redis/tickets.ts';
import type { SeatStore } from '../shared/stores/seats.ts';

/** Seats in doubt that one transaction blocks: the audit trail stores all of them in one entry. */
const DOUBTS_AT_ONCE = 250;

const RECONCILING: Actor = { name: 'reconcile', address: 'worker' };

export type OrphanDeps = {
  seats: SeatStore;
  bookings: BookingStore;
  blocks: BlockStore;
  holds: HoldStore;
  trail: TrailStore;
  tickets: Pick<TicketStore, 'watch' | 'claimsUnderWay'>;
  seatDifferences: SeatDifferences;
  shards: number;
  log: Logger;
};

/** A seat that Redis has as taken and nobody owns in PostgreSQL, with the record of that difference. */
export type Orphan = { label: string; record: string; inRedis: TakenSeat | undefined };

/** The ticket that holds a seat, and its user. */
type KnownHolder = SeatHolder & { userId: number | undefined };

/** The seats of an event whose claims are under way. */
export async function seatsUnderWay(
  { tickets, shards }: Pick<OrphanDeps, 'tickets' | 'shards'>,
  eventId: number,
): Promise<Set<string>> {
  const claims = await tickets.claimsUnderWay(shardOfEvent(eventId, shards));
  return new Set(claims.flatMap((claim) => (claim.eventId === eventId ? claim.seats : [])));
}

/**
 * Frees seats of which it is certain that they are not sold, and blocks the others until an operator settles them: a
 * client may have been told a booking of them that PostgreSQL lost. Claims under way are read once more, then
 * PostgreSQL: a claim that is saved in between shows there. A booking that ended and has yet to free its seats frees
 * them itself.
 *
 * @returns the number of seats that were freed, and that were blocked
 */
export async function settleOrphans(
  deps: OrphanDeps,
  eventId: number,
  found: readonly Orphan[],
): Promise<{ freed: number; doubted: number }> {
  if (found.length === 0) return { freed: 0, doubted: 0 };
  const labels = found.map(({ label }) => label);
  const underWay = await seatsUnderWay(deps, eventId);
  const owned = new Set((await deps.bookings.owners(eventId, labels)).map(labelOf));
  const unreleased = await deps.holds.unreleasedSeats(eventId, labels);
  const orphans = found.filter(({ label }) => !underWay.has(label) && !owned.has(label) && !unreleased.has(label));
  const holders = await readHolders(deps, eventId, orphans);
  const holderOf = ({ inRedis }: Orphan) => holders.get(inRedis?.holder ?? '');
  const isUnsold = (orphan: Orphan) => isCertainlyUnsold(holderOf(orphan) ?? {});
  const unsold = orphans.filter(isUnsold).map((orphan) => {
    const { label, record, inRedis } = orphan;
    return { label, record, ticketId: inRedis?.holder ?? '', user: holderOf(orphan)?.userId ?? '' };
  });
  const inDoubt = orphans.filter((orphan) => !isUnsold(orphan));
  // The script frees only seats whose record still stands: nothing has freed them since it was written, so no claim is
  // later than these reads.
  const freed = unsold.length > 0 ? await deps.seats.freeOrphans(eventId, unsold) : 0;
  let doubted = 0;
  for (let from = 0; from < inDoubt.length; from += DOUBTS_AT_ONCE)
    doubted += await doubtSeats(deps, eventId, inDoubt.slice(from, from + DOUBTS_AT_ONCE));
  return { freed, doubted };
}

/** The tickets that hold these seats, as Redis and PostgreSQL know them. */
async function readHolders(
  { tickets, bookings, shards }: OrphanDeps,
  eventId: number,
  orphans: readonly Orphan[],
): Promise<Map<string, KnownHolder>> {
  const ids = [...new Set(orphans.flatMap(({ inRedis }) => inRedis?.holder ?? []))];
  if (ids.length === 0) return new Map();
  const { tickets: known } = await tickets.watch(shardOfEvent(eventId, shards), '', ids);
  const recorded = await bookings.findRecordedResults(ids.map((ticketId) => ({ ticketId, eventId })));
  return new Map(
    ids.map((id, i) => {
      const { outcome, userId } = known[i] ?? {};
      const result = recorded.get(id);
      const holder: KnownHolder = {
        userId,
        outcome: outcome === undefined ? undefined : readOutcome(id, outcome),
        recorded: result === 'mismatch' ? undefined : result, // only a request with a key has it
      };
      return [id, holder];
    }),
  );
}

/**
 * Blocks seats as in doubt, in PostgreSQL with an entry of the audit trail, then in Redis. Their records are read with
 * the generation of the house: while they stand, the house was not restored, so a clear in between has raised the
 * generation in PostgreSQL, and nothing is blocked.
 */
async function doubtSeats(deps: OrphanDeps, eventId: number, orphans: readonly Orphan[]): Promise<number> {
  const { seatDifferences, trail, blocks, seats, log } = deps;
  const labels = orphans.map(({ label }) => label);
  const house = await seatDifferences.readInHouse(eventId, labels);
  if (house === undefined) return 0;
  const standing = orphans.filter(({ record }, i) => house.records[i] === record);
  const statuses = new Map(standing.map(({ label, inRedis }) => [label, [inRedis?.status, inRedis?.holder]]));
  const act = { id: `doubt:${randomUUID()}`, act: 'doubtSeats', by: RECONCILING, eventId } as const;
  const done = await trail.once(act, async (transaction) => {
    const blocked = await blocks.doubt(eventId, house.generation, [...statuses.keys()], transaction);
    if (blocked.length === 0) return undefined;
    const before = Object.fromEntries(blocked.map((label) => [label, statuses.get(label)]));
    return { before, after: { seats: blocked } };
  });
  if (done === undefined) return 0;
  log.error({ eventId, seats: done.seats }, 'seats without a booking in PostgreSQL are in doubt: blocked');
  const blocked = done.seats.map((label) => {
    return { ...seatOf(label), bookingId: DOUBT_OWNER, status: 'BLOCKED' as const };
  });
  await seats.mend(eventId, blocked);
  return blocked.length;
}
