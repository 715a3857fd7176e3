import { expect, test } from '@jest/globals';
import { FrontrowError } from '../../client/src/error.ts';
import { progressOf, troubleOf, type VisitorView, withTrouble } from './visit-state.ts';

test('a visitor is told whether the connection is lost or the room is busy', () => {
  expect(troubleOf(new FrontrowError('NO_ANSWER', ''))).toBe('lost');
  expect(troubleOf(new FrontrowError('OVERLOADED', '', { status: 503 }))).toBe('busy');
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
