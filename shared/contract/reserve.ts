import { z } from 'zod';
import { buyerName } from './buyers.ts';
import { MAX_INTEGER, seatLabel } from './ids.ts';
import { MAX_LABEL_LENGTH, MAX_NAME_LENGTH, MAX_RANKED_WISHES, MAX_SEATS_PER_REQUEST } from './limits.ts';

/** A zone or row number that some house may have. The size of the event's own house is checked later. */
const houseNumber = z.int().min(1).max(100_000);

/** The fields of a request for seats side by side. */
export const runFields = {
  zone: houseNumber.optional(),
  row: houseNumber.optional(),
  start: z.int().min(0).max(100_000).optional(),
  count: z.int().min(1).max(MAX_SEATS_PER_REQUEST),
};

/** Checks that a run with a row has a zone, and that a run with a start has a row. */
export function requirePlace(
  { zone, row, start }: { zone?: number | undefined; row?: number | undefined; start?: number | undefined },
  ctx: z.RefinementCtx,
): void {
  if (row !== undefined && zone === undefined)
    ctx.addIssue({ code: 'custom', path: ['row'], message: 'row requires a zone' });
  if (start !== undefined && row === undefined)
    ctx.addIssue({ code: 'custom', path: ['start'], message: 'start requires a zone and a row' });
}

/**
 * `count` seats side by side: with `start` (0-based) exactly there, with `row` in that row, with `zone` alone the best
 * in that zone, and otherwise the best in the house. It is part of a job.
 */
const plainRun = z.strictObject(runFields).superRefine(requirePlace);

/** How many seats are of which ticket type, in the order of the seats. */
const seatTypes = z.record(z.string().min(1).max(MAX_LABEL_LENGTH), z.int().min(1).max(MAX_SEATS_PER_REQUEST));

/** How many accessible seats are among the seats. */
const accessible = z.int().min(1).max(MAX_SEATS_PER_REQUEST);

/** Places of an area that go with the seats, all or none. */
const places = z
  .strictObject({ zone: houseNumber, count: runFields.count })
  .meta({ description: 'Places of an area besides the seats, in the same booking: all or none.' });

/** Conditions of a request for seats side by side; docs/architecture/houses.md has their rules. */
export const choiceFields = {
  category: z.string().min(1).max(MAX_NAME_LENGTH).optional().meta({ description: 'Seats of this category only.' }),
  maxPrice: z
    .int()
    .min(0)
    .max(MAX_INTEGER)
    .optional()
    .meta({ description: 'No seat costs more than this, in the minor unit of the currency (cents).' }),
  types: seatTypes.optional().meta({
    description: 'Seats by ticket type, such as `{"adult": 1, "child": 2}`, in their order. They sum to `count`.',
  }),
  accessible: accessible.optional().meta({ description: 'So many of the seats are accessible ones.' }),
  split: z.literal(true).optional().meta({ description: 'Several runs are welcome where there is no single one.' }),
  places: places.optional(),
};

/** The same under conditions. */
const choosyRun = z.strictObject({ ...runFields, ...choiceFields }).superRefine(requirePlace);

/** The number of seats that have a type. */
export const typedSeats = (types: Readonly<Record<string, number>>): number =>
  Object.values(types).reduce((sum, count) => sum + count, 0);

/** Body of `POST /reserve`. A key with the scope `sell` may name the buyer. */
export const reserveBody = z
  .strictObject({ ...runFields, buyer: buyerName.optional() })
  .superRefine(requirePlace)
  .transform(({ zone, row, start, count, buyer }) => ({ wish: { zone, row, start, count }, buyer }))
  .meta({ id: 'ReserveRequest' });

export type RunWish = z.infer<typeof choosyRun>;

/** Labels of the exact seats requested; they need not be side by side. */
export const seatLabels = z
  .array(seatLabel)
  .min(1)
  .max(MAX_SEATS_PER_REQUEST)
  .refine((labels) => new Set(labels).size === labels.length, 'a seat may appear only once');

const labelsWish = z.strictObject({
  seats: seatLabels,
  types: seatTypes.optional(),
  accessible: accessible.optional(),
  places: places.optional(),
});

/** The seats of one wish, without places besides them. */
export const seatsOfWish = (wish: OneWish): number => ('seats' in wish ? wish.seats.length : wish.count);

/** The places of an area that one wish is for besides its seats. */
export const placesOfWish = (wish: OneWish): { zone: number; count: number } | undefined =>
  'places' in wish ? wish.places : undefined;

/** One wish. The most frequent form comes first, because a union tries its forms in order. */
export const oneWish = z.union([plainRun, labelsWish, choosyRun]);

export type OneWish = z.infer<typeof oneWish>;

/** Wishes in the order of preference: the first that can be had counts. */
const rankedWishes = z.strictObject({ wishes: z.array(oneWish).min(1).max(MAX_RANKED_WISHES) });

/** The seats that a request is for. */
export const seatWish = z.union([plainRun, labelsWish, choosyRun, rankedWishes]);

export type SeatWish = z.infer<typeof seatWish>;
