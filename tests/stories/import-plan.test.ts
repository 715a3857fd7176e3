import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { projectRoot } from '../../shared/platform/root.ts';
import { send } from '../support/client.ts';
import { cleanUp, dataFolder, run } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const ADMIN_TOKEN = 'an-admin-token-of-at-least-32-characters';
const system = useSystem({ ZONES: 1, ROWS: 1, SEATS_PER_ROW: 1, ADMIN_TOKEN });
afterAll(cleanUp);

const planOf = (name: string) => join(projectRoot, 'docs', 'plans', name);
const PRICES_OF_CLUB = 'Front table=12000,Table=9000,Terrace=7000';

const importPlan = (file: string, args: string[] = [], env: Record<string, string> = { ADMIN_TOKEN }) =>
  run('commands/import-plan', [file, '--url', system().url, ...args], { DATA_DIR: dataFolder(), ...env }).ended;

const get = async (path: string) => (await send(system().url, 'GET', path)).body;
const eventsNow = async () => ((await get('/api/events')).events as unknown[]).length;

/** Imports a plan, and reads the event back: its view, its plan, and its seats by id. */
async function imported(file: string, ...args: string[]) {
  const { code, output } = await importPlan(planOf(file), args);
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringMatching(/^Created: .*\/events\/\d+$/m) });
  const id = /\/events\/(\d+)$/m.exec(output)?.[1];
  const [event, plan, whole] = await Promise.all([
    get(`/api/events/${id}`),
    get(`/api/events/${id}/plan`),
    get(`/api/events/${id}?include=seats`),
  ]);
  const seats = new Map((whole.seats as { seatNumber: string }[]).map((seat) => [seat.seatNumber, seat]));
  const rowsOf = (zone: number) =>
    (plan.zones as { zone: number; rows: Record<string, unknown>[] }[]).find((one) => one.zone === zone)?.rows ?? [];
  return { output, event, seats, rowsOf };
}

test('a theatre in pretix’ format comes with its aisles, balconies, prices, and seats of companions', async () => {
  const options = [
    '--accessible',
    'Wheelchair',
    '--companions',
    'Companion',
    '--prices',
    planOf('theatre.prices.json'),
  ];
  const { output, event, seats, rowsOf } = await imported('theatre.json', ...options);
  expect(output).toContain('accessible seats: 6, seats of companions: 6, with coordinates: 910');
  expect(event).toMatchObject({ name: 'The Playhouse', currency: 'EUR', totalSeats: 910 });
  expect(event.zones).toMatchObject([
    { name: 'Stalls', rows: 16, capacity: 494, category: 'Stalls' },
    { name: 'Circle', rows: 6, capacity: 222, category: 'Circle' },
    { name: 'Balcony', rows: 5, capacity: 164, category: 'Balcony' },
    { name: 'Boxes', rows: 6, capacity: 30, category: 'Box' },
  ]);
  expect(event.categories).toContainEqual({
    name: 'Premium',
    price: 9900,
    types: { adult: 9900, child: 4900 },
    color: '#b3261e',
  });
  expect(rowsOf(1).map(({ label, seats: count, gapsAfter }) => [label, count, gapsAfter])).toEqual(
    [...'ABCDEFGHJKLMNOPQ'].map((label, r) => {
      const side = 6 + Math.floor(r / 3);
      const middle = 14 + (r % 2);
      return [label, 2 * side + middle, [side, side + middle]];
    }),
  );
  expect(rowsOf(1)[0]?.positions).toHaveLength(26);
  expect(seats.get('1-1-7')).toMatchObject({ label: 'A-7', category: 'Premium', price: 9900, zoneName: 'Stalls' });
  expect(seats.get('1-1-6')).toMatchObject({ label: 'A-6', category: 'Stalls', price: 6900 });
  expect(seats.get('4-3-2')).toMatchObject({ label: 'Box 3-2', rowLabel: 'Box 3', category: 'Box' });
  const special = [...seats.values()].filter((seat) => 'accessible' in seat || 'companionOf' in seat);
  expect(special).toHaveLength(12);
  expect(seats.get('2-1-1')).toMatchObject({ accessible: true, category: 'Wheelchair', price: 3400 });
  expect(seats.get('2-1-2')).toMatchObject({ companionOf: '2-1-1', category: 'Companion', price: 3_400 });
});

test('an arena in CSV comes with its standing floor and the seats that its entrances take away', async () => {
  const prices = 'Standing=5900,Lower=8900,Upper=6900';
  const { event, seats, rowsOf } = await imported('arena.csv', '--name', 'Arena', '--prices', prices);
  expect(event).toMatchObject({ name: 'Arena', totalSeats: 7_966, counts: { total: 7_966, available: 7_966 } });
  const [floor, first, ...others] = event.zones as object[];
  expect(floor).toMatchObject({ name: 'Floor', area: true, capacity: 3_000, category: 'Standing', price: 5900 });
  expect(first).toMatchObject({ name: 'Block 101', rows: 14, seatsPerRow: 32, capacity: 357 });
  expect(others).toHaveLength(13);
  expect(rowsOf(5)[5]).toMatchObject({ label: '6', seats: 20, gapsAfter: [10] });
  expect(seats.get('5-6-10')).toMatchObject({ label: '6-10', category: 'Lower' });
  expect(seats.get('5-6-11')).toMatchObject({ label: '6-15', category: 'Lower' });
  expect(seats.get('5-8-1')).toMatchObject({ category: 'Upper', price: 6900 });
  expect(seats.get('2-1-18')).toMatchObject({ companionOf: '2-1-19' });
});

test('a club comes with tables: rows of four round a table', async () => {
  const { event, seats, rowsOf } = await imported('club.csv', '--name', 'Club', '--prices', PRICES_OF_CLUB);
  expect(event).toMatchObject({ totalSeats: 160, currency: 'EUR' });
  const tables = [...rowsOf(1), ...rowsOf(2)];
  expect(tables.map(({ label, seats: count, gapsAfter }) => [label, count, gapsAfter])).toEqual(
    Array.from({ length: 40 }, (_, t) => [`Table ${t + 1}`, 4, undefined]),
  );
  expect(tables[39]?.positions).toEqual([
    [750, 878],
    [782, 910],
    [750, 942],
    [718, 910],
  ]);
  expect(seats.get('2-6-2')).toMatchObject({ label: 'Table 34-2', companionOf: '2-6-1', category: 'Terrace' });
});

describe('nothing is created', () => {
  function fileOf(...lines: string[]): string {
    const path = join(dataFolder(), 'plan.csv');
    writeFileSync(path, lines.join('\n'));
    return path;
  }

  test('where a plan has problems: all of them are listed, with line and field', async () => {
    const before = await eventsNow();
    const file = fileOf(
      'zone,row,seat,x,y,category,attributes',
      'Stalls,A,1,0,zero,Gold,',
      'Stalls,A,1,1,0,Gold,companion:9',
      'Stalls,B,1,0,0,,',
    );
    const { code, output } = await importPlan(file, ['--name', 'Bad', '--prices', 'Silver=1']);
    expect(output.trim().split('\n')).toEqual([
      'The plan cannot be imported:',
      'line 2: y: "zero" is no number such as 12.5',
      'line 3: seat: "A-1" is there already, at line 2',
      'line 3: attributes: row A has no accessible seat 9',
      'line 4: category: is empty',
      '--prices: no price for category "Gold"',
      '--prices: the plan has no category "Silver"',
    ]);
    expect(code).toBe(1);
    expect(await eventsNow()).toBe(before);
  });

  test('on a dry run, which prints what would be', async () => {
    const before = await eventsNow();
    const args = ['--dry-run', '--name', 'Club', '--prices', PRICES_OF_CLUB, '--area', 'Bar=60:Terrace'];
    const { code, output } = await importPlan(planOf('club.csv'), args);
    expect(code).toBe(0);
    expect(output).toContain('"Club": 160 seats, and 60 places in 1 areas');
    expect(output).toContain('zone 1  "Club floor": 28 rows of 4 seats, 0 gaps');
    expect(output).toContain('category "Terrace": 108, each 7000 (minor units of EUR)');
    expect(output).toContain('Nothing was created: --dry-run');
    expect(await eventsNow()).toBe(before);
  });

  test('where the API refuses it, or options are wrong', async () => {
    const before = await eventsNow();
    const club = planOf('club.csv');
    const named = ['--name', 'Club', '--prices', PRICES_OF_CLUB];
    const stranger = await importPlan(club, named, { ADMIN_TOKEN: 'another-token-of-at-least-32-characters' });
    expect(stranger).toMatchObject({
      code: 1,
      output: expect.stringMatching(/refused it, so nothing was created: \w+/),
    });
    for (const [file, args, message] of [
      [club, ['--prices', PRICES_OF_CLUB], '--name: the plan has no name for the event'],
      [club, [...named, '--prices', 'Gold=1.5'], '--prices: neither a file nor'],
      [club, [...named, '--area', 'Bar'], '--area "Bar": a name, a capacity and a category'],
      [club, [...named, '--colour', 'red'], "Unknown option '--colour'"],
      [club, [...named, '--url', 'somewhere'], '--url: somewhere is no address'],
      ['no-such-plan.csv', named, 'There is no file no-such-plan.csv'],
    ] as const)
      expect(await importPlan(file, [...args])).toMatchObject({ code: 78, output: expect.stringContaining(message) });
    const currency = await importPlan(club, [...named, '--currency', 'XXX-']);
    expect(currency).toMatchObject({ code: 1, output: expect.stringContaining('currency: ') });
    expect(await eventsNow()).toBe(before);
  });
});
