import { z } from 'zod';
import { errorCode, booking as liveBooking, ticketReceipt, ticketView } from '../../../shared/contract/tickets.ts';
import {
  ADMISSION_TOKEN_HEADER,
  joinAnswer,
  VISITOR_TOKEN_HEADER,
  visitorView,
} from '../../../shared/contract/waiting-room.ts';
import { createConnection } from '../../kit/connection.ts';

/** Seconds that a booking's request waits for its outcome; after that its ticket is asked. */
const WAIT_SECONDS = 20;

const refused = z.object({ code: errorCode });

type Connection = ReturnType<typeof createConnection>;
type Request = { headers?: Record<string, string>; body?: unknown };

/** What became of a booking: seats, or the code of the refusal. */
export type Booked = { id?: string; seats: number; code?: string };

/** Connections that are kept open; who finds none idle waits for one, in order. */
function openPool(url: string, connections: number) {
  const idle: Connection[] = Array.from({ length: connections }, () => createConnection(url));
  const all = [...idle];
  let waiting: ((connection: Connection) => void)[] = [];
  let next = 0;

  function give(connection: Connection): void {
    const first = waiting[next];
    if (first === undefined) return void idle.push(connection);
    next += 1;
    if (next === waiting.length || next === 10_000) {
      waiting = waiting.slice(next);
      next = 0;
    }
    first(connection);
  }

  return {
    async use<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> {
      const connection = idle.pop() ?? (await new Promise<Connection>((resolve) => waiting.push(resolve)));
      try {
        return await work(connection);
      } finally {
        give(connection);
      }
    },
    close(): void {
      for (const connection of all) connection.close();
    },
  };
}

/**
 * Where visitors of event 1 ask, over few connections however many they are. An answer that no client expects, or none, is
 * noted and thrown.
 */
export function openDesk(url: string, connections: { joining: number; polling: number; booking: number }) {
  // Apart, so that who joins does not keep those from asking who have joined.
  const joining = openPool(url, connections.joining);
  const polling = openPool(url, connections.polling);
  const booking = openPool(url, connections.booking);
  const pollMs: number[] = [];
  let lateMs = 0;
  const faults: string[] = [];
  let answered = 0;

  async function ask(
    pool: typeof polling,
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    { headers, body }: Request,
    good: readonly number[],
  ): Promise<{ status: number; body: unknown; ms: number }> {
    return pool.use(async (connection) => {
      const startedAt = performance.now();
      try {
        const answer = await connection.send(method, path, {
          headers,
          body: body === undefined ? undefined : JSON.stringify(body),
        });
        if (!good.includes(answer.status)) throw new Error(`${answer.status} ${answer.text}`);
        answered += 1;
        return { status: answer.status, body: JSON.parse(answer.text), ms: performance.now() - startedAt };
      } catch (fault) {
        faults.push(`${method} ${path}: ${(fault as Error).message}`);
        throw fault;
      }
    });
  }

  const roomOf = (eventId: number) => `/api/events/${eventId}/waiting-room`;
  const as = (token: string): Record<string, string> => (token === '' ? {} : { [VISITOR_TOKEN_HEADER]: token });

  /** Sends a booking, and follows its ticket where the outcome takes longer than a request may wait. */
  async function order(path: string, token: string, body: { count: number }): Promise<Booked & { ms: number }> {
    const headers: Record<string, string> = { prefer: `wait=${WAIT_SECONDS}` };
    if (token !== '') headers[ADMISSION_TOKEN_HEADER] = token;
    const startedAt = performance.now();
    const outcome = (booked: Booked) => ({ ...booked, ms: performance.now() - startedAt });
    const answer = await ask(booking, 'POST', path, { headers, body }, [200, 201, 202, 403, 409]);
    const ticket = ticketReceipt.safeParse(answer.body).data?.ticketId;
    if (ticket !== undefined) {
      for (;;) {
        const asked = await ask(booking, 'GET', `/api/tickets/${ticket}`, { headers }, [200]);
        const view = ticketView.parse(asked.body);
        if (view.booking !== undefined) return outcome({ id: view.ticketId, seats: view.booking.seatsCount });
        if (view.status !== 'queued') return outcome({ seats: 0, code: view.code ?? view.status });
      }
    }
    if (answer.status >= 300) {
      const { code } = refused.parse(answer.body);
      return outcome({ seats: 0, code });
    }
    const sold = z.object({ ticketId: z.string(), seatsCount: z.int() }).safeParse(answer.body).data;
    const held = sold === undefined ? liveBooking.parse(answer.body) : undefined;
    return outcome({ id: sold?.ticketId ?? held?.id ?? '', seats: sold?.seatsCount ?? held?.seatsCount ?? 0 });
  }

  return {
    /** Milliseconds of each poll, from being sent; what was answered otherwise than a client expects; all answers. */
    pollMs,
    /** Milliseconds that a poll waited for a connection of ours, at the most. */
    get lateMs() {
      return lateMs;
    },
    faults,
    get answered() {
      return answered;
    },

    async join(token: string, eventId = 1) {
      const { status, body } = await ask(joining, 'POST', roomOf(eventId), { headers: as(token) }, [200, 201]);
      return { ...joinAnswer.parse(body), isNew: status === 201 };
    },

    async poll(token: string, eventId = 1) {
      const startedAt = performance.now();
      const { body, ms } = await ask(polling, 'GET', roomOf(eventId), { headers: as(token) }, [200]);
      pollMs.push(ms);
      lateMs = Math.max(lateMs, performance.now() - startedAt - ms);
      return visitorView.parse(body);
    },

    /** Whether a visitor token is one of this event's line. */
    async isKnown(token: string): Promise<boolean> {
      const { status } = await ask(polling, 'GET', roomOf(1), { headers: as(token) }, [200, 404]);
      return status === 200;
    },

    leave: (token: string) => ask(polling, 'DELETE', roomOf(1), { headers: as(token) }, [200]),

    /** Sells seats at once. */
    sell: (token: string, count: number) => order('/reserve', token, { count }),

    /** Holds seats for a user. */
    hold(token: string, count: number, userId: number) {
      const body = { eventId: 1, userId, count };
      return order('/api/bookings', token, body);
    },

    /** Confirms a hold. Answers whether it was in time. */
    async confirm(id: string, userId: number): Promise<boolean> {
      const answer = await ask(booking, 'POST', `/api/bookings/${id}/confirm`, { body: { userId } }, [200, 202, 410]);
      return answer.status === 200;
    },

    close(): void {
      joining.close();
      polling.close();
      booking.close();
    },
  };
}

export type Desk = ReturnType<typeof openDesk>;
