import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { errorCodes } from '../contract/codes.ts';
import { MAX_INTEGER } from '../contract/ids.ts';
import { outcome as outcomeSchema, rejectedOutcome } from '../contract/tickets.ts';
import { bookingView } from './booking-view.ts';
import { readOutcome, settledView, writeBooked, writeOutcome, writeRefused } from './outcome-text.ts';
import { newTicketId } from './ticket-id.ts';

const TICKET = newTicketId(0);
const CREATED = new Date('2026-11-28T10:00:00.123Z');
const EXPIRES = new Date('2026-11-28T10:05:00.123Z');

const number = fc.integer({ min: 1, max: MAX_INTEGER });
const time = fc.date({ min: new Date('2025-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
const isoTime = time.map((date) => date.toISOString());
const label = fc.tuple(number, number, number).map((parts) => parts.map((part) => (part % 999_999) + 1).join('-'));
const labels = fc.array(label, { minLength: 1, maxLength: 20 });
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

/** A record without the fields that are undefined: JSON has none of them. */
const present = <Fields extends object>(fields: Fields): Fields => JSON.parse(JSON.stringify(fields)) as Fields;

const kind = fc.constantFrom('book', 'confirm', 'extend', 'reduce', 'exchange', 'cancel', 'return');
const booking = fc.record({
  id: fc.constant(TICKET),
  eventId: number,
  userId: optional(number),
  status: fc.constantFrom('PENDING', 'CONFIRMED', 'CANCELLED', 'EXPIRED', 'RETURNED'),
  zone: optional(number),
  row: optional(number),
  startIndex: optional(number),
  seatsCount: number,
  seats: labels,
  createdAt: isoTime,
  expiresAt: optional(isoTime),
});
const alternative = fc.record({ zone: number, row: number, startIndex: optional(number), seatsCount: number });
const anyOutcome = fc
  .oneof(
    fc.record({
      kind,
      status: fc.constantFrom('booked', 'confirmed', 'extended', 'reduced', 'exchanged', 'cancelled', 'returned'),
      booking,
    }),
    fc.record({
      kind,
      status: fc.constantFrom('rejected', 'failed'),
      code: fc.constantFrom(...errorCodes),
      heldSeats: optional(number),
      alternatives: optional(fc.array(alternative)),
      onSaleAt: optional(isoTime),
      holdAgainAt: optional(isoTime),
      booking: optional(booking),
    }),
  )
  .map((outcome) => outcomeSchema.parse(present(outcome)));

describe('text leads back to the outcome, and is one line', () => {
  test('of any kind', () => {
    fc.assert(
      fc.property(anyOutcome, (outcome) => {
        const { text, ...labelled } = writeOutcome(outcome);
        expect(readOutcome(TICKET, text)).toEqual(outcome);
        expect(text).not.toContain('\n');
        const { kind, status } = outcome;
        expect(labelled).toEqual({ kind, status, code: 'code' in outcome ? outcome.code : undefined });
        expect(settledView(TICKET, text)).toBe(JSON.stringify({ ticketId: TICKET, ...outcome }));
      }),
    );
  });

  test('of a saved claim: the booking is the one that PostgreSQL has', () => {
    const claim = fc.record({
      eventId: number,
      userId: optional(number),
      seats: labels,
      reference: optional(fc.string({ minLength: 1 })),
      metadata: optional(fc.record({ cart: fc.string(), lines: fc.array(fc.nat()) })),
      details: optional(fc.dictionary(fc.constantFrom('1-1-1', '3-12-5'), fc.record({ label: fc.string() }))),
    });
    const saved = fc.record({
      createdAt: time,
      expiresAt: fc.option(time),
      prices: fc.oneof(fc.tuple(fc.nat()), fc.array(fc.nat(), { minLength: 5, maxLength: 5 })),
      currency: fc.constantFrom('EUR', 'JPY'),
    });
    fc.assert(
      fc.property(claim, saved, (claimed, row) => {
        const { eventId, userId = null, seats, reference = null, metadata = null, details = null } = claimed;
        const { text, ...labelled } = writeBooked({ ticketId: TICKET, ...claimed }, row);
        const status = row.expiresAt === null ? 'CONFIRMED' : 'PENDING';
        const own = { id: TICKET, eventId, userId, status, seats, reference, metadata, details } as const;
        const outcome = { kind: 'book', status: 'booked', booking: bookingView({ ...own, ...row }) } as const;
        expect(outcomeSchema.parse(readOutcome(TICKET, text))).toEqual(outcome);
        expect(text).not.toContain('\n');
        expect(labelled).toEqual({ kind: 'book', status: 'booked', code: undefined });
        expect(settledView(TICKET, text)).toBe(JSON.stringify({ ticketId: TICKET, ...outcome }));
      }),
    );
  });
});

const sold = { createdAt: CREATED, expiresAt: null };
const held = { createdAt: CREATED, expiresAt: EXPIRES };

test('a booking is written without what follows from its seats', () => {
  const inRow = { ticketId: TICKET, eventId: 7, seats: ['3-12-5', '3-12-6'] };
  const ofOnePrice = writeBooked(inRow, { ...sold, prices: [4_900], currency: 'EUR' });
  expect(ofOnePrice.text).toBe('B 7 1795860000123 - - EUR4900 3-12-5 3-12-6');
  expect(settledView(TICKET, ofOnePrice.text)).toBe(
    `{"ticketId":"${TICKET}","kind":"book","status":"booked","booking":{"id":"${TICKET}","eventId":7,` +
      '"status":"CONFIRMED","zone":3,"row":12,"startIndex":4,"seatsCount":2,"seats":["3-12-5","3-12-6"],' +
      '"items":[{"seat":"3-12-5","price":4900},{"seat":"3-12-6","price":4900}],"total":9800,"currency":"EUR",' +
      '"createdAt":"2026-11-28T10:00:00.123Z"}}',
  );
  const apart = { ticketId: TICKET, eventId: 7, userId: 5, seats: ['1-1-1', '2-1-1'] };
  const ofTwoPrices = writeBooked(apart, { ...held, prices: [500, 0], currency: 'JPY' });
  expect(ofTwoPrices.text).toBe('B 7 1795860000123 1795860300123 5 JPY500,0 1-1-1 2-1-1');
  expect(settledView(TICKET, ofTwoPrices.text)).toBe(
    `{"ticketId":"${TICKET}","kind":"book","status":"booked","booking":{"id":"${TICKET}","eventId":7,"userId":5,` +
      '"status":"PENDING","runs":[{"zone":1,"row":1,"startIndex":0,"seatsCount":1},' +
      '{"zone":2,"row":1,"startIndex":0,"seatsCount":1}],"seatsCount":2,"seats":["1-1-1","2-1-1"],' +
      '"items":[{"seat":"1-1-1","price":500},{"seat":"2-1-1","price":0}],"total":500,"currency":"JPY",' +
      '"createdAt":"2026-11-28T10:00:00.123Z","expiresAt":"2026-11-28T10:05:00.123Z"}}',
  );
});

test('a text of before there were prices still shows its booking', () => {
  const text = 'B 7 1795860000123 1795860300123 5 1-1-1 2-1-1';
  const outcome = outcomeSchema.parse(readOutcome(TICKET, text));
  expect(outcome).toEqual({
    kind: 'book',
    status: 'booked',
    booking: {
      id: TICKET,
      eventId: 7,
      userId: 5,
      status: 'PENDING',
      runs: [
        { zone: 1, row: 1, startIndex: 0, seatsCount: 1 },
        { zone: 2, row: 1, startIndex: 0, seatsCount: 1 },
      ],
      seatsCount: 2,
      seats: ['1-1-1', '2-1-1'],
      createdAt: CREATED.toISOString(),
      expiresAt: EXPIRES.toISOString(),
    },
  });
});

test('a refusal keeps the details of the claim script, and a client reads them by name', () => {
  const refusal = writeRefused(3, 'SOLD_OUT', ['12', '1:2', '1:3:0', '2:1:5:2']);
  expect(refusal).toEqual({
    kind: 'book',
    status: 'rejected',
    code: 'SOLD_OUT',
    text: 'R 3 SOLD_OUT 12 1:2 1:3:0 2:1:5:2',
  });
  expect(settledView(TICKET, refusal.text)).toBe(
    `{"ticketId":"${TICKET}","kind":"book","status":"rejected","code":"SOLD_OUT","heldSeats":12,"alternatives":[` +
      '{"zone":1,"row":2,"seatsCount":3},{"zone":1,"row":3,"startIndex":0,"seatsCount":3},' +
      '{"zone":2,"row":1,"startIndex":5,"seatsCount":2}]}',
  );
  const at = String(CREATED.getTime());
  const [onSaleAt, holdAgainAt] = [CREATED.toISOString(), CREATED.toISOString()];
  expect([
    readOutcome(TICKET, writeRefused(1, 'NOT_ON_SALE', [at]).text),
    readOutcome(TICKET, writeRefused(1, 'HOLD_COOLDOWN', [at]).text),
    readOutcome(TICKET, writeRefused(1, 'SEAT_TAKEN', []).text),
    readOutcome(TICKET, writeRefused(3, 'NO_ADJACENT_SEATS', ['1:2:0:2', 's:1:2:0:2', 's:1:3:7:1']).text),
  ]).toEqual([
    rejectedOutcome('book', { code: 'NOT_ON_SALE', onSaleAt }),
    rejectedOutcome('book', { code: 'HOLD_COOLDOWN', holdAgainAt }),
    rejectedOutcome('book', { code: 'SEAT_TAKEN' }),
    rejectedOutcome('book', {
      code: 'NO_ADJACENT_SEATS',
      alternatives: [{ zone: 1, row: 2, startIndex: 0, seatsCount: 2 }],
      split: [
        { zone: 1, row: 2, startIndex: 0, seatsCount: 2 },
        { zone: 1, row: 3, startIndex: 7, seatsCount: 1 },
      ],
    }),
  ]);
});

test('a text of no known form is a fault', () => {
  expect(() => readOutcome(TICKET, 'X 1')).toThrow('an outcome has no such form: X 1');
});
