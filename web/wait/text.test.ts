import { describe, expect, test } from '@jest/globals';
import { announce, rangeText, tabTitleOf, waitText } from './text.ts';
import type { VisitorView } from './visit-state.ts';

const waiting = (fields: Partial<VisitorView> = {}): VisitorView => {
  const wait = { seconds: 600, fromSeconds: 500, toSeconds: 700 };
  return { eventId: 1, status: 'waiting', message: '', position: 900, ahead: 800, wait, askAgainSeconds: 5, ...fields };
};

describe('the text of a wait', () => {
  test.each([
    [0, 'less than a minute'],
    [44, 'less than a minute'],
    [45, 'about 1 minute'],
    [100, 'about 2 minutes'],
    [19 * 60, 'about 19 minutes'],
    [23 * 60, 'about 25 minutes'],
    [57 * 60, 'about 55 minutes'],
    [58 * 60, 'about an hour'],
    [80 * 60, 'about 1½ hours'],
    [7200, 'about 2 hours'],
    [500 * 3600, 'about 500 hours'],
  ])('%d seconds are %s', (seconds, text) => expect(waitText(seconds)).toBe(text));

  test.each([
    [500, 900, '8 to 15 minutes'],
    [10, 200, 'up to 3 minutes'],
    [2400, 5400, '40 minutes to 1½ hours'],
    [60, 120, '1 to 2 minutes'],
    [3600, 7200, '1 to 2 hours'],
    [600, 610, undefined],
    [5, 30, undefined],
  ])('from %d to %d seconds is %s', (from, to, text) => expect(rangeText(from, to)).toBe(text));
});

test("the tab's title begins with the people ahead, or the state", () => {
  expect(tabTitleOf(undefined)).toBe('Waiting room · Frontrow');
  expect(tabTitleOf(waiting())).toBe('800 ahead · Frontrow');
  expect(tabTitleOf(waiting({ status: 'your_turn' }))).toBe('It is your turn! · Frontrow');
  expect(tabTitleOf(waiting(), 'Shop')).toBe('800 ahead · Shop');
});

test('a line that only moves is announced once a minute, a change of state at once', () => {
  const first = announce(undefined, waiting(), 0);
  expect(first.text).toBe('You are in line. 800 people ahead of you. Estimated wait: about 10 minutes.');
  expect(announce(first, waiting({ ahead: 790 }), 59_000)).toBe(first);
  expect(announce(first, waiting({ ahead: 1 }), 60_000).text).toContain('1 person ahead of you');
  expect(announce(first, waiting({ paused: true }), 1_000).text).toContain('Admission is paused');
  const turn = announce(first, waiting({ status: 'your_turn', ahead: 0 }), 1_000);
  expect(turn.text).toBe('It is your turn.');
  expect(announce(turn, waiting({ status: 'your_turn', ahead: 0 }), 500_000)).toBe(turn);
});
