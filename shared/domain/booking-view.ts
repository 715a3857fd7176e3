import type { Booking } from '../contract/tickets.ts';
import { itemsOf, type Prices } from './booking-items.ts';
import { runOf, runsOf } from './house.ts';

/** A booking in the form that every API shows. */
export function bookingView(
  facts: Prices & {
    id: string;
    eventId: number;
    userId: number | null;
    status: Booking['status'];
    seats: string[];
    createdAt: Date;
    expiresAt: Date | null;
    reference: string | null;
    /** The object that was validated when the request was accepted. */
    metadata: unknown;
    /** JSON of its seats' details (`BookingDetails`). Null, and absent where they have none. */
    details?: unknown;
    /** Null, and absent at its creation: no order has paid for it. */
    orderId?: string | null;
  },
): Booking {
  const { id, eventId, userId, status, seats, createdAt, expiresAt, reference, metadata } = facts;
  return {
    id,
    eventId,
    ...(userId === null ? {} : { userId }),
    status,
    ...(runOf(seats) ?? { runs: runsOf(seats) }),
    seatsCount: seats.length,
    seats,
    ...itemsOf(seats, facts),
    ...(reference === null ? {} : { reference }),
    ...(facts.orderId ? { orderId: facts.orderId } : {}),
    ...(metadata === null ? {} : { metadata: metadata as NonNullable<Booking['metadata']> }),
    createdAt: createdAt.toISOString(),
    ...(expiresAt === null ? {} : { expiresAt: expiresAt.toISOString() }),
  };
}
