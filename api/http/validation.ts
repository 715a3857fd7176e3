import { z } from 'zod';
import { nearestName } from '../../shared/domain/nearest-name.ts';
import { ApiError } from './errors.ts';

/** Problems that one refusal lists at most, and characters of a name that it repeats at most. */
const MAX_PROBLEMS = 10;
const MAX_NAME_LENGTH = 60;

/** The schema of an empty query or body. */
export const nothing = z.strictObject({});

/**
 * Parses with a schema of the contract.
 *
 * @param kind the word for one value in the refusal
 * @throws ApiError INVALID_REQUEST that names each field and its problem
 */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  kind: ValueKind = 'field',
): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  // Parsed again with the error map: it costs zod a microsecond, which valid input does not pay.
  const { error = parsed.error } = schema.safeParse(value, ERROR_MAPS[kind]);
  throw new ApiError('INVALID_REQUEST', problemsOf(error));
}

type ValueKind = 'field' | 'parameter';

/** Words the refusal of unknown names by a strict schema: each by name, with the nearest known name. */
const errorMapOf = (kind: ValueKind): { error: z.core.$ZodErrorMap } => ({
  error(issue) {
    if (issue.code !== 'unrecognized_keys') return undefined;
    const known = Object.keys((issue.inst as z.ZodObject | undefined)?.shape ?? {});
    const others = known.length === 0 ? `this route takes no ${kind}s` : `known: ${known.join(', ')}`;
    const unknown = (name: string) => {
      const nearest = nearestName(name, known);
      const hint = nearest === undefined ? others : `did you mean ${nearest}?`;
      return `${nameOf([...(issue.path ?? []), name])}: unknown ${kind}; ${hint}`;
    };
    return listed(issue.keys, unknown);
  },
});

const ERROR_MAPS: Record<ValueKind, { error: z.core.$ZodErrorMap }> = {
  field: errorMapOf('field'),
  parameter: errorMapOf('parameter'),
};

/** The problems of a client's input, each with its field. `errorMapOf` words those of unknown names. */
const problemsOf = ({ issues }: z.ZodError): string =>
  listed(issues.flatMap(insideOf), ({ code, path, message, form }) => {
    if (code !== 'unrecognized_keys') return `${nameOf(path) || 'body'}: ${message}`;
    return form === undefined ? message : `${nameOf(form)}.${message}`;
  });

type Problem = { code: string; path: readonly PropertyKey[]; message: string; form?: readonly PropertyKey[] };

/**
 * The problems inside of a value that may have one of several forms, where only one form has them inside: the value was
 * meant to have it. `form` is the path of the value.
 */
function insideOf(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code !== 'invalid_union') return [issue as Problem];
  const [meant, ...others] = issue.errors.filter((problems) => problems.every(({ path }) => path.length > 0));
  if (meant === undefined || others.length > 0) return [issue];
  return meant.map(({ code, path, message }) => ({ code, path: [...issue.path, ...path], message, form: issue.path }));
}

function listed<Item>(items: readonly Item[], textOf: (item: Item) => string): string {
  const more = items.length > MAX_PROBLEMS ? [`and ${items.length - MAX_PROBLEMS} more`] : [];
  return [...items.slice(0, MAX_PROBLEMS).map(textOf), ...more].join('; ');
}

/** A field's name for a refusal: shortened, and in quotes where it has unusual characters. */
export function nameOf(path: readonly PropertyKey[]): string {
  const name = path.join('.').slice(0, MAX_NAME_LENGTH);
  return path.length === 0 || /^[\w.-]+$/.test(name) ? name : JSON.stringify(name);
}
