import {
  MAX_CATEGORIES,
  MAX_LABEL_LENGTH,
  MAX_NAME_LENGTH,
  MAX_ROWS_IN_HOUSE,
  MAX_ROWS_IN_ZONE,
  MAX_SEATS_IN_HOUSE,
  MAX_SEATS_IN_ROW,
  MAX_ZONES,
} from '../../shared/contract/limits.ts';
import { text } from '../../shared/contract/text.ts';
import { isArea, labelOf, type Plan, type PlanRow, type PlanZone, type SeatedZone } from './plan.ts';
import type { Problems } from './problems.ts';

const name = text(MAX_NAME_LENGTH);
const label = text(MAX_LABEL_LENGTH);

/** Finds the problems of a plan whatever its format: bounds, names, and what its seats refer to. */
export function checkPlan(plan: Plan, problems: Problems): void {
  const { categories, zones } = plan;
  const rows = zones.reduce((sum, zone) => sum + (isArea(zone) ? 0 : zone.rows.length), 0);
  const atMost = (what: string, count: number, most: number) => {
    if (count > most) problems.add('', `${count} ${what}; an event has at most ${most}`);
  };
  if (zones.length === 0) problems.add('', 'there is no seat and no area');
  atMost('categories', categories.length, MAX_CATEGORIES);
  atMost('zones', zones.length, MAX_ZONES);
  atMost('rows', rows, MAX_ROWS_IN_HOUSE);
  atMost('seats and places', capacityOf(zones), MAX_SEATS_IN_HOUSE);
  const names = new Set<string>();
  for (const category of categories) {
    checkText('', 'category', category.name, name, problems);
    if (names.has(category.name)) problems.add('', `category "${category.name}" is defined twice`);
    names.add(category.name);
  }
  const zoneAt = new Map<string, string>();
  for (const zone of zones) {
    if (zone.name !== undefined) {
      const before = zoneAt.get(zone.name);
      if (before !== undefined) problems.add(zone.at, `zone: "${zone.name}" is there already, at ${before}`);
      zoneAt.set(zone.name, zone.at);
    }
    checkZone(zone, names, problems);
  }
}

/** The seats and places of zones. */
export const capacityOf = (zones: readonly PlanZone[]): number =>
  zones.reduce(
    (sum, zone) => sum + (isArea(zone) ? zone.capacity : zone.rows.reduce((seats, row) => seats + row.seats.length, 0)),
    0,
  );

function checkText(at: string, field: string, value: string, rule: typeof name, problems: Problems): void {
  const [issue] = rule.safeParse(value).error?.issues ?? [];
  if (value === '') problems.add(at, `${field}: is empty`);
  else if (issue) problems.add(at, `${field}: "${value.slice(0, MAX_NAME_LENGTH)}": ${issue.message}`);
}

function checkZone(zone: PlanZone, categories: ReadonlySet<string>, problems: Problems): void {
  if (zone.name !== undefined) checkText(zone.at, 'zone', zone.name, name, problems);
  if (isArea(zone)) checkCategory(zone, categories, problems);
  else checkRows(zone, categories, problems);
}

function checkRows(zone: SeatedZone, categories: ReadonlySet<string>, problems: Problems): void {
  if (zone.rows.length > MAX_ROWS_IN_ZONE)
    problems.add(zone.at, `${zone.rows.length} rows; a zone has at most ${MAX_ROWS_IN_ZONE}`);
  for (const row of zone.rows) {
    const seatAt = new Map<string, string>();
    checkText(row.at, 'row', row.label, label, problems);
    if (row.seats.length > MAX_SEATS_IN_ROW)
      problems.add(row.at, `${row.seats.length} seats; a row has at most ${MAX_SEATS_IN_ROW}`);
    for (const seat of row.seats) {
      const { at, number } = seat;
      checkText(at, 'seat', number, label, problems);
      checkCategory(seat, categories, problems);
      const whole = seat.label ?? labelOf(row, number);
      if (whole.length > MAX_LABEL_LENGTH)
        problems.add(at, `seat: "${whole}" has more than ${MAX_LABEL_LENGTH} characters`);
      const before = seatAt.get(whole);
      if (before !== undefined) problems.add(at, `seat: "${whole}" is there already, at ${before}`);
      else seatAt.set(whole, at);
    }
    checkCompanions(row, problems);
  }
}

function checkCategory(
  { at, category }: { at: string; category: string },
  categories: ReadonlySet<string>,
  problems: Problems,
): void {
  if (category === '') problems.add(at, 'category: is empty');
  else if (!categories.has(category)) problems.add(at, `category: "${category}" is not defined`);
}

function checkCompanions({ label: rowLabel, seats }: PlanRow, problems: Problems): void {
  const accessible = new Set(seats.flatMap(({ isAccessible, number }) => (isAccessible ? [number] : [])));
  for (const { at, isAccessible, companionOf } of seats) {
    if (companionOf === undefined) continue;
    if (isAccessible) problems.add(at, 'attributes: an accessible seat is no companion’s seat');
    if (!accessible.has(companionOf))
      problems.add(at, `attributes: row ${rowLabel} has no accessible seat ${companionOf}`);
  }
}
