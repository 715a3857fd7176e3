import { createBookings } from './bookings.ts';
import { createConnection } from './connection.ts';
import type { Admission, EventView } from './contract.ts';
import { type ClientStorage, memoryStorage } from './storage.ts';
import type { FollowOptions } from './tickets.ts';
import { createTransport, type TransportOptions } from './transport.ts';
import { admissionOf, createWaitingRoom, storedAdmission, type WaitingRoom } from './waiting-room.ts';
import { type SeatsWatcher, watchSeats } from './watch-seats.ts';

export type ClientOptions = TransportOptions & {
  /** Where places in line and admissions are kept, such as `localStorage`. Without it, as long as the client lives. */
  storage?: ClientStorage;
};

/** A client without a copy of the seats: the pages keep the seats themselves, beside all that they draw. */
export function createCore({ storage = memoryStorage(), ...options }: ClientOptions) {
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

    /** Passes the seats of an event on, and then each change. @returns a function that ends it */
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

export type Core = ReturnType<typeof createCore>;
