import { createHash, type Hash } from 'node:crypto';

/**
 * The archive of an event: lines of JSON (NDJSON). The first line is the header, then comes a line for each row as
 * PostgreSQL's row_to_json renders it, and the last line has the number and the SHA-256 of the rows of each table. A
 * file without that last line was cut short.
 */
const FORMAT = 'frontrow-archive';
const VERSION = 1;

/** Rows of one table, as JSON texts. */
export type Rows = { table: string; rows: string[] };

/** For each table that has rows, their number and the SHA-256 of their texts, in order, each with a line break. */
export type Tally = Record<string, { rows: number; sha256: string }>;

/** An archive that is not whole, or not one of this event. */
export class BrokenArchive extends Error {}

export const headerLine = (eventId: number): string => JSON.stringify({ format: FORMAT, version: VERSION, eventId });

export const rowLine = (table: string, row: string): string => `{"table":"${table}","row":${row}}`;

export const lastLine = (tables: Tally): string => JSON.stringify({ tables });

/** Counts rows and digests them. */
export function createTally() {
  const tables = new Map<string, { rows: number; hash: Hash }>();
  return {
    add({ table, rows }: Rows): void {
      const tally = tables.get(table) ?? { rows: 0, hash: createHash('sha256') };
      tables.set(table, tally);
      tally.rows += rows.length;
      for (const row of rows) tally.hash.update(`${row}\n`);
    },
    result: (): Tally =>
      Object.fromEntries(
        [...tables].map(([table, { rows, hash }]) => [table, { rows, sha256: hash.copy().digest('hex') }]),
      ),
  };
}

/** The tally of all these rows. */
export async function tallyOf(batches: AsyncIterable<Rows>): Promise<Tally> {
  const tally = createTally();
  for await (const batch of batches) tally.add(batch);
  return tally.result();
}

/** Whether two tallies are of the same rows. */
export const isSame = (one: Tally, other: Tally): boolean => {
  const textOf = (tally: Tally) => JSON.stringify(Object.entries(tally).sort());
  return textOf(one) === textOf(other);
};

/**
 * Reads the rows from the lines of an archive, at most `most` of one table at once.
 *
 * @returns their tally, at the end
 * @throws BrokenArchive where a line is missing or is not as it was written; rows were yielded before
 */
export async function* readArchive(
  lines: AsyncIterable<string>,
  eventId: number,
  most: number,
): AsyncGenerator<Rows, Tally> {
  const tally = createTally();
  let batch: Rows = { table: '', rows: [] };
  let [isBegun, last] = [false, ''];
  for await (const line of lines) {
    if (!isBegun && line !== headerLine(eventId))
      throw new BrokenArchive(`its first line is not that of an archive of event ${eventId}, version ${VERSION}`);
    const row = isBegun ? rowOf(line) : undefined;
    if (last !== '') throw new BrokenArchive('it goes on after its last line');
    if (isBegun && row === undefined) last = line;
    isBegun = true;
    if (row === undefined) continue;
    if (batch.table !== row.table || batch.rows.length === most) {
      if (batch.rows.length > 0) yield batch;
      batch = { table: row.table, rows: [] };
    }
    batch.rows.push(row.row);
    tally.add({ table: row.table, rows: [row.row] });
  }
  if (batch.rows.length > 0) yield batch;
  if (last !== lastLine(tally.result())) throw new BrokenArchive('it was cut short or changed');
  return tally.result();
}

/** The row of a line, which may have a U+2028; undefined where the line has none. */
function rowOf(line: string): { table: string; row: string } | undefined {
  const [, table, row] = /^\{"table":"(\w+)","row":(\{.*\})\}$/s.exec(line) ?? [];
  return table === undefined || row === undefined ? undefined : { table, row };
}
