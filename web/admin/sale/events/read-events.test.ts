import { expect, test } from '@jest/globals';
import type { EventSummary } from '../../../../shared/contract/events.ts';
import { eventsFound, readEvents } from './read-events.ts';

const event = (id: number, name = `Night ${id}`) => ({ id, name }) as EventSummary;

test('events are read page by page, and listed with the newest first', async () => {
  const pages: Record<string, object> = {
    '/api/events': { events: [event(1), event(2)], next: '/api/events?after=2&limit=2' },
    '/api/events?after=2&limit=2': { events: [event(3)] },
  };
  const { events, isWhole } = await readEvents({ read: async (path) => pages[path] as never });
  expect([events.map(({ id }) => id), isWhole]).toEqual([[3, 2, 1], true]);
});

test('a list without end is read to its bound', async () => {
  const read = async () => ({ events: [event(1)], next: '/api/events?after=1' }) as never;
  expect(await readEvents({ read })).toMatchObject({ isWhole: false });
});

test('an event is found by a part of its name, or by its number', () => {
  const events = [event(12, 'Hamlet'), event(1, 'Club 12'), event(120, 'Faust')];
  expect(eventsFound(events, ' ham').map(({ id }) => id)).toEqual([12]);
  expect(eventsFound(events, '12').map(({ id }) => id)).toEqual([12, 1]);
  expect(eventsFound(events, '')).toHaveLength(3);
});
