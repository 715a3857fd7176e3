import { z } from 'zod';

/** A seat of a row by its number, from 1. */
const seatNumber = z.int().min(1);

/** A row as it is stored, where it is more than a number of seats. Categories are numbers here. */
const rowPlan = z.strictObject({
  seats: seatNumber,
  /** The printed labels of the row and of its seats. */
  label: z.string().optional(),
  labels: z.array(z.string()).optional(),
  /** The seats, in order, after which a gap interrupts the row. */
  gapsAfter: z.array(seatNumber).optional(),
  /** Categories that differ from the zone's: the first and the last seat, and the category. */
  categories: z.array(z.tuple([seatNumber, seatNumber, z.int().min(1)])).optional(),
  accessible: z.array(seatNumber).optional(),
  /** Seats of companions, each with the accessible seat of the row that it belongs to. */
  companions: z.array(z.tuple([seatNumber, seatNumber])).optional(),
  /** Coordinates of each seat, in any unit, y downwards. */
  positions: z.array(z.tuple([z.number(), z.number()])).optional(),
});

export type RowPlan = z.infer<typeof rowPlan>;
