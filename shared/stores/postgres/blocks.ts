import { BLOCK_OWNER, labelOf, seatOf } from '../../domain/house.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';

/** Thrown to roll a transaction back: buyers have these seats. */
export class SeatsTaken extends Error {
  readonly labels: string[];

  constructor(labels: string[]) {
    super('seats are taken');
    this.labels = labels;
  }
}

/** Blocked seats in PostgreSQL: they are not for sale until an operator unblocks them. */
export function createBlockStore() {
  const wanted = (labels: readonly string[]) => {
    const seats = labels.map(seatOf);
    return Prisma.sql`unnest(
      ${seats.map((seat) => seat.zone)}::int[],
      ${seats.map((seat) => seat.row)}::int[],
      ${seats.map((seat) => seat.number)}::int[]
    ) AS wanted (zone, row, number)`;
  };

  return {
    /**
     * Blocks seats, except those that are blocked already. Returns the number of newly blocked ones.
     *
     * @throws SeatsTaken if a buyer has one of them: the transaction must then be rolled back
     */
    async block(eventId: number, labels: readonly string[], transaction: Prisma.TransactionClient): Promise<number> {
      const changed = await transaction.$executeRaw`
        INSERT INTO seat (event_id, zone, row, number, status, booking_id)
        SELECT ${eventId}::int, zone, row, number, 'BLOCKED', ${BLOCK_OWNER}::uuid FROM ${wanted(labels)}
        ORDER BY zone, row, number
        ON CONFLICT DO NOTHING`;
      const taken = await transaction.$queryRaw<{ zone: number; row: number; number: number }[]>`
        SELECT zone, row, number FROM seat JOIN ${wanted(labels)} USING (zone, row, number)
        WHERE event_id = ${eventId}::int AND status <> 'BLOCKED' ORDER BY zone, row, number`;
      if (taken.length > 0) throw new SeatsTaken(taken.map(labelOf));
      return changed;
    },

    /** Unblocks seats, except those that are not blocked. Returns the number of unblocked ones. */
    unblock(eventId: number, labels: readonly string[], transaction: Prisma.TransactionClient): Promise<number> {
      return transaction.$executeRaw`
        DELETE FROM seat USING ${wanted(labels)}
        WHERE event_id = ${eventId}::int AND status = 'BLOCKED'
          AND seat.zone = wanted.zone AND seat.row = wanted.row AND seat.number = wanted.number`;
    },
  };
}

export type BlockStore = ReturnType<typeof createBlockStore>;
