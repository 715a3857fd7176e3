import { expect, test } from '@jest/globals';
import { jobs } from './jobs.ts';
import {
  MAX_BATCH_BYTES,
  MAX_BATCH_REQUESTS,
  MAX_LABEL_LENGTH,
  MAX_RANKED_WISHES,
  MAX_SEATS_PER_REQUEST,
  MAX_WISH_BYTES,
} from './limits.ts';

const ticketId = '01890a5d-ac96-774b-bcce-b302099a8057';
const request = { ticketId, eventId: 1, wish: { count: 2 }, hold: true, userId: 1 };

test('a request with a field of a newer version is rejected, not parsed without the field', () => {
  expect(jobs.book.payload.parse({ requests: [request] }).requests[0]).toEqual(request);
  expect(jobs.book.payload.safeParse({ requests: [{ ...request, insured: true }] }).success).toBe(false);
  expect(jobs.book.payload.safeParse({ requests: [request], priority: 1 }).success).toBe(false);
});

test('a batch of the longest requests fits in a job', () => {
  const digest = 'f'.repeat(64);
  const seats = Array.from({ length: MAX_SEATS_PER_REQUEST }, (_, i) => `2000-10000-${i + 981}`);
  const types = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`${i}`.padEnd(MAX_LABEL_LENGTH, 'x'), 4]));
  const longest = {
    ticketId,
    eventId: 2_147_483_647,
    wish: { wishes: Array.from({ length: MAX_RANKED_WISHES }, () => ({ seats, types })) },
    hold: true,
    userId: 2_147_483_647,
    idempotency: { digest, fingerprint: digest },
    admission: { generation: 1e9, position: 1e9, uses: 15, untilMs: 1.8e12 },
    reference: '"'.repeat(128),
    metadata: { text: '€'.repeat(337) },
    soldBy: 's'.repeat(64),
    trace: { parent: `00-${'f'.repeat(32)}-${'f'.repeat(16)}-01`, queuedAtMs: 1.8e12 },
  };
  const job = { ledger: true, requests: Array.from({ length: MAX_BATCH_REQUESTS }, () => longest) };
  expect(Buffer.byteLength(JSON.stringify(longest.wish.wishes))).toBeGreaterThan(0.9 * MAX_WISH_BYTES);
  expect(Buffer.byteLength(JSON.stringify(longest.metadata))).toBe(1_022);
  expect(jobs.book.payload.parse(job)).toEqual(job);
  expect(Buffer.byteLength(JSON.stringify(job))).toBeLessThan(MAX_BATCH_BYTES);
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
