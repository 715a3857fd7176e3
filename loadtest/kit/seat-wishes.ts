import { DEFAULT_MAX_SEATS } from '../../shared/contract/limits.ts';
import type { OneWish } from '../../shared/contract/reserve.ts';
import { seatsInRow, type Zone } from '../../shared/domain/house.ts';
import { below, type Random } from './random.ts';

/** The size of a house whose zones are all alike. */
export type HouseSize = { zones: number; rows: number; seatsPerRow: number };

/** A random row of a house. */
export const randomRow = (random: Random, { zones, rows }: Pick<HouseSize, 'zones' | 'rows'>) => ({
  zone: 1 + below(random, zones),
  row: 1 + below(random, rows),
});

/** The wish of a herd's buyer: most name a row, some a zone, a few the exact seats, and a few accept any seat. */
export const mixedWish = (random: Random, house: HouseSize): OneWish =>
  wishAt(random, randomRow(random, house), house.seatsPerRow);

function wishAt(random: Random, { zone, row }: { zone: number; row: number }, seats: number): OneWish {
  const count = 1 + below(random, Math.min(DEFAULT_MAX_SEATS, seats));
  const kind = random();
  if (kind < 0.7) return { zone, row, count };
  if (kind < 0.85) return { zone, count };
  if (kind < 0.95) return { zone, row, start: below(random, seats - count + 1), count };
  return { count };
}

/** The same in any house: its zones are chosen by their capacity, and areas have no rows to name. */
export function wishIn(random: Random, zones: readonly Zone[]): OneWish {
  const zone = zoneByCapacity(random, zones);
  if (zone.isArea) return { zone: zone.number, count: 1 + below(random, DEFAULT_MAX_SEATS) };
  const row = 1 + below(random, zone.rows);
  return wishAt(random, { zone: zone.number, row }, seatsInRow(zone, row));
}

/** The wish of a buyer who comes late: one seat anywhere, or one place. These sell what groups have left. */
export function lateWish(random: Random, zones: readonly Zone[]): OneWish {
  const zone = zoneByCapacity(random, zones);
  return zone.isArea ? { zone: zone.number, count: 1 } : { count: 1 };
}

function zoneByCapacity(random: Random, zones: readonly Zone[]): Zone {
  let place = below(
    random,
    zones.reduce((sum, { capacity }) => sum + capacity, 0),
  );
  for (const zone of zones) {
    if (place < zone.capacity) return zone;
    place -= zone.capacity;
  }
  throw new Error('a house has a zone');
}
