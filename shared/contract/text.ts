import { z } from 'zod';

/**
 * Words of people's, kept as they are. No control characters: PostgreSQL takes no NUL, and a log or a page no others. No half of a
 * surrogate pair: PostgreSQL takes none in JSON.
 */
export const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'no control characters, and no half of a character');
