import { expect, test } from '@jest/globals';
import { jobs } from './jobs.ts';

const ticketId = '01890a5d-ac96-774b-bcce-b302099a8057';
const request = { ticketId, eventId: 1, wish: { count: 2 }, hold: true, userId: 1 };

test('a request of a newer version is refused, not read without what is new in it', () => {
  expect(jobs.book.payload.parse({ requests: [request] }).requests[0]).toEqual(request);
  expect(jobs.book.payload.safeParse({ requests: [{ ...request, insured: true }] }).success).toBe(false);
  expect(jobs.book.payload.safeParse({ requests: [request], priority: 1 }).success).toBe(false);
});

test('an event of the version before, which knew no limit of its own accord, is made without one', () => {
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
  "an operator's job %s of a newer version is refused, not done without what is new in it",
  (name, payload) => {
    const { payload: schema } = jobs[name];
    expect(schema.safeParse(payload).success).toBe(true);
    expect(schema.safeParse({ ...payload, dryRun: true }).success).toBe(false);
  },
);
