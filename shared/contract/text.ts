import { z } from 'zod';

/**
 * Refused in people's text: control characters (PostgreSQL takes no NUL, a log or a page no others), halves of
 * surrogate pairs, line and paragraph separators, marks that change the direction of the text beside them on a page
 * (CVE-2021-42574), and characters without width, but for the two joiners (U+200C, U+200D) that Persian, Indic scripts
 * and emoji need.
 */
const NO_SUCH_CHARACTERS =
  /^[^\p{Cc}\p{Cs}\u061C\u180E\u200B\u200E\u200F\u2028\u2029\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]*$/u;

/** A visible character: no space, and none without a shape of its own, such as a joiner or a Hangul filler. */
const SEEN = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\u2800]/u;

/**
 * Text of people, such as a name: trimmed, with a visible character, and only with characters that can be shown
 * anywhere.
 */
export const text = (max: number) =>
  z
    .string()
    .trim()
    .regex(NO_SUCH_CHARACTERS, 'no control, direction or invisible characters, and no half of a character')
    .refine((words) => SEEN.test(words), 'something that can be seen, not only spaces')
    .max(max);
