import { expect, test } from '@jest/globals';
import type { Overview } from '../../shared/contract/overview.ts';
import { alarmsOf, titleWith } from './alarms.ts';

test('what stops the sale is an alarm, and other problems are none', () => {
  const problems = [
    { code: 'no_worker', message: 'No worker runs: accepted requests wait.' },
    { code: 'queue_stuck', message: 'The queue does not move.' },
  ];
  expect(alarmsOf({ overview: { problems } as Overview })).toEqual([
    { name: 'No worker runs', message: 'No worker runs: accepted requests wait.' },
  ]);
  expect(alarmsOf({ overview: undefined })).toEqual([]);
});

test('the title has the alarm once, and loses it', () => {
  expect(titleWith('No worker runs', 'Events · Frontrow')).toBe('⚠ No worker runs · Events · Frontrow');
  expect(titleWith('Redis is down', '⚠ No worker runs · Events')).toBe('⚠ Redis is down · Events');
  expect(titleWith(undefined, '⚠ No worker runs · Events')).toBe('Events');
});
