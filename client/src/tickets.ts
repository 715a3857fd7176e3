import type { Connection } from './connection.ts';
import type { Booking, TicketView } from './contract.ts';
import { FrontrowError } from './error.ts';
import type { RetryOptions, Transport } from './transport.ts';
import { createInbox, within } from './wait.ts';

/** Seconds between two reads of a waiting ticket: a tenth of its ETA, within these bounds. */
const READ_SECONDS = { min: 2, max: 10 };

export type FollowOptions = Pick<RetryOptions, 'signal' | 'onRetry'>;

export type OutcomeOptions = FollowOptions & {
  /** Without it, `outcome` waits as long as it takes. */
  timeoutSeconds?: number;
};

type Parts = { transport: Pick<Transport, 'request'>; connection: TicketConnection };

/** How states of tickets arrive beside reads. */
export type TicketConnection = Pick<Connection, 'isOpen' | 'followTicket'>;

/** The receipt of an accepted request: it gets exactly one outcome, which never changes. */
export type Ticket = {
  readonly id: string;
  /**
   * The states of the ticket: `queued` with its position and its estimated wait, again and again, and last its outcome.
   * States come over WebSocket, or by long polls where there is none. A ticket of earlier gives its outcome at once.
   *
   * @throws FrontrowError TICKET_UNKNOWN: there is no such ticket, and no booking of it
   */
  states: (options?: FollowOptions) => AsyncGenerator<TicketView, void, void>;
  /**
   * The booking of the ticket.
   *
   * @throws FrontrowError with the code, the alternatives and the other fields of a refusal; with TIMEOUT where there
   * is no outcome in time: the ticket stays valid
   */
  outcome: (options?: OutcomeOptions) => Promise<Booking>;
};

/**
 * @param first the state in the answer to the request
 * @param note called with each state that is read
 */
export function createTicket(
  parts: Parts,
  id: string,
  first?: TicketView,
  note: (view: TicketView) => void = () => {},
): Ticket {
  let latest = first;
  async function* states(options: FollowOptions = {}) {
    for await (const view of statesOf(parts, id, latest, options)) {
      if (latest === undefined || latest.status === 'queued') latest = view;
      note(view);
      yield view;
    }
  }
  return {
    id,
    states,
    outcome({ timeoutSeconds, signal, onRetry } = {}) {
      const ms = timeoutSeconds === undefined ? undefined : 1000 * timeoutSeconds;
      const fault = () =>
        new FrontrowError('TIMEOUT', `Ticket ${id} has no outcome after ${timeoutSeconds} s. It stays valid.`);
      return within(ms, { signal, fault }, async (signal) => {
        for await (const _view of states({ signal, onRetry }));
        return bookingOf(latest as TicketView); // the last state is the outcome
      });
    },
  };
}

/** The booking of an outcome. @throws FrontrowError where it is a refusal or a failure */
function bookingOf({ ticketId, status, code, booking, ...details }: TicketView): Booking {
  if (booking !== undefined && code === undefined) return booking;
  const { kind: _kind, ...refusal } = details;
  const problem = {
    ...refusal,
    code: code ?? 'INTERNAL',
    ticketId,
    ...(booking !== undefined && { booking }),
  } as const;
  throw new FrontrowError(problem.code, `Ticket ${ticketId} was ${status}: ${problem.code}.`, { problem });
}

async function* statesOf(parts: Parts, id: string, first: TicketView | undefined, options: FollowOptions) {
  const { connection } = parts;
  const inbox = createInbox<TicketView>();
  const unfollow = connection.followTicket(id, inbox.put);
  try {
    for (let view = first ?? (await read(parts, id, 0, options)); ; ) {
      yield view;
      if (view.status !== 'queued') return;
      const seconds = Math.min(READ_SECONDS.max, Math.max(READ_SECONDS.min, (view.etaSeconds ?? 0) / 10));
      // Also beside a WebSocket: position and wait change, and a message can be lost.
      if (connection.isOpen())
        view = (await inbox.take(1000 * seconds, { signal: options.signal })) ?? (await read(parts, id, 0, options));
      else view = await read(parts, id, Math.ceil(seconds), options);
    }
  } finally {
    unfollow();
  }
}

/**
 * Reads a ticket, and waits so many seconds for its outcome. A ticket may be forgotten, by Redis or after a day: its
 * booking is not.
 */
async function read({ transport }: Parts, id: string, seconds: number, options: FollowOptions): Promise<TicketView> {
  try {
    return (await transport.request<TicketView>('GET', `/api/tickets/${id}?wait=${seconds}`, options)).body;
  } catch (fault) {
    if (!(fault instanceof FrontrowError) || fault.code !== 'TICKET_UNKNOWN') throw fault;
    const booking = transport.request<Booking>('GET', `/api/bookings/${id}`, options);
    const { body } = await booking.catch((other) => {
      throw other instanceof FrontrowError && other.code === 'BOOKING_UNKNOWN' ? fault : other;
    });
    return { ticketId: id, kind: 'book', status: 'booked', booking: body };
  }
}
