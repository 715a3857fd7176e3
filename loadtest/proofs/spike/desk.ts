import { z } from 'zod';
import { errorCode, booking as liveBooking, ticketReceipt, ticketView } from '../../../shared/contract/tickets.ts';
import {
  ADMISSION_TOKEN_HEADER,
  joinAnswer,
  VISITOR_TOKEN_HEADER,
  visitorView,
} from '../../../shared/contract/waiting-room.ts';
import { openPool, type Pool } from '../../kit/connection-pool.ts';
import { createSharedLine } from '../../kit/shared-line.ts';

/** Seconds that the request for a booking waits for its outcome. After that its ticket is polled. */
const WAIT_SECONDS = 20;

const EVENT = 1;

const refused = z.object({ code: errorCode });
const sold = z.object({ ticketId: z.string(), seatsCount: z.int() });

/** The outcome of a booking: seats, or the code of the refusal. */
export type Booked = { id?: string; seats: number; code?: string };

/** Answers so far. `faults`: answers that no client expects. `lateMs`: the longest wait of a poll for a connection. */
type Log = { pollMs: number[]; faults: string[]; answered: number; lateMs: number };

type Sent = {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  headers?: Record<string, string>;
  body?: unknown;
  /** The statuses that a client expects. */
  expected: readonly number[];
};

type Received = { status: number; body: unknown; ms: number };

/** Sends a request over a pool. @throws Error where the answer is none that a client expects */
const send = (log: Log, pool: Pool, { method, path, headers, body, expected }: Sent): Promise<Received> =>
  pool.use(async (connection) => {
    const startedAt = performance.now();
    try {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const answer = await connection.send(method, path, { headers, body: text });
      if (!expected.includes(answer.status)) throw new Error(`${answer.status} ${answer.text}`);
      log.answered += 1;
      return { status: answer.status, body: JSON.parse(answer.text), ms: performance.now() - startedAt };
    } catch (fault) {
      log.faults.push(`${method} ${path}: ${(fault as Error).message}`);
      throw fault;
    }
  });

/** Polls a ticket until its outcome. */
async function followTicket(log: Log, pool: Pool, ticketId: string, headers: Record<string, string>): Promise<Booked> {
  for (;;) {
    const path = `/api/tickets/${ticketId}`;
    const view = ticketView.parse((await send(log, pool, { method: 'GET', path, headers, expected: [200] })).body);
    if (view.booking !== undefined) return { id: view.ticketId, seats: view.booking.seatsCount };
    if (view.status !== 'queued') return { seats: 0, code: view.code ?? view.status };
  }
}

/** Sends a booking, and follows its ticket where the outcome takes longer than a request may wait. */
async function order(
  log: Log,
  pool: Pool,
  path: string,
  token: string,
  body: object,
): Promise<Booked & { ms: number }> {
  const headers: Record<string, string> = { prefer: `wait=${WAIT_SECONDS}` };
  if (token !== '') headers[ADMISSION_TOKEN_HEADER] = token;
  const startedAt = performance.now();
  const outcome = (booked: Booked) => ({ ...booked, ms: performance.now() - startedAt });
  const expected = [200, 201, 202, 403, 409];
  const answer = await send(log, pool, { method: 'POST', path, headers, body, expected });
  const ticketId = ticketReceipt.safeParse(answer.body).data?.ticketId;
  if (ticketId !== undefined) return outcome(await followTicket(log, pool, ticketId, headers));
  if (answer.status >= 300) return outcome({ seats: 0, code: refused.parse(answer.body).code });
  const sale = sold.safeParse(answer.body).data;
  if (sale !== undefined) return outcome({ id: sale.ticketId, seats: sale.seatsCount });
  const held = liveBooking.parse(answer.body);
  return outcome({ id: held.id, seats: held.seatsCount });
}

/** The requests of the visitors of event 1, over few connections however many visitors there are. */
export function openDesk(url: string, connections: { joining: number; polling: number; booking: number }) {
  // Separate pools: visitors who join do not delay the polls of others.
  const joining = openPool(url, connections.joining);
  const polling = openPool(url, connections.polling);
  const booking = openPool(url, connections.booking);
  const log: Log = { pollMs: [], faults: [], answered: 0, lateMs: 0 };
  const line = createSharedLine(url, EVENT);
  const roomOf = (eventId: number) => `/api/events/${eventId}/waiting-room`;
  const visitorHeaders = (token: string): Record<string, string> =>
    token === '' ? {} : { [VISITOR_TOKEN_HEADER]: token };

  return {
    log,
    line,

    async join(token: string, eventId = EVENT) {
      const request = { method: 'POST', path: roomOf(eventId), headers: visitorHeaders(token) } as const;
      const { status, body } = await send(log, joining, { ...request, expected: [200, 201] });
      return { ...joinAnswer.parse(body), isNew: status === 201 };
    },

    async poll(token: string, eventId = EVENT) {
      const startedAt = performance.now();
      const request = { method: 'GET', path: roomOf(eventId), headers: visitorHeaders(token) } as const;
      const { body, ms } = await send(log, polling, { ...request, expected: [200] });
      log.pollMs.push(ms);
      log.lateMs = Math.max(log.lateMs, performance.now() - startedAt - ms);
      return visitorView.parse(body);
    },

    /** Whether a visitor token belongs to this event's line. */
    async isKnown(token: string): Promise<boolean> {
      const request = { method: 'GET', path: roomOf(EVENT), headers: visitorHeaders(token) } as const;
      return (await send(log, polling, { ...request, expected: [200, 404] })).status === 200;
    },

    leave: (token: string) =>
      send(log, polling, { method: 'DELETE', path: roomOf(EVENT), headers: visitorHeaders(token), expected: [200] }),

    /** Sells seats at once. */
    sell: (token: string, count: number) => order(log, booking, '/reserve', token, { count }),

    /** Holds seats for a user. */
    hold: (token: string, count: number, userId: number) =>
      order(log, booking, '/api/bookings', token, { eventId: EVENT, userId, count }),

    /** Confirms a hold. Returns whether it was in time. */
    async confirm(id: string, userId: number): Promise<boolean> {
      const request = { method: 'POST', path: `/api/bookings/${id}/confirm`, body: { userId } } as const;
      return (await send(log, booking, { ...request, expected: [200, 202, 410] })).status === 200;
    },

    close(): void {
      joining.close();
      polling.close();
      booking.close();
    },
  };
}

export type Desk = ReturnType<typeof openDesk>;
