import { z } from 'zod';

/** A ticket's id, which is also its booking's: a UUID version 8 that carries the shard (domain/ticket-id.ts). */
export const ticketId = z.guid().lowercase().meta({ format: 'uuid' });

/** The largest number that PostgreSQL's `integer` holds: it fails a statement that compares with more. */
export const MAX_INTEGER = 2_147_483_647;

/** The number of an event. */
export const eventId = z.int().min(1).max(MAX_INTEGER);

/** The number of a user. */
export const userId = z.int().min(1).max(MAX_INTEGER);

/** A seat label, `zone-row-seat`, each from 1. */
export const seatLabel = z
  .string()
  .regex(/^[1-9]\d{0,5}-[1-9]\d{0,5}-[1-9]\d{0,5}$/, 'a seat is named zone-row-number, each from 1, as 3-12-45');

/** The event of the compat routes, which a new database starts with. */
export const DEFAULT_EVENT = 1;

/** The number that a text of digits is; anything else as it came. `Number` alone reads '1.0', '0x1' and ' 1' as 1. */
export const digitsAsNumber = (text: unknown): unknown =>
  typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : text;

/** A whole number as it stands in an address. */
export const inAddress = <Schema extends z.ZodType<number>>(schema: Schema) => z.preprocess(digitsAsNumber, schema);
