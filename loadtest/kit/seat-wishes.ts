import { DEFAULT_MAX_SEATS } from '../../shared/contract/limits.ts';
import type { OneWish } from '../../shared/contract/reserve.ts';
import { below, type Random } from './random.ts';

/** The size of a house whose zones are all alike. */
export type HouseSize = { zones: number; rows: number; seatsPerRow: number };

/** A random row of a house. */
export const randomRow = (random: Random, { zones, rows }: Pick<HouseSize, 'zones' | 'rows'>) => ({
  zone: 1 + below(random, zones),
  row: 1 + below(random, rows),
});

/** The wish of a herd's buyer: most name a row, some a zone, a few the exact seats, and a few accept any seat. */
export function mixedWish(random: Random, house: HouseSize): OneWish {
  const count = 1 + below(random, Math.min(DEFAULT_MAX_SEATS, house.seatsPerRow));
  const { zone, row } = randomRow(random, house);
  const kind = random();
  if (kind < 0.7) return { zone, row, count };
  if (kind < 0.85) return { zone, count };
  if (kind < 0.95) return { zone, row, start: below(random, house.seatsPerRow - count + 1), count };
  return { count };
}
