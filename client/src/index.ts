import { type ClientOptions, createCore } from './core.ts';
import { createSeats, type LiveSeats } from './seats.ts';

export type { BookOptions, ChangeOptions } from './bookings.ts';
export type * from './contract.ts';
export type { ClientOptions } from './core.ts';
export { type Code, FrontrowError, type ProblemFields } from './error.ts';
export type { SeatChanges, SeatSink } from './seat-map.ts';
export type { LiveSeats } from './seats.ts';
export type { ClientStorage } from './storage.ts';
export type { FollowOptions, OutcomeOptions, Ticket } from './tickets.ts';
export { type Answer, type Method, type RequestOptions, type RetryOptions, randomKey } from './transport.ts';
export type { VisitOptions, WaitingRoom } from './waiting-room.ts';
export type { SeatsConnection, SeatsWatcher } from './watch-seats.ts';

/**
 * A client of one Frontrow API, for browsers and Node. Requests are repeated until there is an answer, under their
 * idempotency key and never before the server permits it.
 */
export function createClient(options: ClientOptions) {
  const core = createCore(options);
  return {
    ...core,
    /** The seats of an event as they change. */
    seats: (eventId: number): LiveSeats => createSeats(core, eventId),
  };
}

export type FrontrowClient = ReturnType<typeof createClient>;
