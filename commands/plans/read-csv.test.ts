import { expect, test } from '@jest/globals';
import { isArea } from './plan.ts';
import { createProblems } from './problems.ts';
import { readCsv } from './read-csv.ts';

const HEADER = 'zone,row,seat,x,y,category,attributes';

/** The plan that these lines make, and the problems that they have. */
function read(...lines: string[]) {
  const problems = createProblems();
  const plan = readCsv(lines.join('\r\n'), problems);
  let listed: string[] = [];
  try {
    problems.throwIfAny();
  } catch (fault) {
    listed = (fault as Error).message.split('\n').slice(1);
  }
  return { plan, problems: listed };
}

const rowsOf = (plan: ReturnType<typeof read>['plan']) =>
  plan?.zones.flatMap((zone) => (isArea(zone) ? [] : zone.rows)) ?? [];

test('zones, rows and seats have the order of their first line, and categories too', () => {
  const { plan, problems } = read(
    HEADER,
    'Upper,B,1,,,Silver,',
    'Lower,A,2,,,Gold,',
    'Upper,A,1,,,Gold,',
    'Upper,B,9,,,Silver,',
  );
  expect(problems).toEqual([]);
  expect(plan?.zones.map(({ name }) => name)).toEqual(['Upper', 'Lower']);
  expect(rowsOf(plan).map(({ label, seats }) => [label, seats.map(({ number }) => number)])).toEqual([
    ['B', ['1', '9']],
    ['A', ['1']],
    ['A', ['2']],
  ]);
  expect(plan?.categories).toEqual([{ name: 'Silver' }, { name: 'Gold' }]);
});

test('fields may be quoted, with commas, quotation marks and breaks in them', () => {
  const { plan, problems } = read(`\uFEFF${HEADER}`, '"Stalls, ""left""",A,"1\n",,,"Gold",', '', 'X,A,1,,,Gold,');
  expect(problems).toEqual([]);
  expect(plan?.zones.map(({ name }) => name)).toEqual(['Stalls, "left"', 'X']);
  expect(rowsOf(plan)[1]?.seats[0]?.at).toBe('line 5');
});

test('columns come in any order, and coordinates and attributes may be missing', () => {
  const { plan, problems } = read('category,seat,row,zone', 'Gold,1,A,Stalls');
  expect(problems).toEqual([]);
  expect(rowsOf(plan)[0]).toMatchObject({
    label: 'A',
    seats: [{ number: '1', category: 'Gold', position: undefined }],
  });
});

test('attributes make seats accessible, seats of companions, gaps and areas', () => {
  const { plan, problems } = read(
    HEADER,
    'Stalls,A,1,,,Gold,accessible',
    'Stalls,A,2,,,Gold,companion:1; gap',
    'Floor,,,,,Standing,area:3000',
  );
  expect(problems).toEqual([]);
  expect(rowsOf(plan)[0]?.seats).toMatchObject([
    { isAccessible: true, companionOf: undefined, hasGapAfter: false },
    { isAccessible: false, companionOf: '1', hasGapAfter: true },
  ]);
  expect(plan?.zones[1]).toEqual({ at: 'line 4', name: 'Floor', category: 'Standing', capacity: 3000 });
});

test('coordinates make gaps', () => {
  const lines = [0, 10, 20, 40].map((x, i) => `Stalls,A,${i},${x}.5,-3,Gold,`);
  const { plan } = read(HEADER, ...lines);
  expect(rowsOf(plan)[0]?.seats.map(({ hasGapAfter }) => hasGapAfter)).toEqual([false, false, true, false]);
  expect(rowsOf(plan)[0]?.seats[3]?.position).toEqual([40.5, -3]);
});

test('every bad line is named with its field', () => {
  const { problems } = read(
    HEADER,
    'Stalls,A,1,12.5,left,Gold,',
    'Stalls,A,2,,,Gold,wheelchair',
    'Stalls,A,3,,,Gold',
    'Floor,1,,,,Standing,area:50',
    'Stalls,,,,,Standing,area:50',
    'Floor,A,1,,,Gold,',
    'Floor,,,,,Standing,area:0',
  );
  expect(problems).toEqual([
    'line 2: y: "left" is no number such as 12.5',
    'line 3: attributes: "wheelchair" is none of accessible, gap, companion:<seat>, area:<capacity>',
    'line 4: has 6 fields; the header has 7',
    'line 5: attributes: an area has no row and no seat',
    'line 6: zone: Stalls is there already, at line 2',
    'line 7: row: zone Floor is an area, by line 5; an area has no rows',
    'line 8: attributes: "area:0" is none of accessible, gap, companion:<seat>, area:<capacity>',
    'line 8: row: zone Floor is an area, by line 5; an area has no rows',
    'line 3: x: other seats of row A have coordinates',
  ]);
});

test('a header that lacks a column, repeats one or has another is refused, and nothing else is read', () => {
  const { plan, problems } = read('zone,row,row,price,seat', 'a,b,c,d,e');
  expect(plan).toBeUndefined();
  expect(problems.map((problem) => problem.split(';')[0])).toEqual([
    'line 1: header: there is no column "price"',
    'line 1: header: column row appears twice',
    'line 1: header: column category is missing',
  ]);
  expect(read('').problems).toEqual([
    `line 1: header: is missing; the columns are zone,row,seat,category,x,y,attributes`,
  ]);
});

test('a quotation mark that is not closed is named by its line', () => {
  expect(read(HEADER, 'Stalls,A,1,,,Gold,', 'Stalls,"A,2,,,Gold,').problems).toEqual([
    expect.stringMatching(/^line 3: no CSV: Quote Not Closed/),
  ]);
});

test('at most twenty problems are listed, and the others are counted', () => {
  const lines = Array.from({ length: 30 }, (_, i) => `Stalls,A,${i},,,Gold,nonsense`);
  const { problems } = read(HEADER, ...lines);
  expect(problems).toHaveLength(21);
  expect(problems.at(-1)).toBe('... and 10 more');
});
