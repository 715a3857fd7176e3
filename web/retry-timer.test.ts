import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createRetryTimer } from './retry-timer.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const newTimer = () => createRetryTimer({ firstMs: 1_000, maxMs: 8_000 });
const newAction = () => jest.fn(() => Promise.resolve());

test('the last action that was scheduled runs, and no other', () => {
  const timer = newTimer();
  const [first, second] = [newAction(), newAction()];
  timer.schedule(100, first);
  timer.schedule(200, second);
  jest.advanceTimersByTime(1_000);
  expect([first, second].map((action) => action.mock.calls.length)).toEqual([0, 1]);
});

test('a retry waits as long as the server asked, also when the page wakes', () => {
  const timer = newTimer();
  const action = newAction();
  timer.retry(action, 5_000);
  expect(timer.wake()).toBe(true);
  jest.advanceTimersByTime(4_999);
  expect(action).not.toHaveBeenCalled();
  jest.advanceTimersByTime(1);
  expect(action).toHaveBeenCalledTimes(1);
  expect(timer.wake()).toBe(false);
});

test('a page that wakes retries at once, and only once', () => {
  const timer = newTimer();
  const action = newAction();
  timer.retry(action);
  expect(timer.wake()).toBe(true);
  jest.advanceTimersByTime(10_000);
  expect(action).toHaveBeenCalledTimes(1);
});

test('after a success or a cancellation nothing waits for a retry', () => {
  const timer = newTimer();
  timer.retry(newAction());
  timer.succeeded();
  expect(timer.wake()).toBe(false);
  const cancelled = newAction();
  timer.retry(cancelled);
  timer.cancel();
  jest.advanceTimersByTime(10_000);
  expect(cancelled).not.toHaveBeenCalled();
});
