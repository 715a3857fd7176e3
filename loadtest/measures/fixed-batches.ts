import { DEFAULT_EVENT } from '../../shared/contract/ids.ts';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import { writeBooked } from '../../shared/domain/outcome-text.ts';
import { newBatch } from '../../shared/domain/ticket-id.ts';
import type { Stores } from '../kit/stores.ts';

/** The house of the fixed batches: 32,000 bookings of two seats. */
export const FIXED_HOUSE = { ZONES: 50, ROWS: 20, SEATS_PER_ROW: 65 };

/** Requests in a batch. The bench's batches have about as many. */
export const BATCH_REQUESTS = 100;

/** The scripts that a booking passes, in order. */
export const STEPS = ['accept', 'claim', 'settle'] as const;
export type Step = (typeof STEPS)[number];

/** Runs one step of a batch, and measures it. */
export type Measure = <Result>(step: Step, work: () => Promise<Result>) => Promise<Result>;

/** A batch of the fixed sequence: two seats for each request, spread over zones and rows. */
function batchOf(batch: number): BookRequest[] {
  const nextId = newBatch(0);
  return Array.from({ length: BATCH_REQUESTS }, (_, i) => {
    const index = batch * BATCH_REQUESTS + i;
    const row = 1 + (Math.floor(index / FIXED_HOUSE.ZONES) % FIXED_HOUSE.ROWS);
    const wish = { zone: 1 + (index % FIXED_HOUSE.ZONES), row, count: 2 };
    return { ticketId: nextId(), eventId: DEFAULT_EVENT, wish, hold: false };
  });
}

/** Accepts, claims and settles one batch as intake and a worker do. All of its requests get their seats. */
export async function runFixedBatch({ tickets, seats }: Stores, batch: number, measure: Measure): Promise<void> {
  const requests = batchOf(batch);
  const fresh = requests.map(({ ticketId, eventId }) => ({ ticketId, kind: 'book' as const, eventId }));
  await measure('accept', () => tickets.accept(0, 'node', fresh, { maxQueued: 1_000_000, fresh: true }));
  const decisions = await measure('claim', () => seats.claim(0, requests));
  const outcomes = requests.map(({ ticketId }, i) => {
    const decision = decisions[i];
    if (decision?.kind !== 'got') throw new Error(`a claim of batch ${batch} got no seats`);
    const saved = {
      createdAt: new Date('2026-11-28T10:00:00.000Z'),
      expiresAt: null,
      prices: [5_000],
      currency: 'EUR',
    };
    return [ticketId, writeBooked({ ticketId, eventId: DEFAULT_EVENT, seats: decision.seats }, saved)] as const;
  });
  await measure('settle', () => tickets.settle(0, new Map(outcomes)));
}
