import { parseArgs } from 'node:util';
import { exitOnStartFault } from '../../shared/platform/shutdown.ts';
import { allHeld, type Check, printVerdict } from './report.ts';

/** The command line of a command is wrong: the command ends with exit code 2. */
export class UsageError extends Error {}

export const USAGE_EXIT_CODE = 2;

/** The command line's value of an option: none, a flag, one text, or several. */
type Raw = string | boolean | (string | boolean)[] | undefined;

/** An option of a command. `read` turns the command line's text into a value. */
export type Option<Value> = {
  about: string;
  /** Stands for the value in the help. A flag has none. */
  placeholder?: string;
  /** The default in words. */
  fallback?: string;
  isRepeatable?: true;
  /** @throws UsageError where the text is no such value */
  read: (raw: Raw, name: string) => Value;
};

type Options = Record<string, Option<unknown>>;

export type Values<Named extends Options> = {
  [Name in keyof Named]: Named[Name] extends Option<infer Value> ? Value : never;
};

type Bounds = { min?: number; max: number; isFraction?: true };

function readNumber(raw: Raw, name: string, { min = 1, max, isFraction }: Bounds): number {
  const value = Number(raw);
  if (value >= min && value <= max && (isFraction || Number.isInteger(value))) return value;
  throw new UsageError(`--${name}: a ${isFraction ? '' : 'whole '}number from ${min} to ${max}`);
}

/** A whole number, or any number where the bounds allow fractions. */
export const number = (about: string, fallback: number, bounds: Bounds): Option<number> => ({
  about,
  placeholder: 'N',
  fallback: String(fallback),
  read: (raw, name) => readNumber(raw ?? String(fallback), name, bounds),
});

/** A number whose default the command computes. `fallback` states it in words. */
export const optionalNumber = (about: string, fallback: string, bounds: Bounds): Option<number | undefined> => ({
  about,
  placeholder: 'N',
  fallback,
  read: (raw, name) => (raw === undefined ? undefined : readNumber(raw, name, bounds)),
});

/** The seed of random choices. The command prints it, so that a run can be repeated. */
export const seed = (about = 'seed of the random choices', max = 4_294_967_295): Option<number> => ({
  about,
  placeholder: 'N',
  fallback: 'from the clock, printed',
  read: (raw, name) => readNumber(raw ?? String(1 + (Date.now() % 1_000_000)), name, { max }),
});

export const text = (about: string, placeholder: string, fallback?: string): Option<string | undefined> => ({
  about,
  placeholder,
  ...(fallback !== undefined && { fallback }),
  read: (raw) => raw as string | undefined,
});

export const flag = (about: string): Option<boolean> => ({ about, read: (raw) => raw === true });

/** Some of these names, separated by commas; all of them by default. */
export const namesOf = <Name extends string>(about: string, names: readonly Name[]): Option<Name[]> => ({
  about: `${about}, separated by commas`,
  placeholder: 'NAMES',
  fallback: 'all',
  read(raw, option) {
    const chosen = raw === undefined || raw === 'all' ? names : String(raw).split(',');
    if (chosen.every((name): name is Name => names.includes(name as Name))) return [...chosen] as Name[];
    throw new UsageError(`--${option}: all, or some of ${names.join(',')}`);
  },
});

/** The addresses of the APIs of a running system. */
export const urls = (): Option<string[] | undefined> => ({
  about: 'address of an API, once for each API; its servers are DATABASE_URL and REDIS_URL',
  placeholder: 'URL',
  fallback: 'what runs on DATA_DIR',
  isRepeatable: true,
  read: (raw) => raw as string[] | undefined,
});

export type Command<Named extends Options> = {
  /** Follows `npm run`. */
  name: string;
  /** The first paragraph of the help. */
  summary: string;
  options: Named;
  /** The last paragraph of the help. */
  notes?: string;
};

/** Columns in which an option and its placeholder stand. */
const OPTION_WIDTH = 20;

/** The text that `--help` prints. */
export function helpOf({ name, summary, options, notes }: Command<Options>): string {
  const lines = Object.entries(options).map(([option, { about, placeholder = '', fallback }]) => {
    const head = `  --${option} ${placeholder}`.padEnd(OPTION_WIDTH);
    return `${head}${about}${fallback === undefined ? '' : ` (default: ${fallback})`}`;
  });
  const help = `${'  --help'.padEnd(OPTION_WIDTH)}prints this text`;
  const ending = notes === undefined ? '' : `\n\n${notes}`;
  return `npm run ${name} -- [options]\n\n${summary}\n\n${[...lines, help].join('\n')}${ending}`;
}

/**
 * Reads the options of a command line.
 *
 * @returns undefined where it requests the help
 * @throws UsageError that names the option
 */
export function readOptions<Named extends Options>(options: Named, args: string[]): Values<Named> | undefined {
  const named = Object.entries<Option<unknown>>(options);
  const config = named.map(([name, { placeholder, isRepeatable = false }]) => [
    name,
    { type: placeholder === undefined ? ('boolean' as const) : ('string' as const), multiple: isRepeatable },
  ]);
  const help = { type: 'boolean', short: 'h' } as const;
  let values: Record<string, Raw>;
  try {
    values = parseArgs({ args, options: { ...Object.fromEntries(config), help } }).values;
  } catch (fault) {
    throw new UsageError((fault as Error).message.split('. ')[0]);
  }
  if (values.help === true) return undefined;
  return Object.fromEntries(named.map(([name, { read }]) => [name, read(values[name], name)])) as Values<Named>;
}

/**
 * Runs this process as a command. It ends with exit code 0, with 1 where a check is broken or something fails, with 2
 * where the command line is wrong, and with 78 where settings are wrong.
 *
 * @param definition.run measures or proves something. It returns checks, which are printed as a verdict, or whether
 *   those that it printed itself held
 * @param args the command line after the command's name
 */
export async function command<Named extends Options>(
  definition: Command<Named> & { run: (values: Values<Named>) => Promise<readonly Check[] | boolean | undefined> },
  args = process.argv.slice(2),
): Promise<void> {
  try {
    const values = readOptions(definition.options, args);
    if (values === undefined) return void console.log(helpOf(definition));
    const result = await definition.run(values);
    if (typeof result === 'object') printVerdict(definition.name, result);
    const isHeld = typeof result === 'object' ? allHeld(result) : result !== false;
    process.exitCode = isHeld ? 0 : 1;
  } catch (fault) {
    if (!(fault instanceof UsageError)) exitOnStartFault(fault);
    console.error(`${fault.message}\n\`npm run ${definition.name} -- --help\` lists the options.`);
    process.exitCode = USAGE_EXIT_CODE;
  }
}
