import { expect } from '@jest/globals';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { createBook } from '../../workers/book-seats.ts';
import { createReconcile } from '../../workers/reconcile.ts';
import { SEATS, seatsRequest } from './seat-requests.ts';
import type { useSystem } from './system.ts';

const OPERATOR = { name: 'admin token', address: '127.0.0.1' };

/** Bookings of event 1 that clients were told and PostgreSQL loses, as after a failover to a standby that was late. */
export function lostBookingsIn(system: ReturnType<typeof useSystem>) {
  const hold = () => seatsRequest({ hold: true, userId: 1 });
  const book = (...requests: BookRequest[]) => createBook(system())(0, requests);
  const outcomeOf = async ({ ticketId }: BookRequest) => (await system().outcomesOf([ticketId]))[0];
  const reconcile = (minAgeMs = 0) =>
    createReconcile({ ...system(), shards: 1 })({ seatsAtOnce: 1_000, minAgeMs, equalPauseMs: 0 });
  const differences = async () => (await auditEvent(1, system())).differences;
  const inDoubt = () => system().blocks.inDoubt(1);
  const change = ({ ticketId: bookingId, userId }: BookRequest, kind: 'return' | 'cancel' | 'confirm') =>
    system().holds.change([{ ticketId: newTicketId(0), kind, bookingId, userId, by: OPERATOR }]);

  /** PostgreSQL no longer has what it has saved of a booking. */
  async function lose({ ticketId: id }: BookRequest): Promise<void> {
    await system().prisma.booking.deleteMany({ where: { id } });
    await system().prisma.seat.deleteMany({ where: { bookingId: id } });
    await system().prisma.buyer.deleteMany();
    await system().prisma.changeBatch.deleteMany({ where: { made: { has: id } } });
  }

  /** The seats as a ticket holds them of which PostgreSQL has no booking. */
  async function heldBy({ ticketId }: BookRequest): Promise<void> {
    const seats = SEATS.map((_label, at) => at + 1).map((number) => {
      return { zone: 1, row: 1, number, owner: ticketId, status: 'HELD' as const };
    });
    await system().seats.mend(1, seats);
  }

  /** An hour has passed: Redis has dropped its batches. */
  async function deleteBatches(): Promise<void> {
    for (const key of await system().redis.keys('{s0}:batch:*')) await system().redis.del(key);
  }

  /** No other buyer gets the seats, neither now nor after a wipe of Redis. */
  async function expectNotSold(): Promise<void> {
    for (const wipe of [false, true]) {
      if (wipe) {
        await system().redis.flushdb();
        await system().seats.open(1);
      }
      const other = seatsRequest();
      await book(other);
      expect(await outcomeOf(other)).toMatchObject({ status: 'rejected' });
    }
    expect(await differences()).toEqual([]);
  }

  return {
    OPERATOR,
    hold,
    book,
    outcomeOf,
    reconcile,
    differences,
    inDoubt,
    change,
    lose,
    heldBy,
    deleteBatches,
    expectNotSold,
  };
}
