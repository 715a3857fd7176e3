import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { MAX_INTEGER } from '../../shared/contract/ids.ts';
import { ConfigError } from '../../shared/platform/config-error.ts';
import type { Plan } from './plan.ts';
import type { Problems } from './problems.ts';

const price = z.int().min(0).max(MAX_INTEGER);

/** A file of prices, in the currency's minor unit: of each category one, or one with others by ticket type. */
const priceFile = z.record(
  z.string(),
  z.union([price.transform((one) => ({ price: one })), z.strictObject({ price, types: z.record(z.string(), price) })]),
);

export type Prices = z.infer<typeof priceFile>;

/**
 * Reads the text of `--prices`: a file of JSON, or `Gold=9900,Silver=4900`.
 *
 * @throws ConfigError where it is neither
 */
export function readPrices(text: string | undefined): Prices {
  if (text === undefined) return {};
  const read = existsSync(text) ? readFile(text) : readList(text);
  const { data, error } = priceFile.safeParse(read);
  if (data !== undefined) return data;
  const wrong = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n');
  throw new ConfigError(`--prices: whole numbers in the minor unit, such as 9900 for 99.00 EUR\n${wrong}`);
}

function readFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (fault) {
    throw new ConfigError(`--prices ${path}: ${(fault as Error).message}`);
  }
}

function readList(text: string): unknown {
  const entries = text.split(',').map((one) => /^(.+)=(\d{1,10})$/.exec(one.trim()));
  if (entries.some((entry) => entry === null))
    throw new ConfigError(`--prices: neither a file nor "Gold=9900,Silver=4900": ${text}`);
  return Object.fromEntries(entries.map((entry) => [entry?.[1], Number(entry?.[2])]));
}

/** Finds categories without a price, and prices without a category. */
export function checkPrices({ categories }: Plan, prices: Prices, problems: Problems): void {
  const names = categories.map(({ name }) => name);
  for (const name of names) if (prices[name] === undefined) problems.add('--prices', `no price for category "${name}"`);
  for (const name of Object.keys(prices))
    if (!names.includes(name)) problems.add('--prices', `the plan has no category "${name}"`);
}
