import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { connections, FakeWebSocket, newest } from '../../tests/support/fake-web-socket.ts';
import { createConnection } from './connection.ts';

const newConnection = () => createConnection({ baseUrl: 'https://tickets.example', token: () => 'a token' });
const watcher = { watching: () => {}, seats: () => {}, reload: () => {}, failed: () => {}, closed: () => {} };
const answer = (...messages: object[]) => {
  newest().onopen?.();
  for (const message of messages) newest().onmessage?.({ data: JSON.stringify(message) });
};

beforeEach(() => {
  FakeWebSocket.install();
  jest.useFakeTimers();
  jest.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

test('while the seats of an event are refused, the pauses grow, although the token is accepted', () => {
  const connection = newConnection();
  connection.watchEvent(1, watcher);
  for (const pauseMs of [1_000, 2_000, 4_000]) {
    const before = connections();
    answer({ type: 'authenticated' }, { type: 'error', code: 'OVERLOADED', error: 'Busy.', eventId: 1 });
    jest.advanceTimersByTime(pauseMs - 1);
    expect(connections()).toBe(before);
    jest.advanceTimersByTime(1);
    expect(connections()).toBe(before + 1);
  }
  answer({ type: 'watching', eventId: 1, version: 1 });
  newest().onclose?.();
  jest.advanceTimersByTime(1_000);
  expect(connections()).toBe(5);
  connection.close();
});

test('a connection for tickets alone stays open, also where their subscription is refused', () => {
  const connection = newConnection();
  connection.followTicket('t1', () => {});
  answer({ type: 'error', code: 'UNAUTHENTICATED', error: 'Log in.', ticketId: 't1' });
  jest.advanceTimersByTime(60_000);
  expect([connections(), connection.isOpen()]).toEqual([1, true]);
  connection.close();
});
