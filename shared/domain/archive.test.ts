import { describe, expect, test } from '@jest/globals';
import {
  BrokenArchive,
  createTally,
  headerLine,
  isSame,
  lastLine,
  type Rows,
  readArchive,
  rowLine,
} from './archive.ts';

const ROWS: Rows[] = [
  { table: 'event', rows: ['{"id":7,"name":"A \\n \u2028 night"}'] },
  { table: 'seat', rows: ['{"number":1}', '{"number":2}', '{"number":3}'] },
];

const tallyOf = (all: readonly Rows[]) => {
  const tally = createTally();
  for (const rows of all) tally.add(rows);
  return tally.result();
};
const LINES = [
  headerLine(7),
  ...ROWS.flatMap(({ table, rows }) => rows.map((row) => rowLine(table, row))),
  lastLine(tallyOf(ROWS)),
];

async function read(lines: readonly string[], most = 2) {
  const rows: Rows[] = [];
  const reader = readArchive(
    (async function* () {
      yield* lines;
    })(),
    7,
    most,
  );
  for (;;) {
    const next = await reader.next();
    if (next.done) return { rows, tally: next.value };
    rows.push(next.value);
  }
}

describe('an archive', () => {
  test('is read in batches of one table, with the tally that was written', async () => {
    const { rows, tally } = await read(LINES);
    expect(rows).toEqual([
      ROWS[0],
      { table: 'seat', rows: ['{"number":1}', '{"number":2}'] },
      { table: 'seat', rows: ['{"number":3}'] },
    ]);
    expect(isSame(tally, tallyOf(ROWS))).toBe(true);
  });

  test('that was cut at any line is broken', async () => {
    for (let length = 0; length < LINES.length; length += 1)
      await expect(read(LINES.slice(0, length))).rejects.toThrow(BrokenArchive);
  });

  test('with a changed, missing, repeated or foreign line is broken', async () => {
    const broken = [
      LINES.with(2, LINES[2]?.replace('1', '9') ?? ''),
      LINES.toSpliced(2, 1),
      LINES.toSpliced(2, 0, LINES[2] ?? ''),
      [...LINES, rowLine('seat', '{}')],
      [...LINES, ...LINES],
      LINES.with(0, headerLine(8)),
      LINES.with(0, LINES[0]?.replace('"version":1', '"version":2') ?? ''),
      LINES.with(3, LINES[3]?.slice(0, -3) ?? ''),
    ];
    for (const lines of broken) await expect(read(lines)).rejects.toThrow(BrokenArchive);
  });

  test('tallies the same rows as the same, in whatever batches, and others as others', () => {
    const inOne = tallyOf(ROWS.flatMap(({ table, rows }) => rows.map((row) => ({ table, rows: [row] }))));
    expect(isSame(inOne, tallyOf(ROWS))).toBe(true);
    expect(isSame(tallyOf(ROWS.slice(1)), tallyOf(ROWS))).toBe(false);
    expect(isSame(tallyOf([...ROWS, { table: 'seat', rows: ['{}'] }]), tallyOf(ROWS))).toBe(false);
  });
});
