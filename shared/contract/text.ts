import { z } from 'zod';

/** Words of people's, kept as they are. No control characters: PostgreSQL takes no NUL, and a log or a page no others. */
export const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^\P{Cc}*$/u, 'no control characters');
