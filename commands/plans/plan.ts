/** Coordinates in any unit, y downwards. */
export type Point = readonly [x: number, y: number];

/**
 * A seat as a file has it.
 *
 * - `at`: its place in the file, for messages
 * - `number`: what is printed on it, without the row
 * - `label`: what a ticket calls it, where this is not its row and number
 * - `companionOf`: the number of the accessible seat of its row that it belongs to
 * - `hasGapAfter`: whether an aisle or a missing seat follows it
 */
export type PlanSeat = {
  at: string;
  number: string;
  label?: string;
  category: string;
  position: Point | undefined;
  isAccessible: boolean;
  companionOf: string | undefined;
  hasGapAfter: boolean;
};

/** A row of a zone, its seats as listed. */
export type PlanRow = { at: string; label: string; seats: PlanSeat[] };

/** A zone with rows. */
export type SeatedZone = { at: string; name: string | undefined; rows: PlanRow[] };

/** Standing room: a zone with a capacity and without seats. */
export type PlanArea = { at: string; name: string; category: string; capacity: number };

export type PlanZone = SeatedZone | PlanArea;

/** A seating plan: the zones and categories of a file in their order, and what of the file is no part of a house. */
export type Plan = {
  name: string | undefined;
  categories: { name: string; color?: string | undefined }[];
  zones: PlanZone[];
  leftOut: string[];
};

export const isArea = (zone: PlanZone): zone is PlanArea => 'capacity' in zone;

/** All seats of a plan, in their order. */
export const seatsOf = ({ zones }: Plan): PlanSeat[] =>
  zones.flatMap((zone) => (isArea(zone) ? [] : zone.rows.flatMap(({ seats }) => seats)));

/** The name of a seat on a ticket, in a house where it has no label of its own and this number. */
export const labelOf = ({ label }: PlanRow, number: string | number): string => `${label}-${number}`;
