import { z } from 'zod';
import { seatLabel } from './ids.ts';
import { MAX_SEATS_PER_REQUEST } from './limits.ts';

/** The largest zone, row or seat number that any house may have. A house's own size is checked after this. */
const position = z.int().min(1).max(100_000);

/**
 * `count` seats side by side. With `zone` and `row` in that row, with `start` (0-based) exactly there; without `row` the
 * best in the zone; without both the best in the house. It is the body of `POST /reserve`, and part of a job. Unknown
 * fields are ignored, always.
 */
export const runWish = z
  .object({
    zone: position.optional(),
    row: position.optional(),
    start: z.int().min(0).max(100_000).optional(),
    count: z.int().min(1).max(MAX_SEATS_PER_REQUEST),
  })
  .refine((wish) => wish.row === undefined || wish.zone !== undefined, {
    path: ['row'],
    message: 'row needs a zone',
  })
  .refine((wish) => wish.start === undefined || wish.row !== undefined, {
    path: ['start'],
    message: 'start needs a zone and a row',
  });

export type RunWish = z.infer<typeof runWish>;

/** Exactly these seats, wherever they are. */
export const labelsWish = z.object({
  seats: z
    .array(seatLabel)
    .min(1)
    .max(MAX_SEATS_PER_REQUEST)
    .refine((labels) => new Set(labels).size === labels.length, 'each seat once'),
});

/** What a request asks for. The form of the herd comes first: a union tries one after the other. */
export const seatWish = z.union([runWish, labelsWish]);

export type SeatWish = z.infer<typeof seatWish>;
