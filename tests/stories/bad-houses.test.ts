import { afterEach, describe, expect, test } from '@jest/globals';
import { MAX_HOUSE_BYTES } from '../../shared/contract/limits.ts';
import { send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 1, ROWS: 1, SEATS_PER_ROW: 4 });
const create = (event: object) => send(system().url, 'POST', '/api/events', { name: 'Hamlet', ...event });
const patch = (id: unknown, body: object) => send(system().url, 'PATCH', `/api/events/${id}`, body);

const GOLD = { name: 'Gold', price: 9_900 };
const PLAIN = { rows: 2, seatsPerRow: 4 };
const ACCESSIBLE = { ids: ['1-1-1'], accessible: true };
const rows = (...listed: object[]) => ({ zones: [{ rows: listed }] });
const zone = (fields: object) => ({ zones: [fields] });
const seats = (...entries: object[]) => ({ zones: [PLAIN, { area: true, capacity: 10 }], seats: entries });
const types = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`type ${i}`, i]));

describe('a house is refused with the path of the field, and nothing is created', () => {
  afterEach(async () => {
    expect(await system().prisma.event.findMany({ select: { id: true } })).toEqual([{ id: 1 }]);
    expect(await system().prisma.category.count()).toBe(0);
  });

  test.each([
    ['a category that the event does not have', zone({ ...PLAIN, category: 'Gold' }), 'zones.0.category'],
    ['a category of a row that it does not have', rows({ seats: 2, category: 'Gold' }), 'zones.0.rows.0.category'],
    ['a category of seats that it does not have', seats({ ids: ['1-1-1'], category: 'Gold' }), 'seats.0.category'],
    [
      'a category and a price',
      { categories: [GOLD], ...zone({ ...PLAIN, category: 'Gold', price: 1 }) },
      'zones.0.price',
    ],
    ['two categories with one name', { categories: [GOLD, GOLD], zones: [PLAIN] }, 'categories.1.name'],
    ['a category without a price', { categories: [{ name: 'Gold' }], zones: [PLAIN] }, 'categories.0.price'],
    ['half a cent', { categories: [{ ...GOLD, price: 9.5 }], zones: [PLAIN] }, 'categories.0.price'],
    ['a colour by name', { categories: [{ ...GOLD, color: 'gold' }], zones: [PLAIN] }, 'categories.0.color'],
    ['21 ticket types', { categories: [{ ...GOLD, types: types(21) }], zones: [PLAIN] }, 'categories.0.types'],
    [
      'a negative price of a ticket type',
      { categories: [{ ...GOLD, types: { child: -1 } }], zones: [PLAIN] },
      'categories.0.types.child',
    ],
    [
      '65 categories',
      { categories: Array.from({ length: 65 }, (_, price) => ({ name: `${price}`, price })), zones: [PLAIN] },
      'categories',
    ],
    [
      '64 categories and a zone with a price of its own',
      { categories: Array.from({ length: 64 }, (_, price) => ({ name: `${price}`, price })), zones: [PLAIN] },
      'zones',
    ],
    ['a gap after the last seat', rows({ seats: 4, gapsAfter: [4] }), 'zones.0.rows.0.gapsAfter.0'],
    ['a gap before the first seat', rows({ seats: 4, gapsAfter: [0] }), 'zones.0.rows.0.gapsAfter.0'],
    ['gaps in descending order', rows({ seats: 4, gapsAfter: [2, 1] }), 'zones.0.rows.0.gapsAfter.1'],
    ['a gap twice', rows({ seats: 4, gapsAfter: [2, 2] }), 'zones.0.rows.0.gapsAfter.1'],
    ['fewer labels than seats', rows({ seats: 2, labels: ['1'] }), 'zones.0.rows.0.labels'],
    ['two seats of a row with one label', rows({ seats: 2, labels: ['1', '1'] }), 'zones.0.rows.0.labels.1'],
    ['a blank label', rows({ seats: 2, labels: ['1', ' '] }), 'zones.0.rows.0.labels.1'],
    ['two rows with one label', rows({ label: 'A', seats: 1 }, { label: 'A', seats: 1 }), 'zones.0.rows.1.label'],
    ['fewer positions than seats', rows({ seats: 2, positions: [[0, 0]] }), 'zones.0.rows.0.positions'],
    ['a position without y', rows({ seats: 1, positions: [[0]] }), 'zones.0.rows.0.positions.0'],
    ['a row without seats', rows({ label: 'A' }), 'zones.0.rows.0.seats'],
    ['a row of 1,001 seats', rows({ seats: 1_001 }), 'zones.0.rows.0.seats'],
    ['an unknown field of a row', rows({ seats: 1, gaps: [] }), 'zones.0.rows.0.gaps'],
    ['no rows', rows(), 'zones.0.rows'],
    ['rows as a text', zone({ rows: 'many', seatsPerRow: 1 }), 'zones.0.rows'],
    ['a zone without rows', zone({ name: 'Stalls' }), 'zones.0.rows'],
    ['rows without seats', zone({ rows: 2 }), 'zones.0.seatsPerRow'],
    ['listed rows with a number of seats', zone({ rows: [{ seats: 1 }], seatsPerRow: 1 }), 'zones.0.seatsPerRow'],
    [
      'two zones with one name',
      {
        zones: [
          { ...PLAIN, name: 'A' },
          { ...PLAIN, name: 'A' },
        ],
      },
      'zones.1.name',
    ],
    ['an area with rows', zone({ area: true, capacity: 5, rows: 1 }), 'zones.0.rows'],
    ['an area with listed rows', zone({ area: true, capacity: 5, rows: [{ seats: 1 }] }), 'zones.0.rows'],
    ['an area without a capacity', zone({ area: true }), 'zones.0.capacity'],
    ['an area of more than 10 million', zone({ area: true, capacity: 10_000_001 }), 'zones.0.capacity'],
    ['rows with a capacity', zone({ ...PLAIN, capacity: 8 }), 'zones.0.capacity'],
    ['an unknown field of a zone', zone({ ...PLAIN, isArea: true }), 'zones.0.isArea'],
    ['a seat that the house does not have', seats({ ...ACCESSIBLE, ids: ['1-1-1', '1-3-1'] }), 'seats.0.ids.1'],
    ['a seat of an area', seats({ ...ACCESSIBLE, ids: ['2-1-1'] }), 'seats.0.ids.0'],
    ['seats of which nothing is said', seats({ ids: ['1-1-1'] }), 'seats.0'],
    ['a seat that is not accessible, false', seats({ ids: ['1-1-1'], accessible: false }), 'seats.0.accessible'],
    [
      'a companion without an accessible seat',
      seats(ACCESSIBLE, { ids: ['1-1-2'], companionOf: '1-1-3' }),
      'seats.1.companionOf',
    ],
    ['a companion in another row', seats(ACCESSIBLE, { ids: ['1-2-1'], companionOf: '1-1-1' }), 'seats.1.companionOf'],
    [
      'a companion’s seat that is accessible itself',
      seats(ACCESSIBLE, { ids: ['1-1-2'], accessible: true, companionOf: '1-1-1' }),
      'seats.1.companionOf',
    ],
    ['its own companion', seats({ ...ACCESSIBLE, companionOf: '1-1-1' }), 'seats.0.companionOf'],
    ['more than 10 million seats', { zones: Array(2).fill({ rows: 10_000, seatsPerRow: 501 }) }, 'zones'],
    ['more than 200,000 rows', { zones: Array(21).fill({ rows: 10_000, seatsPerRow: 1 }) }, 'zones'],
    ['prices in gold, which has no minor unit', { currency: 'XAU', categories: [GOLD], zones: [PLAIN] }, 'currency'],
    ['an accessible time that is none', { zones: [PLAIN], accessibleUntil: 'soon' }, 'accessibleUntil'],
  ])('%s', async (_what, event, path) => {
    const { status, body } = await create(event);
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'INVALID_REQUEST' });
    expect(`${body.detail}:`).toMatch(new RegExp(`^${path.replaceAll('.', '\\.')}: `));
  });

  test('a body of more than 8 MiB', async () => {
    const { status, body } = await create({ zones: [PLAIN], rings: ' '.repeat(MAX_HOUSE_BYTES) });
    expect({ status, body }).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
    expect(body.detail).toContain('8192 KiB');
  });
});

describe('a change of a house is refused with the path of the field, and nothing is changed', () => {
  const HOUSE = {
    categories: [GOLD],
    zones: [{ name: 'Stalls', ...PLAIN }, { rows: [{ seats: 2 }, { seats: 3 }] }, { area: true, capacity: 10 }],
    seats: [ACCESSIBLE],
  };

  test('by its zone, category or seat', async () => {
    const { id } = (await create(HOUSE)).body;
    const select = { generation: true, rings: true, zones: true, categories: true };
    const stored = () => system().prisma.event.findUnique({ where: { id: Number(id) }, select });
    const before = await stored();
    for (const [change, path] of [
      [{ categories: [{ name: 'Silver' }] }, 'categories.0.price'],
      [{ categories: [{ name: 'Gold', price: -1 }] }, 'categories.0.price'],
      [{ zones: [{ zone: 4, rows: 1 }] }, 'zones.0.zone'],
      [
        {
          zones: [
            { zone: 1, rows: 3 },
            { zone: 1, rows: 4 },
          ],
        },
        'zones.1.zone',
      ],
      [{ zones: [{ zone: 1, category: 'Silver' }] }, 'zones.0.category'],
      [{ zones: [{ zone: 1, category: 'Gold', price: 5 }] }, 'zones.0.price'],
      [{ zones: [{ zone: 1, capacity: 5 }] }, 'zones.0.capacity'],
      [{ zones: [{ zone: 1, area: true }] }, 'zones.0.area'],
      [{ zones: [{ zone: 2, seatsPerRow: 5 }] }, 'zones.0.seatsPerRow'],
      [{ zones: [{ zone: 2, name: 'Stalls' }] }, 'zones.0.name'],
      [{ zones: [{ zone: 3, rows: 5 }] }, 'zones.0.rows'],
      [{ newZones: [{ name: 'Stalls', ...PLAIN }] }, 'newZones.0.name'],
      [{ newZones: [{ area: true }] }, 'newZones.0.capacity'],
      [{ newZones: [{ area: true, capacity: 9_999_990 }] }, 'zones'],
      [{ seats: [{ ids: ['1-3-1'], accessible: true }] }, 'seats.0.ids.0'],
      [{ seats: [{ ids: ['1-2-1'], companionOf: '1-1-1' }] }, 'seats.0.companionOf'],
      [{ rings: [[1, 2, 3]], newZones: [PLAIN] }, 'rings'],
    ] as const) {
      const { status, body } = await patch(id, change);
      expect({ change, status, detail: `${body.detail}:`.split(': ')[0] }).toEqual({
        change,
        status: 400,
        detail: path,
      });
    }
    expect(await stored()).toEqual(before);
  });

  test('by its price, in a currency of an earlier version without a minor unit', async () => {
    const { id } = (await create(HOUSE)).body;
    await system().prisma.event.update({ where: { id: Number(id) }, data: { currency: 'XAU' } });
    expect(await patch(id, { categories: [{ name: 'Gold', price: 5 }] })).toMatchObject({
      status: 400,
      body: { detail: 'categories.0.price: XAU has no minor unit' },
    });
    expect(await patch(id, { name: 'Othello' })).toMatchObject({ status: 200 });
  });
});
