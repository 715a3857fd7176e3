import { expect, test } from '@jest/globals';
import { itemsOf } from './booking-items.ts';

test('one price is that of every seat', () => {
  expect(itemsOf(['1-1-1', '1-1-2'], { prices: [4_900], currency: 'EUR' })).toEqual({
    items: [
      { seat: '1-1-1', price: 4_900 },
      { seat: '1-1-2', price: 4_900 },
    ],
    total: 9_800,
    currency: 'EUR',
  });
});

test('a seat has its details, if it has any', () => {
  const details = { '1-1-2': { label: 'B-2', category: 'Gold', type: 'child' }, '9-9-9': { label: 'another seat' } };
  expect(itemsOf(['1-1-1', '1-1-2'], { prices: [4_900], currency: 'EUR', details }).items).toEqual([
    { seat: '1-1-1', price: 4_900 },
    { seat: '1-1-2', label: 'B-2', category: 'Gold', type: 'child', price: 4_900 },
  ]);
});

test('several prices are those of the seats in their order', () => {
  const { items, total } = itemsOf(['1-1-1', '2-1-1', '3-1-1'], { prices: [4_900, 0, 100], currency: 'JPY' });
  expect(items.map(({ price }) => price)).toEqual([4_900, 0, 100]);
  expect(total).toBe(5_000);
});
