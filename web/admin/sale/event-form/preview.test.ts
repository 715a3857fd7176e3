import { expect, test } from '@jest/globals';
import { emptyForm, newCategory, newZone } from './form.ts';
import { previewOf } from './preview.ts';

test('a form is drawn as the house that it would make', () => {
  const gold = { ...newCategory(), name: 'Gold', price: '99', color: '#d4af37' };
  const form = {
    ...emptyForm('UTC'),
    categories: [gold],
    zones: [
      { ...newZone(false, 'Gold'), name: 'Stalls', rows: '3', seatsPerRow: '4' },
      { ...newZone(true), capacity: '100', price: '30' },
    ],
  };
  expect(previewOf(form)).toMatchObject({
    totalSeats: 112,
    categories: [{ name: 'Gold', price: 9_900, color: '#d4af37' }],
    zones: [
      { zone: 1, name: 'Stalls', category: 'Gold', price: 9_900, rows: 3, seatsPerRow: 4, capacity: 12 },
      { zone: 2, area: true, price: 3_000, rows: 2, seatsPerRow: 64, capacity: 100 },
    ],
  });
});

test.each([
  ['a zone without a size', { rows: '' }],
  ['a zone of a plan', { hasPlan: true }],
  ['more seats than a preview draws', { rows: '9999', seatsPerRow: '1000' }],
])('%s is not drawn', (_, part) => {
  expect(previewOf({ ...emptyForm('UTC'), zones: [{ ...newZone(false), ...part }] })).toBeUndefined();
});
