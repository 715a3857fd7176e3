import { expect, test } from '@jest/globals';
import { RefusedError } from '../refused-error.ts';
import { afterFailure, progressOf, type VisitorView, withTrouble } from './visit-state.ts';

const refused = (status: number, code: string, retryAfter = '') =>
  new RefusedError({ status, headers: new Headers({ 'retry-after': retryAfter }) }, { code, detail: code } as never);

test('a lost connection and a busy room are retried, the latter not before the server allows it', () => {
  expect(afterFailure(new TypeError('fetch failed'), true)).toEqual({ action: 'retry', trouble: 'lost', leastMs: 0 });
  for (const status of [408, 429, 503])
    expect(afterFailure(refused(status, 'OVERLOADED', '7'), true)).toMatchObject({ trouble: 'busy', leastMs: 7_000 });
});

test('a place that is void is taken again, and every other refusal is final', () => {
  expect(afterFailure(refused(404, 'PLACE_UNKNOWN'), true)).toEqual({ action: 'join again' });
  expect(afterFailure(refused(404, 'PLACE_UNKNOWN'), false)).toMatchObject({ action: 'refuse', needsLogin: false });
  expect(afterFailure(refused(401, 'UNAUTHENTICATED'), true)).toMatchObject({ action: 'refuse', needsLogin: true });
  expect(afterFailure(refused(404, 'EVENT_UNKNOWN'), true)).toMatchObject({ problem: { code: 'EVENT_UNKNOWN' } });
});

test('a request that is retried leaves the place in line as it is', () => {
  const view = { status: 'waiting' } as VisitorView;
  expect(withTrouble({ state: 'inRoom', view, progress: 0.5 }, 'lost')).toEqual({
    state: 'inRoom',
    view,
    progress: 0.5,
    trouble: 'lost',
  });
  expect(withTrouble({ state: 'checking', workDone: 0.5 }, 'busy')).toEqual({ state: 'joining', trouble: 'busy' });
});

test('the progress goes from the first place to the front, and never back', () => {
  expect(progressOf(200, 200, 0)).toBe(0);
  expect(progressOf(200, 50, 0)).toBe(0.75);
  expect(progressOf(200, 90, 0.75)).toBe(0.75);
  expect(progressOf(200, 300, 0)).toBe(0);
  expect(progressOf(0, 0, 0)).toBe(1);
});
