import { expect, test } from '@jest/globals';
import type { TrailEntry } from '../../../shared/contract/trail.ts';
import { changesOf, sentenceOf } from './sentences.ts';

const entry = (act: string, rest: Partial<TrailEntry> = {}) =>
  ({ number: 1, at: '2026-11-30T12:04:10.000Z', by: 'key Anna', address: '::1', act, ...rest }) as TrailEntry;

test('an act reads as a sentence', () => {
  const paused = { eventId: 3, before: { salesPaused: false }, after: { salesPaused: true } };
  expect(sentenceOf(entry('changeEvent', paused))).toBe('Anna’s key paused the sales of event 3');
  expect(sentenceOf(entry('changeEvent', { eventId: 3, after: { name: 'Gala', salesPaused: true } }))).toBe(
    'Anna’s key changed event 3',
  );
  expect(sentenceOf(entry('changeRoom', { by: 'admin token', eventId: 1, after: { mode: 'on' } }))).toBe(
    'The admin token switched the waiting room of event 1 to on',
  );
  expect(sentenceOf(entry('block', { eventId: 1, after: { changed: 2, seats: ['1-1-1', '1-1-2'] } }))).toBe(
    'Anna’s key blocked 2 seats of event 1',
  );
  expect(sentenceOf(entry('makeKey', { by: 'loopback', after: { name: 'Shop' } }))).toBe(
    'An operator at this machine made the key “Shop”',
  );
  expect(sentenceOf(entry('actOfALaterVersion'))).toContain('did actOfALaterVersion');
});

test('the fields that changed are shown as they were and as they are', () => {
  const before = { name: 'Ball', salesPaused: false, seatLimit: null, same: 1 };
  const after = { name: 'Gala', salesPaused: true, seatLimit: 4, same: 1, isNew: true };
  expect(changesOf({ before, after })).toEqual([
    { field: 'name', before: 'Ball', after: 'Gala' },
    { field: 'salesPaused', before: 'no', after: 'yes' },
    { field: 'seatLimit', before: 'nothing', after: '4' },
  ]);
  expect(changesOf({ after: { bookings: 1 } })).toEqual([]);
  expect(changesOf({ before: { a: 'x'.repeat(100) }, after: { a: '' } })[0]?.before).toHaveLength(81);
});
