import { MAX_SEATS_PER_REQUEST } from '../../shared/contract/limits.ts';
import type { SeatWish } from '../../shared/contract/reserve.ts';

/** Sizes of a house whose zones are all alike. */
export type HouseSize = { zones: number; rows: number; seatsPerRow: number };

/** What a herd asks for: most buyers name a row, some a zone, a few exact seats, a few take anything. */
export function mixedWish(random: () => number, { zones, rows, seatsPerRow }: HouseSize): SeatWish {
  const below = (limit: number) => Math.floor(random() * limit);
  const count = 1 + below(Math.min(MAX_SEATS_PER_REQUEST, seatsPerRow));
  const zone = 1 + below(zones);
  const row = 1 + below(rows);
  const kind = random();
  if (kind < 0.7) return { zone, row, count };
  if (kind < 0.85) return { zone, count };
  if (kind < 0.95) return { zone, row, start: below(seatsPerRow - count + 1), count };
  return { count };
}
