import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { newEvent } from '../../shared/contract/events.ts';
import { projectRoot } from '../../shared/platform/root.ts';
import { areaOf } from './additions.ts';
import { eventBodyOf } from './event-body.ts';
import { readPrices } from './prices.ts';
import { readPlan } from './read-plan.ts';

const NOTHING = { accessible: [], companions: [], areas: [] };
const HEADER = 'zone,row,seat,category,attributes';
const GOLD = { Gold: { price: 9_900 } };

const csv = (...lines: string[]) => [HEADER, ...lines].join('\n');
const bodyOf = (text: string, prices = 'Gold=9900,Silver=4900', additions: Parameters<typeof readPlan>[1] = NOTHING) =>
  eventBodyOf(readPlan(text, additions, readPrices(prices)), {
    name: 'Evening',
    currency: 'EUR',
    prices: readPrices(prices),
  });

function problemsOf(work: () => unknown): string[] {
  try {
    work();
    return [];
  } catch (fault) {
    return (fault as Error).message.split('\n').slice(1);
  }
}

describe('the body that creates an event', () => {
  test('has the usual category of a zone, and names rows and seats that differ', () => {
    const body = bodyOf(
      csv(
        ...['1', '2', '3', '4'].map((seat) => `Stalls,A,${seat},Gold,`),
        ...['1', '2', '3'].map((seat) => `Stalls,B,${seat},Silver,`),
        'Stalls,B,4,Gold,',
        'Stalls,C,7,Gold,accessible',
        'Stalls,C,9,Silver,companion:7',
        'Stalls,C,10,Gold,gap',
        'Stalls,C,11,Gold,',
      ),
    );
    expect(body).toEqual({
      name: 'Evening',
      currency: 'EUR',
      categories: [
        { name: 'Gold', price: 9900 },
        { name: 'Silver', price: 4900 },
      ],
      zones: [
        {
          name: 'Stalls',
          category: 'Gold',
          rows: [
            { label: 'A', seats: 4 },
            { label: 'B', seats: 4, category: 'Silver' },
            { label: 'C', seats: 4, gapsAfter: [3], labels: ['C-7', 'C-9', 'C-10', 'C-11'] },
          ],
        },
      ],
      seats: [
        { ids: ['1-2-4'], category: 'Gold' },
        { ids: ['1-3-1'], accessible: true },
        { ids: ['1-3-2'], category: 'Silver', companionOf: '1-3-1' },
      ],
    });
  });

  test('has areas of the file and of the command line, and no gap after the last seat', () => {
    const lines = csv('Floor,,,Silver,area:3000', 'Stalls,A,1,Gold,', 'Stalls,A,2,Gold,gap');
    const body = bodyOf(lines, 'Gold=9900,Silver=4900,Bar=100', { ...NOTHING, areas: [areaOf('Bar=60:Bar')] });
    expect(body.zones).toEqual([
      { name: 'Floor', category: 'Silver', area: true, capacity: 3000 },
      { name: 'Stalls', category: 'Gold', rows: [{ label: 'A', seats: 2 }] },
      { name: 'Bar', category: 'Bar', area: true, capacity: 60 },
    ]);
    expect(body.categories.map(({ name }) => name)).toEqual(['Silver', 'Gold', 'Bar']);
  });

  test('has accessible seats and companions by their categories', () => {
    const seats = ['Wheel', 'Friend', 'Gold', 'Friend', 'Wheel'].map((category, i) => `Stalls,A,${i + 1},${category},`);
    const additions = { ...NOTHING, accessible: ['Wheel'], companions: ['Friend'] };
    const body = bodyOf(csv(...seats), 'Gold=9900,Wheel=4900,Friend=0', additions);
    expect(body.seats).toEqual([
      { ids: ['1-1-1', '1-1-5'], accessible: true },
      { ids: ['1-1-2'], category: 'Friend', companionOf: '1-1-1' },
      { ids: ['1-1-3'], category: 'Gold' },
      { ids: ['1-1-4'], category: 'Friend', companionOf: '1-1-5' },
    ]);
  });
});

describe('a plan is refused', () => {
  test('with everything that is wrong at once', () => {
    const text = csv(
      ' ,A,1,Gold,',
      'Stalls,,1,Gold,',
      'Stalls,B,,Gold,',
      'Stalls,C,1,,',
      'Stalls,D,1,Gold,',
      'Stalls,D,1,Gold,',
      'Stalls,E,1,Gold,companion:2',
      'Stalls,E,2,Gold,companion:3',
      'Stalls,E,3,Gold,accessible;companion:3',
      'Stalls,F\u202E,1,Silver,',
    );
    expect(problemsOf(() => readPlan(text, NOTHING, { ...GOLD, Bronze: { price: 1 } }))).toEqual([
      'line 2: zone: is empty',
      'line 3: row: is empty',
      'line 4: seat: is empty',
      'line 5: category: is empty',
      'line 7: seat: "D-1" is there already, at line 6',
      'line 8: attributes: row E has no accessible seat 2',
      'line 10: attributes: an accessible seat is no companion’s seat',
      expect.stringMatching(/^line 11: row: .*must have no control/),
      '--prices: no price for category "Silver"',
      '--prices: the plan has no category "Bronze"',
    ]);
  });

  test('where it is empty, or larger than a house may be', () => {
    expect(problemsOf(() => readPlan(HEADER, NOTHING, {}))).toEqual(['there is no seat and no area']);
    const wide = csv(...Array.from({ length: 1_001 }, (_, i) => `Stalls,A,${i},Gold,`));
    expect(problemsOf(() => readPlan(wide, NOTHING, GOLD))).toEqual(['line 2: 1001 seats; a row has at most 1000']);
    const crowd = csv('Floor,,,Gold,area:9999999', 'Stalls,A,1,Gold,', 'Stalls,A,2,Gold,');
    expect(problemsOf(() => readPlan(crowd, NOTHING, GOLD))).toEqual([
      '10000001 seats and places; an event has at most 10000000',
    ]);
    const many = csv(...Array.from({ length: 65 }, (_, i) => `Stalls,A,${i},C${i},`));
    const prices = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`C${i}`, { price: 1 }]));
    expect(problemsOf(() => readPlan(many, NOTHING, prices))).toEqual(['65 categories; an event has at most 64']);
  });

  test('where the command line names a category that it does not have, or a companion is alone', () => {
    const additions = { ...NOTHING, accessible: ['Wheel'], companions: ['Gold'] };
    expect(problemsOf(() => readPlan(csv('Stalls,A,1,Gold,'), additions, GOLD))).toEqual([
      '--accessible: the plan has no category "Wheel"',
      'line 2: category: row A has no accessible seat for this companion',
    ]);
  });
});

test('prices are a list or a file, whole numbers in the minor unit', () => {
  expect(readPrices('Gold=9900, Box 1=4900')).toEqual({ Gold: { price: 9900 }, 'Box 1': { price: 4900 } });
  expect(readPrices(join(projectRoot, 'docs/plans/theatre.prices.json'))).toMatchObject({
    Premium: { price: 9900, types: { child: 4900 } },
    Companion: { price: 3400 },
  });
  for (const bad of ['Gold', 'Gold=99.50', 'Gold=-1', 'no-such-file.json', 'Gold=9999999999'])
    expect(() => readPrices(bad)).toThrow('--prices');
});

describe('the three plans of docs/plans', () => {
  const read = (file: string, prices: string, additions = NOTHING as Parameters<typeof readPlan>[1]) =>
    bodyOf(readFileSync(join(projectRoot, 'docs/plans', file), 'utf8'), prices, additions);
  const sizeOf = (body: ReturnType<typeof read>) =>
    body.zones.map((zone) => ('capacity' in zone ? zone.capacity : zone.rows.reduce((sum, row) => sum + row.seats, 0)));

  test('the theatre has two aisles, balconies, boxes, and accessible seats with companions', () => {
    const additions = { accessible: ['Wheelchair'], companions: ['Companion'], areas: [] };
    const body = read('theatre.json', join(projectRoot, 'docs/plans/theatre.prices.json'), additions);
    expect(newEvent.safeParse(body).error).toBeUndefined();
    expect(sizeOf(body)).toEqual([494, 222, 164, 30]);
    expect(body.zones[0]).toMatchObject({
      name: 'Stalls',
      category: 'Stalls',
      rows: expect.arrayContaining([expect.objectContaining({ label: 'A', seats: 26, gapsAfter: [6, 20] })]),
    });
    const accessible = body.seats?.flatMap((seat) => ('accessible' in seat ? seat.ids : []));
    const companions = body.seats?.flatMap((seat) => ('companionOf' in seat ? seat.ids : []));
    expect([accessible?.length, companions?.length]).toEqual([6, 6]);
  });

  test('the arena has a standing floor, and blocks where seats are missing over an entrance', () => {
    const body = read('arena.csv', 'Standing=5900,Lower=8900,Upper=6900');
    expect(newEvent.safeParse(body).error).toBeUndefined();
    expect(sizeOf(body)).toEqual([3_000, 357, 357, 357, 341, ...Array(6).fill(357), 341, 357, 357, 357]);
    expect(body.zones[0]).toEqual({ name: 'Floor', category: 'Standing', area: true, capacity: 3_000 });
    const [, , , , block] = body.zones;
    const rows = block !== undefined && 'rows' in block ? block.rows : [];
    expect(rows[5]).toMatchObject({ label: '6', seats: 20, gapsAfter: [10] });
    expect(rows[5]?.labels?.slice(9, 11)).toEqual(['6-10', '6-15']);
  });

  test('the club has forty tables, which are rows of four without gaps', () => {
    const body = read('club.csv', 'Front table=12000,Table=9000,Terrace=7000');
    expect(newEvent.safeParse(body).error).toBeUndefined();
    const rows = body.zones.flatMap((zone) => ('rows' in zone ? zone.rows : []));
    expect(rows.map(({ seats, gapsAfter = [] }) => [seats, gapsAfter.length])).toEqual(Array(40).fill([4, 0]));
    expect(rows[0]?.positions).toEqual([
      [100, 128],
      [132, 160],
      [100, 192],
      [68, 160],
    ]);
  });
});
