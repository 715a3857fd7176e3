import { expect, test } from '@jest/globals';
import { isArea, type Plan } from './plan.ts';
import { createProblems } from './problems.ts';
import { readPretix } from './read-pretix.ts';

const at = (x: number, y = 0) => ({ x, y });
const seat = (number: string, x: number, more: object = {}) => ({
  seat_guid: `guid-${number}-${x}`,
  seat_number: number,
  position: at(x),
  category: 'Gold',
  ...more,
});
const rowOf = (number: string, seats: object[], more: object = {}) => ({
  row_number: number,
  position: at(0),
  seats,
  ...more,
});
const fileOf = (rows: object[], zone: object = {}) => ({
  name: 'Hall',
  categories: [{ name: 'Gold', color: '#ffcc00' }],
  zones: [{ name: 'Stalls', position: at(0), rows, ...zone }],
  size: { width: 100, height: 100 },
});

/** Reads a plan that has no problem. */
function read(file: object): Plan {
  const problems = createProblems();
  const plan = readPretix(JSON.stringify(file), problems);
  problems.throwIfAny();
  if (plan === undefined) throw new Error('no plan');
  return plan;
}

function problemsOf(text: string): string[] {
  const problems = createProblems();
  readPretix(text, problems);
  try {
    problems.throwIfAny();
    return [];
  } catch (fault) {
    return (fault as Error).message.split('\n').slice(1);
  }
}

const rowsOf = ({ zones }: Plan) => zones.flatMap((zone) => (isArea(zone) ? [] : zone.rows));

test('the position of a seat is that of its zone, its row and itself together', () => {
  const row = rowOf('A', [seat('1', 3), seat('2', 5)], { position: at(10, 20) });
  const plan = read(fileOf([row], { position: at(100, 200) }));
  expect(rowsOf(plan)[0]?.seats.map(({ position }) => position)).toEqual([
    [113, 220],
    [115, 220],
  ]);
});

test('a gap is where two neighbours are at least 1.75 times as far apart as most of the row', () => {
  const xs = [0, 10, 20, 37.4, 47.4, 64.9, 74.9, 84.9];
  const plan = read(
    fileOf([
      rowOf(
        'A',
        xs.map((x, i) => seat(String(i + 1), x)),
      ),
    ]),
  );
  expect(
    rowsOf(plan)[0]
      ?.seats.filter(({ hasGapAfter }) => hasGapAfter)
      .map(({ number }) => number),
  ).toEqual(['5']);
});

test('seats round a table, and seats at one place, have no gap', () => {
  const table = [at(0, -3), at(3, 0), at(0, 3), at(-3, 0)].map((position, i) => seat(`${i}`, 0, { position }));
  const heap = ['a', 'b', 'c'].map((number) => seat(number, 0));
  const plan = read(fileOf([rowOf('1', table), rowOf('2', heap)]));
  expect(rowsOf(plan).flatMap(({ seats }) => seats.filter(({ hasGapAfter }) => hasGapAfter))).toEqual([]);
});

test('rows of one number in a zone are the parts of one row', () => {
  const parts = [rowOf('A', [seat('1', 0), seat('2', 10)]), rowOf('A', [seat('3', 40), seat('4', 50)])];
  const [row, ...others] = rowsOf(read(fileOf(parts)));
  expect(others).toEqual([]);
  expect(row?.seats.map(({ number, at: place }) => [number, place])).toEqual([
    ['1', 'zones[0].rows[0].seats[0]'],
    ['2', 'zones[0].rows[0].seats[1]'],
    ['3', 'zones[0].rows[1].seats[0]'],
    ['4', 'zones[0].rows[1].seats[1]'],
  ]);
  expect(row?.seats.map(({ hasGapAfter }) => hasGapAfter)).toEqual([false, true, false, false]);
});

test('labels of rows and seats are filled in as pretix does', () => {
  const row = rowOf('3', [seat('7', 0, { seat_label: 'Place %s' })], { row_label: 'Box %s' });
  expect(rowsOf(read(fileOf([row])))[0]).toMatchObject({
    label: 'Box 3',
    seats: [{ number: '7', label: 'Box 3, Place 7' }],
  });
});

test('drawings and rows without seats are left out, and fields of editors are ignored', () => {
  const stage = { shape: 'rectangle', color: '#ccc', position: at(0), rectangle: { width: 1, height: 1 } };
  const plan = read({
    ...fileOf([rowOf('A', [seat('1', 0, { uuid: 'u', radius: 10 })]), rowOf('B', [])], { areas: [stage] }),
    uuid: 'of the editor',
  });
  expect(rowsOf(plan)).toHaveLength(1);
  expect(plan.leftOut).toEqual(['1 drawings', '1 rows without seats']);
});

test('every field that is missing or of another type is named by its path', () => {
  const bad = fileOf([rowOf('A', [seat('1', 0), { ...seat('2', 1), seat_number: 2, position: { x: 'left', y: 0 } }])]);
  expect(problemsOf(JSON.stringify({ ...bad, name: undefined }))).toEqual([
    expect.stringMatching(/^name: .*expected string/),
    expect.stringMatching(/^zones\[0\]\.rows\[0\]\.seats\[1\]\.seat_number: .*expected string/),
    expect.stringMatching(/^zones\[0\]\.rows\[0\]\.seats\[1\]\.position\.x: .*expected number/),
  ]);
});

test('a text that is no JSON is refused with its place', () => {
  expect(problemsOf('{"name": ')).toEqual([expect.stringMatching(/^no JSON: /)]);
});
