import { describe, expect, test } from '@jest/globals';
import { newEvent } from '../contract/events.ts';
import { type HouseColumns, houseColumns, problemOr } from './house-columns.ts';

const GOLD = { name: 'Gold', price: 9_900 };
const SILVER = { name: 'Silver', price: 5_000, types: { child: 2_500 }, color: '#c0c0c0' };

/** The columns of a house, or its problem, as a request describes it. */
function columnsOf(house: object): { result: HouseColumns } | { problem: string } {
  const event = newEvent.parse({ name: 'Test', ...house });
  return problemOr(() => houseColumns(event));
}

const zonesOf = (house: object) => {
  const columns = columnsOf(house);
  if ('problem' in columns) throw new Error(columns.problem);
  return columns.result.zones;
};

describe('a house is stored', () => {
  test('with its categories by number, and each zone with the price of its own', () => {
    const { result } = columnsOf({
      categories: [GOLD, SILVER],
      zones: [
        { name: 'Stalls', category: 'Silver', rows: 2, seatsPerRow: 3 },
        { price: 700, rows: 1, seatsPerRow: 4 },
        { rows: 1, seatsPerRow: 1 },
      ],
    }) as { result: HouseColumns };
    expect(result.categories).toEqual([
      { number: 1, ...GOLD, types: null, color: null },
      { number: 2, ...SILVER },
    ]);
    const plain = { isArea: false, capacity: null, plan: null };
    expect(result.zones).toEqual([
      { ...plain, number: 1, name: 'Stalls', category: 2, price: 5_000, rows: 2, seatsPerRow: 3 },
      { ...plain, number: 2, name: null, category: null, price: 700, rows: 1, seatsPerRow: 4 },
      { ...plain, number: 3, name: null, category: null, price: 0, rows: 1, seatsPerRow: 1 },
    ]);
  });

  test('without a plan where listed rows are alike, and with one where they differ in anything', () => {
    const alike = { rows: [{ seats: 4 }, { seats: 4 }] };
    const uneven = { rows: [{ seats: 3 }, { seats: 5 }] };
    const broken = { rows: [{ seats: 4, gapsAfter: [2] }] };
    expect(zonesOf({ zones: [alike, uneven, broken] })).toMatchObject([
      { rows: 2, seatsPerRow: 4, capacity: null, plan: null },
      { rows: 2, seatsPerRow: 5, capacity: 8, plan: [{ seats: 3 }, { seats: 5 }] },
      { rows: 1, seatsPerRow: 4, capacity: 4, plan: [{ seats: 4, gapsAfter: [2] }] },
    ]);
  });

  test('with areas in rows of 64 places', () => {
    expect(zonesOf({ zones: [{ area: true, capacity: 130 }] })).toMatchObject([
      { rows: 3, seatsPerRow: 64, isArea: true, capacity: 130, plan: null },
    ]);
  });

  test('with the categories of rows and seats that differ from their zone’s, as ranges', () => {
    const [zone] = zonesOf({
      categories: [GOLD, SILVER],
      zones: [
        {
          category: 'Silver',
          rows: [
            { seats: 5, category: 'Gold' },
            { seats: 5, category: 'Silver' },
          ],
        },
      ],
      seats: [
        { ids: ['1-1-3'], category: 'Silver' },
        { ids: ['1-2-2', '1-2-1', '1-2-5'], category: 'Gold' },
      ],
    });
    expect(zone?.plan).toEqual([
      {
        seats: 5,
        categories: [
          [1, 2, 1],
          [4, 5, 1],
        ],
      },
      {
        seats: 5,
        categories: [
          [1, 2, 1],
          [5, 5, 1],
        ],
      },
    ]);
  });

  test('with accessible seats and companions in the order of the row, also in rows that were alike', () => {
    const [zone] = zonesOf({
      zones: [{ rows: 2, seatsPerRow: 6 }],
      seats: [
        { ids: ['1-2-6'], companionOf: '1-2-5' },
        { ids: ['1-2-5', '1-2-2'], accessible: true },
        { ids: ['1-2-1'], companionOf: '1-2-2' },
      ],
    });
    expect(zone?.plan).toEqual([
      { seats: 6 },
      {
        seats: 6,
        accessible: [2, 5],
        companions: [
          [1, 2],
          [6, 5],
        ],
      },
    ]);
  });
});

describe('a house is refused with the path of the field', () => {
  const zones = [
    { rows: 2, seatsPerRow: 4 },
    { area: true, capacity: 10 },
  ];
  const accessible = { ids: ['1-1-1'], accessible: true };

  test.each([
    ['a zone of an unknown category', { zones: [{ ...zones[0], category: 'Gold' }] }, 'zones.0.category: '],
    [
      'a row of an unknown category',
      { zones: [{ rows: [{ seats: 1, category: 'Gold' }] }] },
      'zones.0.rows.0.category',
    ],
    ['seats of an unknown category', { zones, seats: [{ ids: ['1-1-1'], category: 'Gold' }] }, 'seats.0.category'],
    [
      'two zones with one name',
      {
        zones: [
          { ...zones[0], name: 'A' },
          { ...zones[1], name: 'A' },
        ],
      },
      'zones.1.name',
    ],
    ['a seat beyond its row', { zones, seats: [{ ids: ['1-1-4', '1-1-5'], accessible: true }] }, 'seats.0.ids.1'],
    ['a seat beyond its zone', { zones, seats: [{ ids: ['1-3-1'], accessible: true }] }, 'seats.0.ids.0'],
    ['a seat of an unknown zone', { zones, seats: [{ ids: ['3-1-1'], accessible: true }] }, 'seats.0.ids.0'],
    [
      'a seat of an area',
      { zones, seats: [{ ids: ['2-1-1'], accessible: true }] },
      'seats.0.ids.0: 2-1-1 is in an area',
    ],
    [
      'a companion of a seat that is not accessible',
      { zones, seats: [accessible, { ids: ['1-1-2'], companionOf: '1-1-3' }] },
      'seats.1.companionOf: 1-1-3 is not accessible',
    ],
    [
      'a companion in another row',
      { zones, seats: [accessible, { ids: ['1-2-1'], companionOf: '1-1-1' }] },
      'seats.1.companionOf: 1-2-1 is not in the row',
    ],
    [
      'a companion that is accessible itself',
      { zones, seats: [accessible, { ids: ['1-1-2'], accessible: true, companionOf: '1-1-1' }] },
      'seats.1.companionOf: 1-1-2 is accessible itself',
    ],
    [
      'more than 200,000 rows',
      { zones: Array(21).fill({ rows: 10_000, seatsPerRow: 1 }) },
      'zones: at most 200000 rows',
    ],
    ['more than 10 million seats', { zones: Array(2).fill({ area: true, capacity: 6e6 }) }, 'zones: at most 10000000'],
    [
      'more than 64 prices',
      { categories: [GOLD], zones: Array.from({ length: 64 }, (_, price) => ({ ...zones[0], price })) },
      'zones: at most 64 categories',
    ],
  ])('for %s', (_what, house, problem) => {
    expect(columnsOf(house)).toEqual({ problem: expect.stringContaining(problem) });
    expect(columnsOf({ zones })).toHaveProperty('result');
  });
});
