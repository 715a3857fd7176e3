import { expect, jest, test } from '@jest/globals';
import { receive } from './socket-messages.ts';
import {
  closeSession,
  endSession,
  heartbeat,
  noteFollowing,
  notePong,
  noteUnfollowed,
  openSession,
} from './socket-session.ts';

function createSession() {
  const socket = { close: jest.fn(), ping: jest.fn(), terminate: jest.fn() };
  const sender = { send: jest.fn(), end: jest.fn() };
  const budget = { charge: jest.fn(), refund: jest.fn(), end: jest.fn() };
  const services = {
    buyerNames: { shownText: (json: string) => json },
    identity: { anonymousReader: { scope: 'all' } },
    followed: { tickets: 0 },
    senderTo: () => sender,
  };
  const upgraded = { socket, connection: {}, req: {}, budget };
  const session = openSession(services as never, upgraded as never);
  const follow = (ticketId: string, unfollow = () => undefined) => {
    session.tickets.set(ticketId, unfollow);
    services.followed.tickets += 1;
    noteFollowing(session);
  };
  const unfollow = (ticketId: string) => {
    session.tickets.delete(ticketId);
    services.followed.tickets -= 1;
    noteUnfollowed(session);
  };
  return { session, socket, sender, budget, services, follow, unfollow };
}

test('a session is quiet until it follows something, and after the last that it followed', () => {
  const { session, follow, unfollow } = createSession();
  expect(session.state).toBe('QUIET');
  follow('a');
  follow('b');
  unfollow('a');
  expect(session.state).toBe('FOLLOWING');
  unfollow('b');
  expect(session.state).toBe('QUIET');
});

test('the heartbeat closes a socket that was quiet for too long, and pings all others', () => {
  const { session, socket, follow, unfollow } = createSession();
  heartbeat(session, 60_000);
  expect(socket.ping).toHaveBeenCalledTimes(1);
  notePong(session);
  follow('a');
  session.quietSinceMs = performance.now() - 120_000;
  heartbeat(session, 60_000);
  notePong(session);
  unfollow('a'); // quiet from now on
  heartbeat(session, 60_000);
  notePong(session);
  expect(socket.ping).toHaveBeenCalledTimes(3);
  session.quietSinceMs -= 120_000;
  heartbeat(session, 60_000);
  expect(socket.close).toHaveBeenCalledWith(1000, 'follows nothing');
  expect(session.state).toBe('CLOSING');
});

test('a socket that has not answered the last ping is ended, even while it closes', () => {
  const { session, socket } = createSession();
  heartbeat(session, 60_000);
  closeSession(session, 1001, 'this node stops');
  heartbeat(session, 60_000);
  expect(socket.terminate).toHaveBeenCalledTimes(1);
});

test('a closing session is closed once, and ignores messages at their cost', () => {
  const { session, socket, sender, budget } = createSession();
  closeSession(session, 1008, 'reads too slowly');
  closeSession(session, 1001, 'this node stops');
  expect(socket.close.mock.calls).toEqual([[1008, 'reads too slowly']]);
  receive(session, Buffer.from('not even JSON'), false);
  expect(budget.charge).toHaveBeenCalledWith(1);
  expect(sender.send).not.toHaveBeenCalled();
});

test('the end of a session releases all that it holds', () => {
  const { session, sender, budget, services, follow } = createSession();
  const released = { ticket: jest.fn(), event: jest.fn(), overview: jest.fn() };
  follow('a', released.ticket as never);
  session.events.set(1, { version: 1, unwatch: released.event as never });
  session.unwatchOverview = released.overview as never;
  endSession(session);
  expect(session.state).toBe('CLOSED');
  for (const release of [...Object.values(released), sender.end, budget.end]) expect(release).toHaveBeenCalledTimes(1);
  expect(services.followed.tickets).toBe(0);
});
