import { expect, jest, test } from '@jest/globals';
import { MAX_SUBSCRIPTIONS_PER_SOCKET } from '../../shared/contract/limits.ts';
import type { SessionSocket } from '../tickets/sessions.ts';
import type { TicketState } from '../tickets/ticket-state.ts';
import { closeSession, endSession, openSession } from './socket-session.ts';
import { openTicketSession, subscribeToTicket, subscriptionRefusal } from './ticket-subscriptions.ts';

const QUEUED: TicketState = { settled: false, kind: 'book', position: 1, etaSeconds: 2 };
const BOOKED = '{"kind":"book","status":"booked"}';

test('a socket has a bound; past the bound of the process a socket may still follow a few tickets', () => {
  expect(subscriptionRefusal(MAX_SUBSCRIPTIONS_PER_SOCKET - 1, 199_999)).toBeUndefined();
  expect(subscriptionRefusal(MAX_SUBSCRIPTIONS_PER_SOCKET, 0)).toMatch(/on this socket/);
  expect(subscriptionRefusal(9, 200_000)).toBeUndefined();
  expect(subscriptionRefusal(10, 200_000)).toMatch(/on this server/);
});

/** A socket whose node knows the state of tickets as `known`, and reads it as `read`. */
function createSocket({
  known,
  read = async () => QUEUED,
}: {
  known?: TicketState;
  read?: () => Promise<TicketState>;
}) {
  const listeners = new Map<string, (outcome: string) => void>();
  const sent: string[] = [];
  const open = jest.fn((_socket: SessionSocket) => 'token');
  const sessions = { open, end: jest.fn() };
  const services = {
    outcomes: {
      follow: (ticketId: string, listener: (outcome: string) => void) => {
        listeners.set(ticketId, listener);
        return () => listeners.delete(ticketId);
      },
      knownState: () => known,
      read,
    },
    sessions,
    buyerNames: { shownText: (json: string) => json },
    identity: { anonymousReader: { scope: 'all' } },
    followed: { tickets: 0 },
    senderTo: () => ({
      send: (message: object) => sent.push(JSON.stringify(message)),
      sendTicket: (view: string) => sent.push(view),
      end: () => undefined,
    }),
  };
  const budget = { charge: () => undefined, refund: () => undefined, end: () => undefined };
  const [OPEN, CLOSING] = [1, 2];
  const socket = {
    OPEN,
    readyState: OPEN,
    close: () => {
      socket.readyState = CLOSING;
    },
  };
  const session = openSession(services as never, { socket, connection: {}, req: {}, budget } as never);
  const settle = (ticketId: string) => {
    listeners.get(ticketId)?.(BOOKED);
    listeners.delete(ticketId);
  };
  return { session, services, sessions, listeners, sent, settle };
}

/** Opens the session of a socket. Returns what the requests with its token do. */
function openSessionOf({ session, sessions, sent }: ReturnType<typeof createSocket>) {
  openTicketSession(session);
  expect(sent.splice(0)).toEqual(['{"type":"session","token":"token"}']);
  return sessions.open.mock.calls[0]?.[0] as SessionSocket;
}

const viewOf = (ticketId: string) => `{"ticketId":"${ticketId}","kind":"book","status":"booked"}`;
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('the queued state is sent to a subscription, and not for a request of the session', async () => {
  for (const known of [QUEUED, undefined]) {
    const socket = createSocket(known === undefined ? {} : { known });
    const { follow } = openSessionOf(socket);
    expect(follow('a')).toBe(true);
    subscribeToTicket(socket.session, 'b');
    await nextTurn();
    expect(socket.sent.splice(0)).toMatchObject([expect.stringMatching(/"ticketId":"b".*"status":"queued"/)]);
    socket.settle('a');
    socket.settle('b');
    expect(socket.sent).toEqual([viewOf('a'), viewOf('b')]);
    expect(socket.services.followed.tickets).toBe(0);
  }
});

test('a ticket that has its outcome already is sent at once, known or read', async () => {
  const settled: TicketState = { settled: true, outcome: BOOKED };
  for (const socket of [createSocket({ known: settled }), createSocket({ read: async () => settled })]) {
    const { follow } = openSessionOf(socket);
    expect(follow('a')).toBe(true);
    await nextTurn();
    expect(socket.sent).toEqual([viewOf('a')]);
    expect(socket.listeners.size).toBe(0);
  }
});

test('an outcome is held back until a read has shown that the user may read it', async () => {
  const reads: ((state: TicketState) => void)[] = [];
  const read = () => new Promise<TicketState>((resolve) => void reads.push(resolve));
  const socket = createSocket({ read });
  const { follow } = openSessionOf(socket);
  follow('a');
  socket.settle('a');
  expect(socket.sent).toEqual([]);
  reads[0]?.(QUEUED);
  await nextTurn();
  expect(socket.sent).toEqual([viewOf('a')]);
});

test('a session follows no more than a socket may, and nothing once it closes', () => {
  const socket = createSocket({ known: QUEUED });
  const { follow } = openSessionOf(socket);
  for (let i = 0; i < MAX_SUBSCRIPTIONS_PER_SOCKET; i += 1) expect(follow(String(i))).toBe(true);
  expect(follow('0')).toBe(true); // followed already
  expect(follow('one more')).toBe(false);
  expect(socket.sent).toMatchObject([expect.stringMatching(/"code":"OVERLOADED".*"ticketId":"one more"/)]);
  socket.settle('0');
  closeSession(socket.session, 1001, 'this node stops');
  expect(follow('one more')).toBe(false);
  endSession(socket.session);
  expect(socket.sessions.end).toHaveBeenCalledWith('token');
  expect(socket.listeners.size).toBe(0);
  expect(socket.services.followed.tickets).toBe(0);
});

test('a session is opened once, and keeps its socket from being quiet', () => {
  const socket = createSocket({ known: QUEUED });
  const { follow } = openSessionOf(socket);
  openTicketSession(socket.session);
  expect(socket.sent.splice(0)).toEqual(['{"type":"session","token":"token"}']);
  expect(socket.sessions.open).toHaveBeenCalledTimes(1);
  follow('a');
  socket.settle('a');
  expect(socket.session.state).toBe('FOLLOWING');
});
