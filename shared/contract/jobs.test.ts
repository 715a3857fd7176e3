import { expect, test } from '@jest/globals';
import { jobs } from './jobs.ts';

const ticketId = '01890a5d-ac96-774b-bcce-b302099a8057';
const request = { ticketId, eventId: 1, wish: { count: 2 }, hold: true, userId: 1 };

test('a request with a field of a newer version is rejected, not parsed without the field', () => {
  expect(jobs.book.payload.parse({ requests: [request] }).requests[0]).toEqual(request);
  expect(jobs.book.payload.safeParse({ requests: [{ ...request, insured: true }] }).success).toBe(false);
  expect(jobs.book.payload.safeParse({ requests: [request], priority: 1 }).success).toBe(false);
});

test('an event of the previous version without a seat limit stays without one', () => {
  const event = { name: 'Gala', currency: 'EUR', zones: [{ rows: 1, seatsPerRow: 1, price: 0 }] };
  expect(jobs.createEvent.payload.parse({ eventId: 2, event }).event).toEqual(event);
});

const house = { name: 'Gala', currency: 'EUR', zones: [{ rows: 1, seatsPerRow: 1, price: 0 }] };
test.each([
  ['initialize', { eventId: 1 }],
  ['clear', { eventId: 1, generation: 1 }],
  ['createEvent', { eventId: 1, event: house }],
  ['changeEvent', { eventId: 1, change: { salesPaused: true } }],
  ['block', { eventId: 1, seats: ['1-1-1'] }],
  ['unblock', { eventId: 1, seats: ['1-1-1'] }],
  ['changeRoom', { eventId: 1, change: { mode: 'on' } }],
  ['audit', { eventIds: [1] }],
  ['rebuild', { eventIds: [1] }],
] as const)(
  'an operator job %s with a field of a newer version is rejected, not parsed without the field',
  (name, payload) => {
    const { payload: schema } = jobs[name];
    expect(schema.safeParse(payload).success).toBe(true);
    expect(schema.safeParse({ ...payload, dryRun: true }).success).toBe(false);
  },
);
