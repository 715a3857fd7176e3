import { z } from 'zod';
import { nearestName } from '../../shared/domain/nearest-name.ts';
import { ApiError } from './errors.ts';

/** Problems and unknown names of one request that its refusal lists, and characters of a name that it repeats. */
const MAX_PROBLEMS = 10;
const MAX_NAME_LENGTH = 60;

/** The schema of a query or a body where nothing is taken. */
export const nothing = z.strictObject({});

/**
 * Parses with a schema of the contract.
 *
 * @param what the values' kind, for the refusal
 * @throws ApiError INVALID_REQUEST that names each field and what is wrong with it
 */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: Named = 'field',
): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  // Our own wording only for a refusal: it costs zod a microsecond, which valid input should not pay.
  const { error = parsed.error } = schema.safeParse(value, WORDING[what]);
  throw new ApiError('INVALID_REQUEST', problemsOf(error));
}

type Named = 'field' | 'parameter';

/** How a strict schema refuses names that it does not know: each by name, with the nearest that it knows. */
const wordingOf = (what: Named): { error: z.core.$ZodErrorMap } => ({
  error(issue) {
    if (issue.code !== 'unrecognized_keys') return undefined;
    const known = Object.keys((issue.inst as z.ZodObject | undefined)?.shape ?? {});
    const others = known.length === 0 ? `no ${what} is taken here` : `known: ${known.join(', ')}`;
    const unknown = (name: string) => {
      const nearest = nearestName(name, known);
      const hint = nearest === undefined ? others : `did you mean ${nearest}?`;
      return `${nameOf([...(issue.path ?? []), name])}: unknown ${what}; ${hint}`;
    };
    return listed(issue.keys, unknown);
  },
});

const WORDING: Record<Named, { error: z.core.$ZodErrorMap }> = {
  field: wordingOf('field'),
  parameter: wordingOf('parameter'),
};

/** The problems of a client's input, each with its field. `wordingOf` words those of unknown names. */
const problemsOf = ({ issues }: z.ZodError): string =>
  listed(issues, ({ code, path, message }) =>
    code === 'unrecognized_keys' ? message : `${nameOf(path) || 'body'}: ${message}`,
  );

function listed<Item>(items: readonly Item[], wordsOf: (item: Item) => string): string {
  const more = items.length > MAX_PROBLEMS ? [`and ${items.length - MAX_PROBLEMS} more`] : [];
  return [...items.slice(0, MAX_PROBLEMS).map(wordsOf), ...more].join('; ');
}

/** A field's name for a refusal, cut where it is long, in quotes where it is none. */
export function nameOf(path: readonly PropertyKey[]): string {
  const name = path.join('.').slice(0, MAX_NAME_LENGTH);
  return path.length === 0 || /^[\w.-]+$/.test(name) ? name : JSON.stringify(name);
}
