import type { ErrorCode } from '../contract/codes.ts';
import type { OneWish } from '../contract/reserve.ts';
import { labelOf, seatOf } from './house.ts';

/**
 * A row of a house, seat 1 first.
 *
 * - `isFree`: seats that are to be given up count as free
 * - `isBarred`: seats that the wish cannot have though they may be free, such as those of another category; undefined
 *   where there are none
 * - `gapsAfter`: numbers of the seats behind which a gap interrupts the row
 * - `isArea`: whether it has places, which need not be side by side
 */
export type FreeRow = {
  zone: number;
  row: number;
  isFree: readonly boolean[];
  isBarred?: readonly boolean[] | undefined;
  gapsAfter?: readonly number[] | undefined;
  isArea?: boolean;
};

export type Choice = { seats: string[] } | { code: ErrorCode };

/** A seat of a row, or a gap between two, which is barred and has no number. */
type Place = { number: number | undefined; state: 'free' | 'taken' | 'barred' };

const nameOf = ({ zone, row }: { zone: number; row: number }): string => `${zone}-${row}`;

function placesOf({ isFree, isBarred, gapsAfter = [] }: FreeRow): Place[] {
  return isFree.flatMap((free, at): Place[] => {
    const number = at + 1;
    const seat: Place = { number, state: isBarred?.[at] ? 'barred' : free ? 'free' : 'taken' };
    return gapsAfter.includes(number) ? [seat, { number: undefined, state: 'barred' }] : [seat];
  });
}

/**
 * Whether taking these places of a row, by their index, leaves a single free seat between taken ones beside them. The
 * ends of a row are not taken, and neither is what is barred.
 */
function leavesSingle(places: readonly Place[], chosen: readonly number[]): boolean {
  const isTakenThen = (at: number) => places[at]?.state === 'taken' || chosen.includes(at);
  return chosen
    .flatMap((at) => [at - 1, at + 1])
    .some((at) => places[at]?.state === 'free' && !chosen.includes(at) && isTakenThen(at - 1) && isTakenThen(at + 1));
}

/** The seats of a wish by labels, in these rows: one that they do not have is not free. */
function chooseLabels(labels: readonly string[], rows: readonly FreeRow[], avoidSingles: boolean): Choice {
  const byRow = new Map<string, number[]>();
  for (const label of labels) {
    const seat = seatOf(label);
    byRow.set(nameOf(seat), [...(byRow.get(nameOf(seat)) ?? []), seat.number]);
  }
  const chosen = rows.map((row) => ({ row, numbers: byRow.get(nameOf(row)) ?? [] }));
  const free = chosen.flatMap(({ row, numbers }) => numbers.filter((number) => row.isFree[number - 1]));
  if (free.length < labels.length) return { code: 'SEAT_TAKEN' };
  if (chosen.some(({ row, numbers }) => numbers.some((number) => row.isBarred?.[number - 1])))
    return { code: 'SEAT_RESTRICTED' };
  const leavesOne = chosen.some(({ row, numbers }) => {
    const places = placesOf(row);
    return leavesSingle(
      places,
      numbers.map((number) => places.findIndex((place) => place.number === number)),
    );
  });
  return avoidSingles && leavesOne ? { code: 'SINGLE_SEAT_LEFT' } : { seats: [...labels] };
}

/** The first free run of `count` seats in these rows, which come in their order. */
function chooseRun(count: number, rows: readonly FreeRow[], avoidSingles: boolean): Choice {
  let wouldLeaveSingle = false;
  let isAnyFree = false;
  for (const row of rows) {
    const places = placesOf(row);
    isAnyFree ||= places.some(({ state }) => state === 'free');
    for (let from = 0; from <= places.length - count; from += 1) {
      const indexes = Array.from({ length: count }, (_, i) => from + i);
      if (!indexes.every((at) => places[at]?.state === 'free')) continue;
      if (!avoidSingles || !leavesSingle(places, indexes))
        return { seats: indexes.map((at) => labelOf({ ...row, number: places[at]?.number ?? 0 })) };
      wouldLeaveSingle = true;
    }
  }
  if (wouldLeaveSingle) return { code: 'SINGLE_SEAT_LEFT' };
  return { code: isAnyFree ? 'NO_ADJACENT_SEATS' : 'SOLD_OUT' };
}

/** The first free places of an area. */
function choosePlaces(count: number, rows: readonly FreeRow[]): Choice {
  const free = rows.flatMap((row) =>
    row.isFree.flatMap((isFree, at) => (isFree ? [labelOf({ ...row, number: at + 1 })] : [])),
  );
  return free.length < count ? { code: 'SOLD_OUT' } : { seats: free.slice(0, count) };
}

/** Chooses the seats of a wish in the rows that it may be met in, the preferred ones first. */
export function chooseSeats(wish: OneWish, rows: readonly FreeRow[], avoidSingles: boolean): Choice {
  if ('seats' in wish) return chooseLabels(wish.seats, rows, avoidSingles);
  const { start, count } = wish;
  const [first] = rows;
  if (first?.isArea) return choosePlaces(count, rows);
  if (start === undefined || first === undefined) return chooseRun(count, rows, avoidSingles);
  const exact = Array.from({ length: count }, (_, i) => labelOf({ ...first, number: start + i + 1 }));
  return chooseLabels(exact, [first], avoidSingles);
}
