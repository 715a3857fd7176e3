import { z } from 'zod';
import { MAX_SEATS_IN_ROW } from '../../shared/contract/limits.ts';
import { markGaps } from './gaps.ts';
import type { Plan, PlanRow, PlanSeat } from './plan.ts';
import type { Problems } from './problems.ts';

const point = z.object({ x: z.number(), y: z.number() });
const seat = z.object({
  seat_number: z.string(),
  seat_label: z.string().nullish(),
  position: point,
  category: z.string(),
});
const row = z.object({
  row_number: z.string(),
  row_label: z.string().nullish(),
  position: point.default({ x: 0, y: 0 }),
  seats: z.array(seat).max(MAX_SEATS_IN_ROW, `at most ${MAX_SEATS_IN_ROW} seats`),
});
const zone = z.object({
  name: z.string().optional(),
  position: point,
  rows: z.array(row),
  areas: z.array(z.unknown()).default([]),
});

/**
 * The fields of pretix' seating plan that make a house. Others are left: editors add some of their own.
 * Source: https://github.com/pretix/pretix/blob/master/src/pretix/static/seating/seating-plan.schema.json
 */
const file = z.object({
  name: z.string(),
  categories: z.array(z.object({ name: z.string(), color: z.string().nullish() })),
  zones: z.array(zone),
});

type PretixSeat = z.infer<typeof seat>;
type PretixRow = z.infer<typeof row>;
type PretixZone = z.infer<typeof zone>;

/**
 * Reads a seating plan of pretix. Its areas are drawings (stage, bar, tables), no standing room. Undefined where
 * fields are missing or of another type; these go to the problems.
 */
export function readPretix(text: string, problems: Problems): Plan | undefined {
  const read = readJson(text, problems);
  if (read === undefined) return undefined;
  const { data, error } = file.safeParse(read);
  if (data === undefined) {
    for (const { path, message } of error.issues) problems.add(pathOf(path), message);
    return undefined;
  }
  const zones = data.zones.flatMap((one, z) => {
    const rows = rowsOf(one, `zones[${z}]`);
    return rows.length > 0 ? [{ at: `zones[${z}]`, name: one.name || undefined, rows }] : [];
  });
  const drawings = data.zones.reduce((sum, { areas }) => sum + areas.length, 0);
  const emptyRows = data.zones.flatMap(({ rows }) => rows.filter(({ seats }) => seats.length === 0)).length;
  return {
    name: data.name,
    categories: data.categories.map(({ name, color }) => ({ name, color: color || undefined })),
    zones,
    leftOut: [
      ...(drawings > 0 ? [`${drawings} drawings`] : []),
      ...(emptyRows > 0 ? [`${emptyRows} rows without seats`] : []),
    ],
  };
}

function readJson(text: string, problems: Problems): unknown {
  try {
    return JSON.parse(text);
  } catch (fault) {
    problems.add('', `no JSON: ${(fault as Error).message}`);
    return undefined;
  }
}

/** The rows of a zone. Parts of a row, each side of an aisle, may be rows of the same number in the file. */
function rowsOf(zone: PretixZone, at: string): PlanRow[] {
  const rows = new Map<string, PlanRow>();
  for (const [r, part] of zone.rows.entries()) {
    if (part.seats.length === 0) continue;
    const { row_number, row_label } = part;
    const label = row_label ? row_label.replace('%s', row_number) : row_number;
    const row = rows.get(label) ?? { at: `${at}.rows[${r}]`, label, seats: [] };
    rows.set(label, row);
    for (const [s, one] of part.seats.entries())
      row.seats.push(seatOf(zone, part, one, label, `${at}.rows[${r}].seats[${s}]`));
  }
  for (const row of rows.values()) markGaps(row);
  return [...rows.values()];
}

/** A seat. Its position is relative to its row, and the row's to its zone. */
function seatOf(zone: PretixZone, row: PretixRow, one: PretixSeat, rowLabel: string, at: string): PlanSeat {
  const { seat_number, seat_label, position, category } = one;
  return {
    at,
    number: seat_number,
    ...(seat_label && { label: `${rowLabel}, ${seat_label.replace('%s', seat_number)}` }),
    category,
    position: [zone.position.x + row.position.x + position.x, zone.position.y + row.position.y + position.y],
    isAccessible: false,
    companionOf: undefined,
    hasGapAfter: false,
  };
}

const pathOf = (path: readonly PropertyKey[]): string =>
  path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${String(part)}`)).join('');
