import { expect, test } from '@jest/globals';
import { buildHouse } from './house.ts';
import { withNamedOffers } from './named-offers.ts';
import { readOutcome, writeRefused } from './outcome-text.ts';

const TICKET = '68935a8f-4c41-8000-9b1f-2c44a07e61d3';
const zone = { number: 1, name: null, price: 0, category: null, isArea: false, capacity: null, plan: null };

const houseOf = (ofZone: object) =>
  buildHouse({
    ...{ id: 1, name: 'Hamlet', generation: 1, currency: 'EUR', createdAt: new Date(0), cancelledAt: null },
    ...{
      onSaleAt: null,
      startsAt: null,
      endsAt: null,
      accessibleUntil: null,
      venue: null,
      timeZone: 'UTC',
      rings: null,
    },
    ...{ salesPaused: false, holdSeconds: 60, maxHoldSeconds: 60, seatLimit: null, maxSeats: 5, avoidSingles: false },
    categories: [],
    zones: [{ ...zone, rows: 2, seatsPerRow: 4, ...ofZone }],
  });

const refused = writeRefused(2, 'NO_ADJACENT_SEATS', ['1:2', '1:1:0:2', 's:1:2:1:1', 's:1:1:3:1']);

test('a refusal of a house without names keeps its text', () => {
  expect(withNamedOffers(TICKET, refused, houseOf({}))).toBe(refused);
  expect(withNamedOffers(TICKET, refused, undefined)).toBe(refused);
});

test('offered seats have the printed names that there are', () => {
  const plan = [{ seats: 4, label: 'A', labels: ['7', '5', '3', '1'] }, { seats: 4 }];
  const { text, ...counted } = withNamedOffers(TICKET, refused, houseOf({ name: 'Stalls', plan }));
  expect(counted).toEqual({ kind: 'book', status: 'rejected', code: 'NO_ADJACENT_SEATS' });
  const ofB = { zone: 1, row: 2, zoneName: 'Stalls' };
  const ofA = { zone: 1, row: 1, zoneName: 'Stalls', rowLabel: 'A' };
  expect(readOutcome(TICKET, text)).toEqual({
    ...counted,
    alternatives: [
      { ...ofB, seatsCount: 2 },
      { ...ofA, startIndex: 0, seatsCount: 2, labels: { '1-1-1': '7', '1-1-2': '5' } },
    ],
    split: [
      { ...ofB, startIndex: 1, seatsCount: 1 },
      { ...ofA, startIndex: 3, seatsCount: 1, labels: { '1-1-4': '1' } },
    ],
  });
});
