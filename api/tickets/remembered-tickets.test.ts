import { expect, test } from '@jest/globals';
import { createRememberedTickets, type RememberedTicket } from './remembered-tickets.ts';

const ticketAt = (place: number): RememberedTicket => ({
  kind: 'book',
  userId: undefined,
  eventId: 1,
  place,
  settled: 0,
  acceptedAtMs: 0,
  outcome: undefined,
  trace: undefined,
});

test('the newest tickets are remembered, and never more than twice the minimum', () => {
  const remembered = createRememberedTickets(10);
  for (let place = 1; place <= 95; place += 1) {
    remembered.remember(String(place), ticketAt(place));
    const found = Array.from({ length: place }, (_, i) => i + 1).filter((id) => remembered.find(String(id)));
    expect(found.length).toBeLessThanOrEqual(20);
    expect(found.slice(-10)).toEqual(Array.from({ length: Math.min(10, place) }, (_, i) => place - i).reverse());
  }
});

test('a cleared memory knows no ticket', () => {
  const remembered = createRememberedTickets(2);
  for (const place of [1, 2, 3]) remembered.remember(String(place), ticketAt(place));
  expect(remembered.find('1')).toMatchObject({ place: 1 });
  remembered.clear();
  expect(['1', '2', '3'].map(remembered.find)).toEqual([undefined, undefined, undefined]);
});
