import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { connections, FakeWebSocket, newest } from '../../tests/support/fake-web-socket.ts';
import { createSocket } from './socket.ts';

let calls: string[];

const newSocket = () =>
  createSocket({
    baseUrl: 'https://tickets.example',
    backoff: { firstMs: 1_000, maxMs: 4_000 },
    answerMs: 5_000,
    onOpen: () => calls.push('open'),
    onMessage: ({ type }) => calls.push(type),
    onFailure: () => calls.push('failure'),
  });

beforeEach(() => {
  calls = [];
  FakeWebSocket.install();
  jest.useFakeTimers();
  jest.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

test('messages pass while the connection is open', () => {
  const socket = newSocket();
  socket.send({ type: 'watch', eventId: 1 }); // dropped: it is closed
  socket.connect();
  socket.connect(); // it connects already
  expect([connections(), newest().url, socket.isOpen()]).toEqual([1, 'wss://tickets.example/ws', false]);
  newest().onopen?.();
  newest().onmessage?.({ data: '{"type":"watching"}' });
  socket.send({ type: 'watch', eventId: 2 });
  expect([calls, newest().sent, socket.isOpen()]).toEqual([
    ['open', 'watching'],
    ['{"type":"watch","eventId":2}'],
    true,
  ]);
});

test('a connection that closes is opened again, with longer pauses until the server answers', () => {
  const socket = newSocket();
  socket.connect();
  for (const [i, pauseMs] of [1_000, 2_000, 4_000, 4_000].entries()) {
    newest().onclose?.();
    jest.advanceTimersByTime(pauseMs - 1);
    expect(connections()).toBe(i + 1);
    jest.advanceTimersByTime(1);
    expect(connections()).toBe(i + 2);
  }
  newest().onopen?.();
  socket.answered();
  newest().onclose?.();
  jest.advanceTimersByTime(1_000);
  expect(connections()).toBe(6);
});

test('a connection without an answer in time counts as failed', () => {
  const socket = newSocket();
  socket.connect();
  const silent = newest();
  jest.advanceTimersByTime(5_000);
  expect([calls, silent.isClosed, silent.onmessage]).toEqual([['failure'], true, null]);
  jest.advanceTimersByTime(1_000);
  newest().onopen?.();
  socket.answered();
  jest.advanceTimersByTime(60_000);
  expect(calls).toEqual(['failure', 'open']);
  socket.expectAnswer(3_000);
  jest.advanceTimersByTime(3_000);
  expect(calls).toEqual(['failure', 'open', 'failure']);
});

test('a page that wakes does not wait for the backoff, and a closed connection stays closed', () => {
  const socket = newSocket();
  socket.connect();
  socket.fail();
  socket.connect();
  expect(connections()).toBe(2);
  jest.advanceTimersByTime(1_000);
  expect(connections()).toBe(2);
  socket.close();
  jest.advanceTimersByTime(60_000);
  expect([connections(), newest().isClosed, calls]).toEqual([2, true, ['failure']]);
});

test('a browser that opens no WebSocket is retried', () => {
  FakeWebSocket.isBlocked = true;
  newSocket().connect();
  expect(calls).toEqual(['failure']);
  FakeWebSocket.isBlocked = false;
  jest.advanceTimersByTime(1_000);
  expect(connections()).toBe(1);
});
