import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { readConfig } from '../shared/config.ts';
import { problem } from '../shared/contract/answers.ts';
import { newEvent } from '../shared/contract/events.ts';
import { MAX_HOUSE_BYTES } from '../shared/contract/limits.ts';
import { houseColumns, problemOr } from '../shared/domain/house-columns.ts';
import { ConfigError } from '../shared/platform/config-error.ts';
import { findRunning } from '../shared/platform/running-system.ts';
import { exitOnStartFault } from '../shared/platform/shutdown.ts';
import { areaOf } from './plans/additions.ts';
import { eventBodyOf } from './plans/event-body.ts';
import { readPrices } from './plans/prices.ts';
import { createProblems, PlanError } from './plans/problems.ts';
import { readPlan } from './plans/read-plan.ts';
import { summaryOf } from './plans/summary.ts';

const HELP = `npm run import-plan -- FILE --prices "Gold=9900,Silver=4900" [options]

Creates an event with the house of a seating plan, through the API: pretix' seating plan (JSON), or CSV with a line for
each seat and the columns zone,row,seat,x,y,category,attributes. docs/plans/README.md describes both. Where anything is
wrong it lists what and where, up to 20 problems, creates nothing, and ends with 1.

--prices PRICES    of each category, in the currency's minor unit: "Gold=9900,Silver=4900", or a file of JSON:
                   {"Gold": 9900, "Silver": {"price": 4900, "types": {"child": 2900}}}
--name NAME        of the event (default: that of the plan; CSV has none)
--currency CODE    (default: EUR)
--area AREA        standing room beside the plan: "Floor=5000:Standing" (name, capacity, category). Repeatable
--accessible NAME  the seats of this category are accessible. Repeatable
--companions NAME  each seat of this category belongs to the accessible seat of its row that is nearest. Repeatable
--url URL          of an API, with ADMIN_TOKEN in the environment (default: the system that runs on DATA_DIR)
--dry-run          prints the summary, and creates nothing`;

const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true } as const;
const options = {
  prices: text,
  name: text,
  currency: { ...text, default: 'EUR' },
  area: texts,
  accessible: texts,
  companions: texts,
  url: text,
  'dry-run': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Bytes of a file: more makes no body that the API takes. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** Milliseconds that the API may take to create the event. */
const ANSWER_MS = 60_000;

const createdEvent = z.object({ id: z.int() });

/** @throws ConfigError where there is no such file, or it is no text of at most `MAX_FILE_BYTES` */
function readText(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new ConfigError(`There is no file ${path}.`);
  if (stat.size > MAX_FILE_BYTES) throw new ConfigError(`${path} has ${stat.size} bytes, at most ${MAX_FILE_BYTES}.`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch {
    throw new ConfigError(`${path} is no text in UTF-8.`);
  }
}

/** The API that creates the event. The token of the running system goes to no other address. */
function findApi(url: string | undefined): { url: string; token: string | undefined } {
  const config = readConfig();
  if (url !== undefined && !URL.canParse(url)) throw new ConfigError(`--url: ${url} is no address`);
  if (url !== undefined) return { url, token: config.ADMIN_TOKEN };
  const running = findRunning(config.DATA_DIR);
  if (running === undefined)
    throw new ConfigError('Nothing runs on DATA_DIR. Start it with `npm start`, or name an API with --url.');
  return { url: running.url, token: config.ADMIN_TOKEN ?? running.adminToken };
}

/** Creates the event. @throws PlanError where the API refuses it */
async function create(body: string, { url, token }: ReturnType<typeof findApi>): Promise<string> {
  const address = new URL('/api/events', url);
  const headers = {
    'content-type': 'application/json',
    'idempotency-key': randomUUID(),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  const signal = AbortSignal.timeout(ANSWER_MS);
  const answer = await fetch(address, { method: 'POST', headers, body, signal }).catch((fault: Error) => {
    throw new PlanError(`${address} gave no answer (${fault.message}). See whether ${address} lists the event now.`);
  });
  // A proxy in between may answer without JSON: then the status is all that is known.
  const answered: unknown = await answer.json().catch(() => undefined);
  if (answer.status === 201) return new URL(`/events/${createdEvent.parse(answered).id}`, url).href;
  const { code = `status ${answer.status}`, detail = '' } = problem.partial().safeParse(answered).data ?? {};
  throw new PlanError(`${address} refused it, so nothing was created: ${code} ${detail}`);
}

/** The event as the body of a request. @throws PlanError where the API would refuse it */
function bodyText(body: object): string {
  const problems = createProblems();
  const { data, error } = newEvent.safeParse(body);
  for (const { path, message } of error?.issues ?? []) problems.add(path.join('.'), message);
  const house = data && problemOr(() => houseColumns(data));
  if (house !== undefined && 'problem' in house) problems.add('', house.problem);
  problems.throwIfAny();
  const written = JSON.stringify(body);
  const bytes = Buffer.byteLength(written);
  if (bytes > MAX_HOUSE_BYTES)
    throw new PlanError(`The house has ${bytes} bytes as JSON; the API takes ${MAX_HOUSE_BYTES}.`);
  return written;
}

function readOptions() {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (fault) {
    throw new ConfigError((fault as Error).message);
  }
}

async function main(): Promise<void> {
  const { values, positionals } = readOptions();
  if (values.help) return void console.log(HELP);
  const [path] = positionals;
  if (path === undefined || positionals.length > 1) throw new ConfigError('Name one file: npm run import-plan -- FILE');
  const api = values['dry-run'] ? undefined : findApi(values.url);
  const prices = readPrices(values.prices);
  const { accessible = [], companions = [], area = [], currency } = values;
  const plan = readPlan(readText(path), { accessible, companions, areas: area.map(areaOf) }, prices);
  const name = values.name ?? plan.name;
  if (name === undefined) throw new ConfigError('--name: the plan has no name for the event');
  const settings = { name, currency, prices };
  const body = bodyText(eventBodyOf(plan, settings));
  console.log(summaryOf(plan, settings));
  console.log(api === undefined ? 'Nothing was created: --dry-run' : `Created: ${await create(body, api)}`);
}

await main().catch((fault: unknown) => {
  if (!(fault instanceof PlanError)) exitOnStartFault(fault);
  console.error(fault.message);
  process.exitCode = 1;
});
