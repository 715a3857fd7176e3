import type { RowPlan } from '../../contract/houses.ts';
import { labelInRow } from '../../domain/describe-seat.ts';
import { BLOCK_OWNER, DOUBT_OWNER, labelOf, type Seat, seatOf } from '../../domain/house.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { noteChange } from './changes.ts';

/** Thrown to roll a transaction back: buyers have these seats. */
export class SeatsTaken extends Error {
  readonly labels: string[];

  constructor(labels: string[]) {
    super('seats are taken');
    this.labels = labels;
  }
}

/** Seats as the table `wanted` of a statement. */
export const wantedSeats = (labels: readonly string[]) => {
  const seats = labels.map(seatOf);
  return Prisma.sql`unnest(
    ${seats.map((seat) => seat.zone)}::int[],
    ${seats.map((seat) => seat.row)}::int[],
    ${seats.map((seat) => seat.number)}::int[]
  ) AS wanted (zone, row, number)`;
};

/** Deletes blocks of one owner on these seats. Returns their labels. */
export async function deleteBlocks(
  owner: typeof BLOCK_OWNER | typeof DOUBT_OWNER,
  eventId: number,
  labels: readonly string[],
  transaction: Prisma.TransactionClient,
): Promise<string[]> {
  const seats = await transaction.$queryRaw<Seat[]>`
    DELETE FROM seat USING ${wantedSeats(labels)}
    WHERE event_id = ${eventId}::int AND booking_id = ${owner}::uuid
      AND seat.zone = wanted.zone AND seat.row = wanted.row AND seat.number = wanted.number
    RETURNING seat.zone, seat.row, seat.number`;
  return seats.map(labelOf);
}

/** The printed labels of seats, by their ids. It reads their rows alone: a house may have 200,000. */
async function readLabels(
  eventId: number,
  ids: readonly string[],
  transaction: Prisma.TransactionClient,
): Promise<Record<string, string> | undefined> {
  const rows = await transaction.$queryRaw<{ zone: number; row: number; plan: RowPlan | null }[]>`
    SELECT wanted.zone, wanted.row, zone.plan -> (wanted.row - 1) AS plan
    FROM (SELECT DISTINCT zone, row FROM ${wantedSeats(ids)}) AS wanted
    JOIN zone ON zone.event_id = ${eventId}::int AND zone.number = wanted.zone AND zone.plan IS NOT NULL`;
  const plans = new Map(rows.map(({ zone, row, plan }) => [`${zone}-${row}`, plan ?? undefined]));
  const labels = ids.flatMap((id) => {
    const { zone, row, number } = seatOf(id);
    const label = labelInRow(plans.get(`${zone}-${row}`), number);
    return label === undefined ? [] : [[id, label] as const];
  });
  return labels.length === 0 ? undefined : Object.fromEntries(labels);
}

/** Notes in the feed that seats were blocked or unblocked, where there are any. */
export async function noteSeats(
  type: 'seats.blocked' | 'seats.unblocked',
  eventId: number,
  seats: string[],
  transaction: Prisma.TransactionClient,
  doubt: { inDoubt?: true } = {},
): Promise<void> {
  if (seats.length === 0) return;
  const labels = await readLabels(eventId, seats, transaction);
  await noteChange(transaction, type, eventId, { seats, ...(labels && { labels }), ...doubt });
}

/** Blocked seats in PostgreSQL: they are not for sale until an operator unblocks them. */
export function createBlockStore({ prisma }: { prisma: PrismaClient }) {
  return {
    /**
     * Blocks seats, except those that are blocked already. Returns the number of newly blocked ones.
     *
     * @throws SeatsTaken if a buyer has one of them: the transaction must then be rolled back
     */
    async block(eventId: number, labels: readonly string[], transaction: Prisma.TransactionClient): Promise<number> {
      const blocked = await transaction.$queryRaw<Seat[]>`
        INSERT INTO seat (event_id, zone, row, number, status, booking_id)
        SELECT ${eventId}::int, zone, row, number, 'BLOCKED', ${BLOCK_OWNER}::uuid FROM ${wantedSeats(labels)}
        ORDER BY zone, row, number
        ON CONFLICT DO NOTHING
        RETURNING zone, row, number`;
      const taken = await transaction.$queryRaw<{ zone: number; row: number; number: number }[]>`
        SELECT zone, row, number FROM seat JOIN ${wantedSeats(labels)} USING (zone, row, number)
        WHERE event_id = ${eventId}::int AND status <> 'BLOCKED' ORDER BY zone, row, number`;
      if (taken.length > 0) throw new SeatsTaken(taken.map(labelOf));
      await noteSeats('seats.blocked', eventId, blocked.map(labelOf), transaction);
      return blocked.length;
    },

    /** Unblocks those of these seats that an operator has blocked, not those in doubt. Returns their number. */
    async unblock(eventId: number, labels: readonly string[], transaction: Prisma.TransactionClient): Promise<number> {
      const unblocked = await deleteBlocks(BLOCK_OWNER, eventId, labels, transaction);
      await noteSeats('seats.unblocked', eventId, unblocked, transaction);
      return unblocked.length;
    },

    /**
     * Blocks seats as in doubt, except those that have an owner by now, and only in this generation of the event: a
     * clear has freed all of them. Returns the blocked ones.
     */
    async doubt(
      eventId: number,
      generation: number,
      labels: readonly string[],
      transaction: Prisma.TransactionClient,
    ): Promise<string[]> {
      const seats = await transaction.$queryRaw<Seat[]>`
        WITH event_now AS MATERIALIZED (
          SELECT id FROM event WHERE id = ${eventId}::int AND generation = ${generation}::int FOR KEY SHARE
        )
        INSERT INTO seat (event_id, zone, row, number, status, booking_id)
        SELECT event_now.id, zone, row, number, 'BLOCKED', ${DOUBT_OWNER}::uuid FROM event_now, ${wantedSeats(labels)}
        ORDER BY zone, row, number
        ON CONFLICT DO NOTHING
        RETURNING zone, row, number`;
      await noteSeats('seats.blocked', eventId, seats.map(labelOf), transaction, { inDoubt: true });
      return seats.map(labelOf);
    },

    /** Deletes the blocks of those of these seats that are in doubt. Returns their labels. */
    async settle(eventId: number, labels: readonly string[], transaction: Prisma.TransactionClient): Promise<string[]> {
      const settled = await deleteBlocks(DOUBT_OWNER, eventId, labels, transaction);
      await noteSeats('seats.unblocked', eventId, settled, transaction);
      return settled;
    },

    /** The labels of an event's seats in doubt, in order. */
    async inDoubt(eventId: number): Promise<string[]> {
      const seats = await prisma.$queryRaw<Seat[]>`
        SELECT zone, row, number FROM seat
        WHERE event_id = ${eventId}::int AND booking_id = ${DOUBT_OWNER}::uuid ORDER BY zone, row, number`;
      return seats.map(labelOf);
    },
  };
}

export type BlockStore = ReturnType<typeof createBlockStore>;
