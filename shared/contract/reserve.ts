import { z } from 'zod';
import { seatLabel } from './ids.ts';
import { MAX_SEATS_PER_REQUEST } from './limits.ts';

/** The largest zone, row or seat number that any house may have. A house's own size is checked after this. */
const position = z.int().min(1).max(100_000);

/** The fields of a request for seats side by side. */
export const runFields = {
  zone: position.optional(),
  row: position.optional(),
  start: z.int().min(0).max(100_000).optional(),
  count: z.int().min(1).max(MAX_SEATS_PER_REQUEST),
};

/** Checks the fields of a run together: a row needs a zone, a start needs a row. */
export function requirePlace(
  { zone, row, start }: { zone?: number | undefined; row?: number | undefined; start?: number | undefined },
  ctx: z.RefinementCtx,
): void {
  if (row !== undefined && zone === undefined)
    ctx.addIssue({ code: 'custom', path: ['row'], message: 'row needs a zone' });
  if (start !== undefined && row === undefined)
    ctx.addIssue({ code: 'custom', path: ['start'], message: 'start needs a zone and a row' });
}

/**
 * `count` seats side by side. With `zone` and `row` in that row, with `start` (0-based) exactly there; without `row` the
 * best in the zone; without both the best in the house. It is the body of `POST /reserve`, and part of a job.
 */
export const runWish = z.strictObject(runFields).superRefine(requirePlace);

export type RunWish = z.infer<typeof runWish>;

/** Labels of exactly the seats that are wanted, wherever they are. */
export const seatLabels = z
  .array(seatLabel)
  .min(1)
  .max(MAX_SEATS_PER_REQUEST)
  .refine((labels) => new Set(labels).size === labels.length, 'each seat once');

const labelsWish = z.strictObject({ seats: seatLabels });

/** What a request asks for. The form of the herd comes first: a union tries one after the other. */
export const seatWish = z.union([runWish, labelsWish]);

export type SeatWish = z.infer<typeof seatWish>;
