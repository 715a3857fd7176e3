import type { BookRequest } from '../../shared/contract/jobs.ts';
import type { ClaimedHolding } from '../../shared/domain/holdings.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import type { SeatStore } from '../../shared/stores/seats.ts';

/** The seats that each of these requests wishes: two at the beginning of row 1. */
export const SEATS = ['1-1-1', '1-1-2'];

export const seatsRequest = (fields: Partial<BookRequest> = {}): BookRequest => ({
  ticketId: newTicketId(0),
  eventId: 1,
  wish: { zone: 1, row: 1, start: 0, count: SEATS.length },
  hold: false,
  ...fields,
});

/** A request that was claimed by a worker which has not saved it. */
export async function claimSeats(
  seats: SeatStore,
  fields: Partial<BookRequest> = {},
): Promise<{ one: BookRequest; claim: ClaimedHolding }> {
  const one = seatsRequest(fields);
  const [decision] = await seats.claim(0, [one]);
  if (decision?.kind !== 'got') throw new Error('not claimed');
  return { one, claim: { ...one, generation: decision.generation, seats: decision.seats } };
}
