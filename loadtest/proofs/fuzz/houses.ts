import { below, pick, type Random } from '../../kit/random.ts';
import { type Field, linesOf } from './values.ts';

/** A house as it is, as the body of a new event: conditions of wishes name what it has. */
export const HOUSE_AS_IT_IS = {
  name: 'Fuzz',
  categories: [
    { name: 'Gold', price: 9_000, types: { adult: 9_000, child: 4_500 }, color: '#d4af37' },
    { name: 'Silver', price: 5_000 },
  ],
  zones: [
    {
      name: 'Stalls',
      category: 'Gold',
      rows: [
        { label: 'A', seats: 6, gapsAfter: [3], labels: ['1', '3', '5', '2', '4', '6'] },
        { label: 'B', seats: 9, category: 'Silver' },
        { seats: 4, positions: [0, 1, 2, 3].map((x) => [x, -0.5]) },
      ],
    },
    { rows: 3, seatsPerRow: 9, price: 100 },
    { name: 'Floor', category: 'Silver', area: true, capacity: 70 },
  ],
  seats: [
    { ids: ['1-3-1'], accessible: true },
    { ids: ['1-3-2'], companionOf: '1-3-1' },
  ],
  maxSeats: 20,
};

/** Fields of a house, each as it is and with mistakes. */
const CATEGORIES = [
  JSON.stringify(HOUSE_AS_IT_IS.categories),
  ...linesOf(`
    [{"name":"Gold","price":-1}]
    [{"name":"Gold","price":1},{"name":"Gold","price":2}]
    [{"name":"Silver","price":1,"types":{"":1},"color":"red"}]
  `),
];
const ZONES = [
  JSON.stringify(HOUSE_AS_IT_IS.zones),
  ...linesOf(`
    [{"area":true,"rows":2}]
    [{"area":true,"capacity":10000001}]
    [{"rows":[{"seats":3,"gapsAfter":[3]}]}]
    [{"rows":[{"seats":2,"labels":["1","1"]}]}]
    [{"rows":[{"seats":2,"positions":[[0,1e999],[0,0]]}]}]
    [{"rows":1,"seatsPerRow":1,"category":"none"}]
    [{"rows":10000,"seatsPerRow":1000},{"rows":1,"seatsPerRow":1}]
  `),
];
const SEATS = [
  JSON.stringify(HOUSE_AS_IT_IS.seats),
  ...linesOf(`
    [{"ids":["1-1-2"],"companionOf":"1-1-3"}]
    [{"ids":["9-9-9"],"accessible":true}]
    [{"ids":["3-1-1"],"accessible":true}]
    [{"ids":["1-1-1"]}]
  `),
];

export const anyHouse = (random: Random): Field[] => [
  ['name', '"House"'],
  ['categories', pick(random, CATEGORIES)],
  ['zones', pick(random, ZONES)],
  ['seats', pick(random, SEATS)],
  ['maxSeats', pick(random, ['5', '20', '21'])],
];

/** Changes of such a house. */
const HOUSE_CHANGES: readonly Field[] = [
  ['categories', '[{"name":"Gold","price":8000}]'],
  ['categories', '[{"name":"Bronze","price":1,"types":null,"color":null}]'],
  ['categories', '[{"name":"none"}]'],
  ['zones', '[{"zone":2,"rows":4,"seatsPerRow":9}]'],
  ['zones', '[{"zone":2,"rows":2}]'],
  ['zones', '[{"zone":3,"capacity":80}]'],
  ['zones', '[{"zone":3,"rows":1}]'],
  ['zones', '[{"zone":2,"name":"Balcony"},{"zone":2}]'],
  ['newZones', '[{"area":true,"capacity":5}]'],
  ['newZones', '[{"area":true,"capacity":5,"seatsPerRow":1}]'],
  ['seats', '[{"ids":["2-1-1"],"accessible":true},{"ids":["2-1-2"],"companionOf":"2-1-1"}]'],
  ['seats', '[{"ids":["2-1-2"],"companionOf":"2-3-1"}]'],
  ['accessibleUntil', 'null'],
  ['accessibleUntil', '"2026-01-01T10:00:00Z"'],
  ['maxSeats', '20'],
  ['maxSeats', '4'],
];

/** Up to so many of some fields. One may come twice, as in the bodies of careless clients. */
const pickSome = (random: Random, fields: readonly Field[], most: number): Field[] =>
  Array.from({ length: 1 + below(random, most) }, () => pick(random, fields));

/** Conditions of wishes, possible ones and others. */
const CONDITIONS: readonly Field[] = [
  ['category', '"Gold"'],
  ['category', '"none"'],
  ['maxPrice', '5000'],
  ['maxPrice', '0'],
  ['types', '{"child":1}'],
  ['types', '{"adult":1,"child":2}'],
  ['types', '{"senior":1}'],
  ['places', '{"zone":3,"count":2}'],
  ['places', '{"zone":1,"count":1}'],
  ['places', '{"zone":3,"count":0}'],
  ['accessible', '1'],
  ['accessible', '20'],
  ['split', 'true'],
  ['split', 'false'],
];

export const anyHouseChange = (random: Random): Field[] => pickSome(random, HOUSE_CHANGES, 2);

export const anyConditions = (random: Random): Field[] => pickSome(random, CONDITIONS, 2);
