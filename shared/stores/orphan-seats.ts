import { randomUUID } from 'node:crypto';
import type { Actor } from '../contract/trail.ts';
import { labelOf } from '../domain/house.ts';
import { readOutcome } from '../domain/outcome-text.ts';
import { isCertainlyUnsold, isLostHold, type SeatHolder } from '../domain/seat-doubt.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import type { BlockStore } from './postgres/blocks.ts';
import type { BookingStore } from './postgres/bookings.ts';
import type { ReleaseStore } from './postgres/releases.ts';
import type { TrailStore } from './postgres/trail.ts';
import type { TakenSeat } from './redis/seat-bitmaps.ts';
import type { TicketStore } from './redis/tickets.ts';

/** Seats in doubt that one transaction blocks: the audit trail stores all of them in one entry. */
const DOUBTS_AT_ONCE = 250;

type OrphanDeps = {
  bookings: BookingStore;
  releases: Pick<ReleaseStore, 'seatsToFree'>;
  blocks: BlockStore;
  trail: TrailStore;
  tickets: Pick<TicketStore, 'watch'>;
  shards: number;
};

/** A seat that Redis has as taken and nobody owns in PostgreSQL. */
export type Orphan = { label: string; inRedis: TakenSeat | undefined };

/** An orphan that is certainly not sold, with the ticket that held it and its user; '' where nobody knows. */
type Unsold = { ticketId: string; user: number | '' };

/** The ticket that holds a seat, and its user. */
type KnownHolder = SeatHolder & { userId: number | undefined };

/** Seats that Redis has as taken and nobody owns in PostgreSQL: which may be freed, and the others' blocks. */
export function createOrphanStore(deps: OrphanDeps) {
  return {
    /**
     * Splits orphans into those that are certainly not sold and those in doubt: a client may have been told a booking
     * of them that PostgreSQL lost. It leaves out seats that have an owner by now, and those that a release has yet to
     * free.
     */
    async judge<One extends Orphan>(
      eventId: number,
      found: readonly One[],
    ): Promise<{ unsold: (One & Unsold)[]; inDoubt: One[] }> {
      if (found.length === 0) return { unsold: [], inDoubt: [] };
      const labels = found.map(({ label }) => label);
      const owned = new Set((await deps.bookings.owners(eventId, labels)).map(labelOf));
      const toFree = await deps.releases.seatsToFree(eventId, labels);
      const orphans = found.filter(({ label }) => !owned.has(label) && !toFree.has(label));
      const holders = await readHolders(deps, eventId, orphans);
      const [unsold, inDoubt]: [(One & Unsold)[], One[]] = [[], []];
      for (const orphan of orphans) {
        const ticketId = orphan.inRedis?.holder ?? '';
        const holder = holders.get(ticketId);
        if (isCertainlyUnsold(holder ?? {}, orphan.label))
          unsold.push({ ...orphan, ticketId, user: holder?.userId ?? '' });
        else inDoubt.push(orphan);
      }
      return { unsold, inDoubt };
    },

    /** The labels of those of these held seats whose hold a client was told and PostgreSQL has lost. */
    async lostHolds(eventId: number, held: readonly Orphan[]): Promise<Set<string>> {
      const holders = await readHolders(deps, eventId, held);
      const isLost = ({ inRedis }: Orphan) => isLostHold(holders.get(inRedis?.holder ?? '') ?? {});
      return new Set(held.filter(isLost).map(({ label }) => label));
    },

    /**
     * Blocks seats as in doubt in PostgreSQL, with entries of the audit trail, unless the event has another generation.
     *
     * @returns the labels of the blocked seats
     */
    async block(eventId: number, generation: number, orphans: readonly Orphan[], by: Actor): Promise<string[]> {
      const blocked: string[] = [];
      for (let from = 0; from < orphans.length; from += DOUBTS_AT_ONCE)
        blocked.push(...(await blockSome(deps, eventId, generation, orphans.slice(from, from + DOUBTS_AT_ONCE), by)));
      return blocked;
    },
  };
}

export type OrphanStore = ReturnType<typeof createOrphanStore>;

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
  const takers = await bookings.findTakers(ids.filter((id) => !recorded.has(id)));
  return new Map(
    ids.map((id, i) => {
      const { outcome, userId } = known[i] ?? {};
      const result = recorded.get(id);
      const holder: KnownHolder = {
        userId,
        outcome: outcome === undefined ? undefined : readOutcome(id, outcome),
        // `mismatch` is for requests with keys.
        recorded: typeof result === 'object' ? [result.booking] : result === 'failed' ? result : takers.get(id),
      };
      return [id, holder];
    }),
  );
}

async function blockSome(
  { trail, blocks }: OrphanDeps,
  eventId: number,
  generation: number,
  orphans: readonly Orphan[],
  by: Actor,
): Promise<string[]> {
  const statuses = new Map(orphans.map(({ label, inRedis }) => [label, [inRedis?.status, inRedis?.holder]]));
  const act = { id: `doubt:${randomUUID()}`, act: 'doubtSeats', by, eventId } as const;
  const done = await trail.once(act, async (transaction) => {
    const blocked = await blocks.doubt(eventId, generation, [...statuses.keys()], transaction);
    if (blocked.length === 0) return undefined;
    const before = Object.fromEntries(blocked.map((label) => [label, statuses.get(label)]));
    return { before, after: { seats: blocked } };
  });
  return done?.seats ?? [];
}
