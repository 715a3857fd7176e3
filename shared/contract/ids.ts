import { z } from 'zod';

/** The id of a ticket and of its booking: a UUID version 8 that contains the shard (domain/ticket-id.ts). */
export const ticketId = z
  .string()
  .regex(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/, 'a lower-case UUID')
  .meta({ format: 'uuid' });

/** The largest `integer` of PostgreSQL, where a statement with a larger number fails. */
export const MAX_INTEGER = 2_147_483_647;

/** The number of an event. */
export const eventId = z.int().min(1).max(MAX_INTEGER);

/** The number of a user. */
export const userId = z.int().min(1).max(MAX_INTEGER);

/** The first number of buyers whom shops name: a number alone says whether its name has to be read. */
const FIRST_NAMED_BUYER = 1_000_000_000;

export const isNamedBuyer = (id: number): boolean => id >= FIRST_NAMED_BUYER;

/** The number of a user whom a request names: never that of a buyer whom a shop names. */
export const namedUserId = z
  .int()
  .min(1)
  .max(FIRST_NAMED_BUYER - 1);

/** A seat label, `zone-row-seat`, each from 1. */
export const seatLabel = z
  .string()
  .regex(/^[1-9]\d{0,5}-[1-9]\d{0,5}-[1-9]\d{0,5}$/, 'a seat label is zone-row-number, each from 1, such as 3-12-45');

/** The event of the compat routes; a new database contains it. */
export const DEFAULT_EVENT = 1;

/** Converts a text of digits; returns any other value unchanged. `Number` alone reads '1.0', '0x1' and ' 1' as 1. */
export const digitsAsNumber = (text: unknown): unknown =>
  typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : text;

/** A whole number in a path or a query. */
export const inAddress = <Schema extends z.ZodType<number>>(schema: Schema) => z.preprocess(digitsAsNumber, schema);
