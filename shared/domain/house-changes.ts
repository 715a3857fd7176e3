import type { CategoryChange, HouseChange, ZoneChange } from '../contract/houses.ts';
import { describeSeat } from './describe-seat.ts';
import { type Category, PLACES_IN_ROW, type Seat } from './house.ts';
import {
  areaOf,
  categoryNamed,
  draftsOf,
  type HouseColumns,
  HouseProblem,
  plansOf,
  requireBounds,
  requireNothing,
  requireZoneNames,
  setSeats,
  withRows,
  type ZoneColumns,
  zoneColumns,
} from './house-columns.ts';

/** Whether a change gives an event's house other zones or seats: claims of the house before must not be saved then. */
export const changesSeats = ({ zones, newZones, seats }: HouseChange): boolean =>
  (zones ?? newZones ?? seats) !== undefined;

/** Whether a change has anything for the house, and not only for the settings of its event. */
export const changesHouse = (change: HouseChange): boolean => change.categories !== undefined || changesSeats(change);

/**
 * A house after a change. One of settings alone leaves it as it is, also where a version before allowed more.
 *
 * @throws HouseProblem
 */
export function changedHouse(before: HouseColumns, change: HouseChange): HouseColumns {
  if (!changesHouse(change)) return before;
  if (before.zones.length === 0) requireNoHouse(change);
  const categories = changedCategories(before.categories, change.categories ?? []);
  const prices = new Map(categories.map(({ number, price }) => [number, price]));
  const zones = before.zones.map((zone) => ({ ...zone, price: prices.get(zone.category ?? 0) ?? zone.price }));
  const paths = new Map<number, string>();
  for (const [i, one] of (change.zones ?? []).entries()) {
    const path = `zones.${i}`;
    const zone = zones[one.zone - 1];
    if (zone === undefined) throw new HouseProblem(`${path}.zone`, `this house has zones 1 to ${zones.length}`);
    zones[one.zone - 1] = changedZone(zone, one, categories, path);
    paths.set(one.zone, path);
  }
  for (const [i, one] of (change.newZones ?? []).entries()) {
    const path = `newZones.${i}`;
    zones.push(zoneColumns(one, zones.length + 1, categories, path));
    paths.set(zones.length, path);
  }
  const house = { categories, zones };
  requireZoneNames(house, (number) => paths.get(number));
  requireBounds(house);
  setSeats(house, change.seats ?? []);
  return house;
}

/** @throws HouseProblem where a change has anything for a house: an event without seats stays one */
function requireNoHouse({ categories, zones, newZones, seats }: HouseChange): void {
  requireNothing({ categories, zones, newZones, seats }, 'this event has no seats, and gets none: create another one');
}

function changedCategories(before: readonly Category[], changes: readonly CategoryChange[]): Category[] {
  const categories = before.map((category) => ({ ...category }));
  for (const [i, { name, ...fields }] of changes.entries()) {
    const known = categories.find((category) => category.name === name);
    const { price = known?.price, types = known?.types ?? null, color = known?.color ?? null } = fields;
    if (price === undefined)
      throw new HouseProblem(`categories.${i}.price`, `this event has no category ${JSON.stringify(name)} yet`);
    if (known === undefined) categories.push({ number: categories.length + 1, name, price, types, color });
    else Object.assign(known, { price, types, color });
  }
  return categories;
}

function changedZone(
  before: ZoneColumns,
  change: ZoneChange,
  categories: readonly Category[],
  path: string,
): ZoneColumns {
  const zone = { ...before, name: change.name ?? before.name };
  const category = categoryNamed(change.category, categories, `${path}.category`);
  if (category !== undefined) Object.assign(zone, { category: category.number, price: category.price });
  if (change.price !== undefined) Object.assign(zone, { category: null, price: change.price });
  const { rows, seatsPerRow, capacity } = change;
  if (before.isArea) {
    for (const name of ['rows', 'seatsPerRow'] as const)
      if (change[name] !== undefined) throw new HouseProblem(`${path}.${name}`, 'an area has no rows');
    return { ...zone, ...(capacity !== undefined && areaOf(capacity)) };
  }
  if (capacity !== undefined) throw new HouseProblem(`${path}.capacity`, 'only an area has one');
  if (Array.isArray(rows)) return withRows(zone, plansOf(rows, categories, path));
  if (before.plan === null)
    return { ...zone, rows: rows ?? before.rows, seatsPerRow: seatsPerRow ?? before.seatsPerRow };
  if (seatsPerRow !== undefined)
    throw new HouseProblem(`${path}.seatsPerRow`, 'the rows of this zone differ: send them as a list');
  const added = draftsOf({ ...before, plan: null, rows: Math.max(0, (rows ?? 0) - before.rows) });
  return withRows(zone, [...draftsOf(before).slice(0, rows), ...added]);
}

/**
 * Whether a seat that somebody has would go, or become another: of another category, label or purpose. Its price may
 * change, because its booking has its own.
 */
export function isSeatChanged(before: HouseColumns, after: HouseColumns, seat: Seat): boolean {
  return !hasSeat(after, seat) || identityOf(before, seat) !== identityOf(after, seat);
}

function hasSeat({ zones }: HouseColumns, { zone: number, row, number: seat }: Seat): boolean {
  const zone = zones[number - 1];
  if (zone === undefined || row > zone.rows) return false;
  if (zone.isArea) return PLACES_IN_ROW * (row - 1) + seat <= (zone.capacity ?? 0);
  return seat <= (zone.plan?.[row - 1]?.seats ?? zone.seatsPerRow);
}

function identityOf(house: HouseColumns, seat: Seat): string {
  const { label, category, accessible, companionOf } = describeSeat(house, seat);
  return JSON.stringify([label, category?.number, accessible, companionOf]);
}
