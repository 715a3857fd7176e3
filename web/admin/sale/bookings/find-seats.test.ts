import { expect, test } from '@jest/globals';
import type { EventView } from '../../../../shared/contract/events.ts';
import { createHouse } from '../../../house/house.ts';
import { emptyForm, newZone } from '../event-form/form.ts';
import { previewOf } from '../event-form/preview.ts';
import { isSeatId, seatsCalled } from './find-seats.ts';

const zones = ['Stalls', 'Balcony'].map((name) => ({
  ...newZone(false),
  name,
  rows: '2',
  seatsPerRow: '5',
  price: '1',
}));
const event = previewOf({ ...emptyForm('UTC'), zones }) as EventView;
const house = createHouse(event);
const row = { seats: 5, label: 'A', labels: ['1', '3', '5', '2', '4'] };
house.addPlan({
  eventId: 1,
  zones: [{ zone: 1, rows: [row, { seats: 5, label: 'B', labels: ['B-1', 'B-2', 'B-3', 'B-4', 'B-5'] }] }],
});

test.each([
  ['Stalls A 5', ['1-1-3']],
  ['stalls, row a, seat 5', ['1-1-3']],
  ['A-5', ['1-1-3']],
  ['B-3', ['1-2-3']],
  ['Balcony 2-4', ['2-2-4']],
  ['2-4', ['2-2-4']],
  ['A-6', []],
  ['5', []],
  ['', []],
])('%j is %j', (text, ids) => {
  expect(seatsCalled(house, text)).toEqual(ids);
});

test('an id is told from a printed name', () => {
  expect(['1-2-3', '1-2', 'A-5'].map(isSeatId)).toEqual([true, false, false]);
});
