import { expect, test } from '@jest/globals';
import { createOutcomeListeners } from './outcome-listeners.ts';

test('each listener of a ticket gets its outcome once', () => {
  const listeners = createOutcomeListeners();
  const received: string[] = [];
  listeners.follow('a', (outcome) => received.push(`first ${outcome}`));
  listeners.follow('a', (outcome) => received.push(`second ${outcome}`));
  listeners.follow('b', (outcome) => received.push(`other ${outcome}`));
  listeners.notify('a', 'booked');
  listeners.notify('a', 'booked');
  expect(received).toEqual(['first booked', 'second booked']);
  expect(listeners.followedTicketIds()).toEqual(['b']);
});

test('a removed listener gets nothing; its removal does not touch listeners that came later', () => {
  const listeners = createOutcomeListeners();
  const received: string[] = [];
  const removeFirst = listeners.follow('a', () => received.push('first'));
  removeFirst();
  expect(listeners.isFollowed('a')).toBe(false);
  listeners.follow('a', () => received.push('second'));
  removeFirst();
  listeners.notify('a', 'booked');
  expect(received).toEqual(['second']);
});

test('a listener that follows the ticket again while it is notified waits for the next outcome', () => {
  const listeners = createOutcomeListeners();
  listeners.follow('a', () => void listeners.follow('a', () => undefined));
  listeners.notify('a', 'booked');
  expect(listeners.isFollowed('a')).toBe(true);
});
