import { CsvError, parse } from 'csv-parse/sync';
import { markGaps } from './gaps.ts';
import { isArea, type Plan, type PlanRow, type PlanSeat, type PlanZone, type Point } from './plan.ts';
import type { Problems } from './problems.ts';

const REQUIRED_COLUMNS = ['zone', 'row', 'seat', 'category'] as const;
const OPTIONAL_COLUMNS = ['x', 'y', 'attributes'] as const;
const COLUMNS: readonly string[] = [...REQUIRED_COLUMNS, ...OPTIONAL_COLUMNS];

type Column = (typeof REQUIRED_COLUMNS)[number] | (typeof OPTIONAL_COLUMNS)[number];

/** A record by column; a column that the file does not have is empty. */
type Cells = Record<Column, string>;

/** Characters of one record: a quotation mark that nobody closed would else swallow the file. */
const MAX_RECORD_CHARACTERS = 10_000;

/** Separates attributes: names of seats may have spaces. */
const ATTRIBUTE_SEPARATOR = ';';

type Attributes = Pick<PlanSeat, 'isAccessible' | 'companionOf' | 'hasGapAfter'> & { capacity: number | undefined };

/**
 * Reads a seating plan as CSV (RFC 4180): the columns zone, row, seat, x, y, category and attributes in any order, and
 * a line for each seat or area. Zones, rows and seats have the order of their first line. Problems are
 * collected. Undefined where nothing can be read.
 */
export function readCsv(text: string, problems: Problems): Plan | undefined {
  let header: string[] | undefined;
  let isHeaderRight = false;
  const house = createHouse(problems);
  const readRecord = (cells: string[], line: number): void => {
    if (header === undefined) {
      header = cells.map((cell) => cell.trim());
      isHeaderRight = checkHeader(header, problems);
    } else if (!isHeaderRight) return;
    else if (cells.length !== header.length)
      problems.add(`line ${line}`, `has ${cells.length} fields; the header has ${header.length}`);
    else house.add(cellsOf(header, cells), `line ${line}`);
  };
  try {
    parse(text, {
      bom: true,
      relax_column_count: true, // counted above, so that each line is named
      skip_empty_lines: true,
      max_record_size: MAX_RECORD_CHARACTERS,
      on_record(cells: string[], { lines }) {
        readRecord(cells, lines);
        return null; // nothing is collected here
      },
    });
  } catch (fault) {
    if (!(fault instanceof CsvError)) throw fault;
    problems.add(`line ${fault.lines}`, `no CSV: ${fault.message}`);
  }
  if (header === undefined) problems.add('line 1', `header: is missing; the columns are ${COLUMNS.join(',')}`);
  return isHeaderRight ? house.build() : undefined;
}

/** Whether a header has the columns of a plan. */
function checkHeader(header: readonly string[], problems: Problems): boolean {
  const wrong = [
    ...header.filter((column) => !COLUMNS.includes(column)).map((column) => `there is no column "${column}"`),
    ...header.filter((column, i) => header.indexOf(column) < i).map((column) => `column ${column} appears twice`),
    ...REQUIRED_COLUMNS.filter((column) => !header.includes(column)).map((column) => `column ${column} is missing`),
  ];
  for (const one of wrong) problems.add('line 1', `header: ${one}; the columns are ${COLUMNS.join(',')}`);
  return wrong.length === 0;
}

function cellsOf(header: readonly string[], cells: readonly string[]): Cells {
  const found: Cells = { zone: '', row: '', seat: '', x: '', y: '', category: '', attributes: '' };
  for (const [i, column] of header.entries())
    if (COLUMNS.includes(column)) found[column as Column] = cells[i]?.trim() ?? '';
  return found;
}

/** Zones and rows by name while lines are read. */
function createHouse(problems: Problems) {
  const zones = new Map<string, PlanZone>();
  const rows = new Map<string, Map<string, PlanRow>>();
  const categories = new Set<string>();

  function addSeat(cells: Cells, at: string, { capacity: _, ...attributes }: Attributes): void {
    const { zone: name, row: label, seat: number, category } = cells;
    const zone = zones.get(name) ?? { at, name, rows: [] };
    zones.set(name, zone);
    if (isArea(zone)) {
      problems.add(at, `row: zone ${name} is an area, by ${zone.at}; an area has no rows`);
      return;
    }
    const inZone = rows.get(name) ?? new Map<string, PlanRow>();
    rows.set(name, inZone);
    const row = inZone.get(label) ?? { at, label, seats: [] };
    if (!inZone.has(label)) zone.rows.push(row);
    inZone.set(label, row);
    row.seats.push({ at, number, category, position: positionOf(cells, at, problems), ...attributes });
  }

  function addArea(cells: Cells, at: string, capacity: number): void {
    const { zone: name, row, seat, x, y, category } = cells;
    if (row !== '' || seat !== '') problems.add(at, 'attributes: an area has no row and no seat');
    if (x !== '' || y !== '') problems.add(at, 'x: an area has no coordinates');
    const before = zones.get(name);
    if (before === undefined) zones.set(name, { at, name, category, capacity });
    else problems.add(at, `zone: ${name} is there already, at ${before.at}`);
  }

  return {
    add(cells: Cells, at: string): void {
      if (cells.category !== '') categories.add(cells.category);
      const attributes = attributesOf(cells.attributes, at, problems);
      if (attributes.capacity === undefined) addSeat(cells, at, attributes);
      else addArea(cells, at, attributes.capacity);
    },

    build(): Plan {
      for (const row of [...rows.values()].flatMap((inZone) => [...inZone.values()])) {
        const bare = row.seats.find(({ position }) => position === undefined);
        if (bare !== undefined && row.seats.some(({ position }) => position !== undefined))
          problems.add(bare.at, `x: other seats of row ${row.label} have coordinates`);
        markGaps(row);
      }
      const inOrder = [...categories].map((name) => ({ name }));
      return { name: undefined, categories: inOrder, zones: [...zones.values()], leftOut: [] };
    },
  };
}

function positionOf({ x, y }: Cells, at: string, problems: Problems): Point | undefined {
  if (x === '' && y === '') return undefined;
  const read = (column: 'x' | 'y', text: string): number => {
    if (/^-?\d{1,9}(\.\d{1,9})?$/.test(text)) return Number(text);
    problems.add(at, `${column}: "${text}" is no number such as 12.5`);
    return 0;
  };
  return [read('x', x), read('y', y)];
}

function attributesOf(text: string, at: string, problems: Problems): Attributes {
  const found: Attributes = {
    isAccessible: false,
    companionOf: undefined,
    hasGapAfter: false,
    capacity: undefined,
  };
  for (const attribute of text.split(ATTRIBUTE_SEPARATOR).map((one) => one.trim())) {
    const [, name, value = ''] = /^([a-z]+)(?::(.*))?$/.exec(attribute) ?? [];
    if (attribute === '') continue;
    if (attribute === 'accessible') found.isAccessible = true;
    else if (attribute === 'gap') found.hasGapAfter = true;
    else if (name === 'companion' && value !== '') found.companionOf = value.trim();
    else if (name === 'area' && /^[1-9]\d{0,8}$/.test(value)) found.capacity = Number(value);
    else problems.add(at, `attributes: "${attribute}" is none of accessible, gap, companion:<seat>, area:<capacity>`);
  }
  return found;
}
