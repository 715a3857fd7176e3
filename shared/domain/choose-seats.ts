import type { ErrorCode } from '../contract/codes.ts';
import type { OneWish } from '../contract/reserve.ts';
import { labelOf, seatOf } from './house.ts';

/** A row of a house: whether each of its seats is free, seat 1 first. Seats that are to be given up count as free. */
export type FreeRow = { zone: number; row: number; isFree: readonly boolean[] };

export type Choice = { seats: string[] } | { code: ErrorCode };

const nameOf = ({ zone, row }: { zone: number; row: number }): string => `${zone}-${row}`;

/**
 * Whether taking these seats of a row, by their index from 0, leaves a single free seat between taken ones beside them.
 * The ends of a row are not taken.
 */
function leavesSingle({ isFree }: FreeRow, chosen: readonly number[]): boolean {
  const isTakenThen = (at: number) => isFree[at] === false || chosen.includes(at);
  return chosen
    .flatMap((at) => [at - 1, at + 1])
    .some((at) => isFree[at] === true && !chosen.includes(at) && isTakenThen(at - 1) && isTakenThen(at + 1));
}

/** The seats of a wish by labels, which must be in these rows. */
function chooseLabels(labels: readonly string[], rows: readonly FreeRow[], avoidSingles: boolean): Choice {
  const byRow = new Map<string, number[]>();
  for (const label of labels) {
    const seat = seatOf(label);
    byRow.set(nameOf(seat), [...(byRow.get(nameOf(seat)) ?? []), seat.number - 1]);
  }
  const chosen = rows.map((row) => ({ row, indexes: byRow.get(nameOf(row)) ?? [] }));
  if (chosen.some(({ row, indexes }) => indexes.some((at) => !row.isFree[at]))) return { code: 'SEAT_TAKEN' };
  if (avoidSingles && chosen.some(({ row, indexes }) => leavesSingle(row, indexes)))
    return { code: 'SINGLE_SEAT_LEFT' };
  return { seats: [...labels] };
}

/** The first free run of `count` seats in these rows, at `start` where it is given; the rows come in their order. */
function chooseRun(
  { count, start }: { count: number; start?: number | undefined },
  rows: readonly FreeRow[],
  avoidSingles: boolean,
): Choice {
  let wouldLeaveSingle = false;
  for (const row of rows) {
    const [first, last] = start === undefined ? [0, row.isFree.length - count] : [start, start];
    for (let from = first; from <= last; from += 1) {
      const indexes = Array.from({ length: count }, (_, i) => from + i);
      if (!indexes.every((at) => row.isFree[at])) continue;
      if (!avoidSingles || !leavesSingle(row, indexes))
        return { seats: indexes.map((at) => labelOf({ ...row, number: at + 1 })) };
      wouldLeaveSingle = true;
    }
  }
  if (wouldLeaveSingle) return { code: 'SINGLE_SEAT_LEFT' };
  if (start !== undefined) return { code: 'SEAT_TAKEN' };
  return { code: rows.some(({ isFree }) => isFree.includes(true)) ? 'NO_ADJACENT_SEATS' : 'SOLD_OUT' };
}

/** Chooses the seats of a wish in the rows that it may be met in, the preferred ones first. */
export const chooseSeats = (wish: OneWish, rows: readonly FreeRow[], avoidSingles: boolean): Choice =>
  'seats' in wish ? chooseLabels(wish.seats, rows, avoidSingles) : chooseRun(wish, rows, avoidSingles);
