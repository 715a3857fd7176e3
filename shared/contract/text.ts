import { z } from 'zod';

/**
 * Rejected in text that people enter: control characters (PostgreSQL rejects NUL, and the others break logs and pages),
 * unpaired surrogates, line and paragraph separators, marks that change the direction of adjacent text
 * (CVE-2021-42574), and zero-width characters, except for the two joiners (U+200C, U+200D) that Persian, Indic scripts
 * and emoji need.
 */
const ALLOWED_CHARACTERS =
  /^[^\p{Cc}\p{Cs}\u061C\u180E\u200B\u200E\u200F\u2028\u2029\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]*$/u;

/** A visible character: not a space, and not an invisible character such as a joiner or a Hangul filler. */
const VISIBLE = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\u2800]/u;

const FORBIDDEN = 'must have no control, direction or invisible characters and no unpaired surrogates';
const INVISIBLE = 'must have a visible character';

/**
 * Text that people enter, such as a name: trimmed, with at least one visible character, and only with characters that
 * logs and pages can show.
 */
export const text = (max: number) =>
  z
    .string()
    .trim()
    .regex(ALLOWED_CHARACTERS, FORBIDDEN)
    .refine((value) => VISIBLE.test(value), INVISIBLE)
    .max(max);

/** Longer text that people enter: as `text`, and with line breaks. */
export const paragraphs = (max: number) =>
  z
    .string()
    .overwrite((value) => value.replaceAll('\r\n', '\n').trim())
    .refine((value) => value.split('\n').every((line) => ALLOWED_CHARACTERS.test(line)), FORBIDDEN)
    .refine((value) => VISIBLE.test(value), INVISIBLE)
    .max(max);
