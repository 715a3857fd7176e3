import type { Booking } from '../contract/tickets.ts';
import { runOf } from './house.ts';

/** A booking in the form that every API shows. */
export function bookingView(facts: {
  id: string;
  eventId: number;
  userId: number | null;
  status: Booking['status'];
  seats: string[];
  createdAt: Date;
  expiresAt: Date | null;
}): Booking {
  const { id, eventId, userId, status, seats, createdAt, expiresAt } = facts;
  return {
    id,
    eventId,
    ...(userId === null ? {} : { userId }),
    status,
    ...runOf(seats),
    seatsCount: seats.length,
    seats,
    createdAt: createdAt.toISOString(),
    ...(expiresAt === null ? {} : { expiresAt: expiresAt.toISOString() }),
  };
}
