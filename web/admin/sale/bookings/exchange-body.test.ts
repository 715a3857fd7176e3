import { expect, test } from '@jest/globals';
import { exchangeBody as exchangeSchema } from '../../../../shared/contract/bookings.ts';
import type { EventView } from '../../../../shared/contract/events.ts';
import type { Booking } from '../../../../shared/contract/tickets.ts';
import { createHouse } from '../../../house/house.ts';
import { emptyForm, newZone } from '../event-form/form.ts';
import { previewOf } from '../event-form/preview.ts';
import { differenceOf, type ExchangeForm, exchangeBody } from './exchange-body.ts';

const form = (part: Partial<ExchangeForm>): ExchangeForm => ({
  how: 'best',
  count: '2',
  zone: '',
  category: '',
  seats: [],
  reason: '',
  paymentReference: '',
  amount: '',
  ...part,
});

test.each([
  [{}, { count: 2 }],
  [
    { zone: '3', category: 'Gold', reason: 'pillar' },
    { count: 2, zone: 3, category: 'Gold', reason: 'pillar' },
  ],
  [{ how: 'exact' as const, seats: ['1-1-1'] }, { seats: ['1-1-1'] }],
  [
    { paymentReference: 'pay_1', amount: '6,50' },
    { count: 2, paymentReference: 'pay_1', amount: 650, currency: 'EUR' },
  ],
])('%j is a body that the API takes', (part, body) => {
  expect(exchangeBody(form(part), 'EUR')).toEqual({ body });
  expect(exchangeSchema.safeParse(body).success).toBe(true);
});

test.each([
  [{ count: 'two' }, 'count'],
  [{ how: 'exact' as const }, 'seats'],
  [{ paymentReference: 'pay_1', amount: 'much' }, 'amount'],
])('%j has a problem', (part, path) => {
  expect(exchangeBody(form(part), 'EUR')).toMatchObject({ problem: { path } });
});

test('new seats have the prices of now, kept ones their own', () => {
  const zones = ['30', '50'].map((price) => ({ ...newZone(false), price, rows: '1', seatsPerRow: '5' }));
  const house = createHouse(previewOf({ ...emptyForm('UTC'), zones }) as EventView);
  const booking = {
    total: 4_500,
    items: [
      { seat: '1-1-1', price: 2_000 },
      { seat: '1-1-2', price: 2_500 },
    ],
  } as Booking;
  expect(differenceOf(house, booking, ['1-1-1', '2-1-1'])).toBe(2_500);
  expect(differenceOf(house, booking, ['1-1-5'])).toBe(-1_500);
  expect(differenceOf(house, {} as Booking, ['1-1-5'])).toBeUndefined();
});
