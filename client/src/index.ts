import { createBookings } from './bookings.ts';
import { createConnection } from './connection.ts';
import type { Admission, EventView } from './contract.ts';
import { createSeats, type LiveSeats } from './seats.ts';
import { type ClientStorage, memoryStorage } from './storage.ts';
import type { FollowOptions } from './tickets.ts';
import { createTransport, type TransportOptions } from './transport.ts';
import { admissionOf, createWaitingRoom, storedAdmission, type WaitingRoom } from './waiting-room.ts';
import { type SeatsWatcher, watchSeats } from './watch-seats.ts';

export type { BookOptions, ChangeOptions } from './bookings.ts';
export type * from './contract.ts';
export { type Code, FrontrowError, type ProblemFields } from './error.ts';
export type { SeatChanges, SeatSink } from './seat-map.ts';
export type { LiveSeats } from './seats.ts';
export type { ClientStorage } from './storage.ts';
export type { FollowOptions, OutcomeOptions, Ticket } from './tickets.ts';
export { type Answer, type Method, type RequestOptions, type RetryOptions, randomKey } from './transport.ts';
export type { VisitOptions, WaitingRoom } from './waiting-room.ts';
export type { SeatsConnection, SeatsWatcher } from './watch-seats.ts';

export type ClientOptions = TransportOptions & {
  /** Where places in line and admissions are kept, such as `localStorage`. Without it, as long as the client lives. */
  storage?: ClientStorage;
};

/**
 * A client of one Frontrow API, for browsers and Node. Requests are repeated until there is an answer, under their
 * idempotency key and never before the server permits it.
 */
export function createClient({ storage = memoryStorage(), ...options }: ClientOptions) {
  const transport = createTransport(options);
  const connection = createConnection(transport);
  const parts = { transport, connection, storage };

  return {
    /** The token in use has changed: a user has logged in. */
    authenticate: connection.authenticate,

    event: async (eventId: number, following?: FollowOptions): Promise<EventView> =>
      (await transport.request<EventView>('GET', `/api/events/${eventId}`, following)).body,

    ...createBookings(parts),

    waitingRoom: (eventId: number): WaitingRoom => createWaitingRoom({ transport, storage, eventId }),
    /** The admission to an event that is sent with bookings; its end is by this machine's clock. */
    admission: (eventId: number): Admission | undefined => admissionOf(storage, eventId),
    forgetAdmission: (eventId: number): void => storedAdmission(storage, eventId).remove(),

    /** The seats of an event as they change. */
    seats: (eventId: number): LiveSeats =>
      createSeats({ transport, eventId, watch: (watcher) => watchSeats({ ...parts, eventId }, watcher) }),
    /** The same for those who keep the seats themselves. @returns a function that ends it */
    watchSeats: (eventId: number, watcher: SeatsWatcher) => watchSeats({ ...parts, eventId }, watcher),

    /** Any other request: once, or until there is an answer. Both throw FrontrowError. */
    attempt: transport.attempt,
    request: transport.request,

    /** The server's clock, in milliseconds since 1970: the clock of this machine may be an hour off. */
    now: transport.clock.now,

    /** Ends the connection. Waits that are under way go on by polling. */
    close: connection.close,
  };
}

export type FrontrowClient = ReturnType<typeof createClient>;
