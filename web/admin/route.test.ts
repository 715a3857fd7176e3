import { expect, test } from '@jest/globals';
import { matchOf, routeOf } from './route.ts';

test('a route has its path and its query', () => {
  const { path, query } = routeOf('#/bookings?find=a%20b');
  expect([path, query.get('find')]).toEqual(['/bookings', 'a b']);
  expect(routeOf('').path).toBe('');
});

test('a pattern matches its own path alone, and gives the number in it', () => {
  expect(matchOf('/events', '/events')).toEqual({ id: undefined });
  expect(matchOf('/events', '/events/7')).toBeUndefined();
  expect(matchOf('/events/:id', '/events/7')).toEqual({ id: 7 });
  expect(matchOf('/events/:id', '/events/new')).toBeUndefined();
  expect(matchOf('/events/:id/seats', '/events/7/seats')).toEqual({ id: 7 });
});
