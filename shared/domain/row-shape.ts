import type { RowPlan } from '../contract/houses.ts';
import type { Zone } from './house.ts';

/**
 * A row as the claim script needs it (lua/lib/rowShape.lua): its seats, the seats after which a gap is, the tiers of
 * its seats where they differ from the zone's (first and last seat, tier), accessible seats, and companions' seats with
 * the accessible one that each belongs to.
 */
type RowShape = {
  seats: number;
  gaps: readonly number[];
  tiers: readonly (readonly [first: number, last: number, tier: number])[];
  accessible: readonly number[];
  companions: readonly (readonly [companion: number, accessible: number])[];
};

/** The shapes of a zone's rows, by their index in the zone from 0, as JSON; undefined for plain rows. */
export function shapesOf(zone: Zone): (string | undefined)[] {
  return (zone.plan ?? []).map((row) => (isPlain(zone, row) ? undefined : JSON.stringify(shapeOf(row))));
}

/** Whether the script can take a row for one that is all seats. Printed labels and coordinates do not concern it. */
const isPlain = ({ seatsPerRow }: Zone, { seats, gapsAfter, categories, accessible, companions }: RowPlan): boolean =>
  seats === seatsPerRow && [gapsAfter, categories, accessible, companions].every((list) => (list ?? []).length === 0);

const shapeOf = (row: RowPlan): RowShape => ({
  seats: row.seats,
  gaps: row.gapsAfter ?? [],
  tiers: row.categories ?? [],
  accessible: row.accessible ?? [],
  companions: row.companions ?? [],
});
