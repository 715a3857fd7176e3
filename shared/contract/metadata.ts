import { z } from 'zod';

/** Bytes of a booking's metadata as JSON. The levels of a request body are bounded anyway (MAX_BODY_LEVELS). */
const MAX_METADATA_BYTES = 1024;

/** PostgreSQL's jsonb refuses NUL and unpaired surrogates. */
const STORABLE = /^[^\0\p{Cs}]*$/u;

/** A message if metadata cannot be stored as it is; undefined if it can. */
function metadataProblem(metadata: Record<string, unknown>): string | undefined {
  let problem: string | undefined;
  const text = JSON.stringify(metadata, (name, value: unknown) => {
    const texts = typeof value === 'string' ? [name, value] : [name];
    if (!texts.every((one) => STORABLE.test(one))) problem = 'must have no NUL and no unpaired surrogates';
    if (typeof value === 'number' && !Number.isFinite(value)) problem = 'has a number that is too large';
    return value;
  });
  const bytes = new TextEncoder().encode(text).length;
  return bytes > MAX_METADATA_BYTES ? `at most ${MAX_METADATA_BYTES} bytes as JSON, not ${bytes}` : problem;
}

/** The client's own data of a booking: an object, stored and shown as it is. */
export const metadata = z
  .record(z.string(), z.unknown())
  .superRefine((value, ctx) => {
    const message = metadataProblem(value);
    if (message !== undefined) ctx.addIssue({ code: 'custom', message });
  })
  .meta({
    description: `Your own data, shown with the booking: an object of at most ${MAX_METADATA_BYTES} bytes as JSON.`,
  });
