import type { Booking, BookRequest, TicketView } from './contract.ts';
import { FrontrowError } from './error.ts';
import type { ClientStorage } from './storage.ts';
import { createTicket, type FollowOptions, type Ticket, type TicketConnection } from './tickets.ts';
import { randomKey, type Transport } from './transport.ts';
import { storedAdmission } from './waiting-room.ts';

export type BookOptions = FollowOptions & {
  /** The idempotency key; without it a random one. A request that is sent again under its key books once. */
  key?: string;
  /** The admission of the buyer, instead of the one that is stored: for a shop that books for its customers. */
  admission?: string | undefined;
};

export type ChangeOptions = BookOptions & {
  /** The user whose hold it is, where the server has no log-in (`AUTH=off`). */
  userId?: number | undefined;
  /** The shop's name for its customer, where the client has the key of a shop. */
  buyer?: string | undefined;
  /** Called while the change waits in the queue. */
  onQueued?: (view: TicketView) => void;
};

type Parts = { transport: Transport; connection: TicketConnection; storage: ClientStorage };

/** The acts of a buyer, or of a shop for its customer. */
export function createBookings({ transport, connection, storage }: Parts) {
  const parts = { transport, connection };

  /** Sends a change of a booking, and follows its ticket where it is still in the queue. */
  async function change(
    bookingId: string,
    name: 'confirm' | 'extend' | 'release' | 'exchange' | 'return' | undefined,
    fields: object,
    { key = randomKey(), admission, userId, buyer, onQueued, ...following }: ChangeOptions = {},
  ): Promise<Booking> {
    const path = `/api/bookings/${bookingId}${name === undefined ? '' : `/${name}`}`;
    const sent = { ...following, key, headers: admissionHeader(admission), body: { userId, buyer, ...fields } };
    const { status, body } = await transport.request<Booking | TicketView>(name ? 'POST' : 'DELETE', path, sent);
    if (status !== 202) return body as Booking;
    const view = body as TicketView;
    const ticket = createTicket(parts, view.ticketId, {
      ...view,
      kind: name === 'release' ? 'reduce' : (name ?? 'cancel'),
    });
    for await (const state of ticket.states(following)) if (state.status === 'queued') onQueued?.(state);
    return ticket.outcome(following);
  }

  return {
    /**
     * Requests seats. The returned ticket is durable: the request gets exactly one outcome. Sends the admission of the
     * event, if there is one.
     *
     * @throws FrontrowError where the request is refused before it has a ticket, such as INVALID_REQUEST,
     * ADMISSION_REQUIRED or IDEMPOTENCY_MISMATCH
     */
    async book(
      request: BookRequest,
      { key = randomKey(), admission, ...following }: BookOptions = {},
    ): Promise<Ticket> {
      const stored = storedAdmission(storage, request.eventId); // the server judges its end
      const token = admission ?? stored.read()?.token;
      const forgetInvalid = ({ code }: { code?: unknown }) => {
        if (code !== 'ADMISSION_INVALID') return;
        // Another tab may have a new one already.
        if (token === stored.read()?.token) stored.remove();
      };
      try {
        const sent = { ...following, key, headers: admissionHeader(token), body: request };
        const { body } = await transport.request<TicketView>('POST', '/api/bookings', sent);
        return createTicket(parts, body.ticketId, { ...body, kind: 'book' }, forgetInvalid);
      } catch (fault) {
        if (fault instanceof FrontrowError) forgetInvalid(fault);
        throw fault;
      }
    },

    /** A ticket of before, such as before a reload. */
    ticket: (id: string): Ticket => createTicket(parts, id),

    booking: (id: string, following?: FollowOptions) =>
      transport.request<Booking>('GET', `/api/bookings/${id}`, following).then(({ body }) => body),

    /** Sells the seats of a hold, where buyers may do so (`SELL_BY=anyone`). Throws as `Ticket.outcome` does. */
    confirm: (bookingId: string, changing?: ChangeOptions) => change(bookingId, 'confirm', {}, changing),
    /** Lets a hold last longer. */
    extend: (bookingId: string, changing?: ChangeOptions) => change(bookingId, 'extend', {}, changing),
    /** Gives some seats of a hold up. */
    release: (bookingId: string, seats: string[], changing?: ChangeOptions) =>
      change(bookingId, 'release', { seats }, changing),
    /** Gives a hold up. */
    cancel: (bookingId: string, changing?: ChangeOptions) => change(bookingId, undefined, {}, changing),
    change,
  };
}

const admissionHeader = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { 'x-admission-token': token };
