import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { command, flag, number } from '../kit/command.ts';
import { type Check, markdownTable } from '../kit/report.ts';
import { ADMIN_TOKEN, type OwnSystem, withOwnSystem } from '../kit/rig.ts';
import { median } from '../kit/statistics.ts';
import { measureExport } from './records/exports.ts';
import { FREQUENT_BUYER, fillRecords, HOUSE, RARE_BUYER } from './records/fill.ts';
import {
  type Get,
  type ListCase,
  type ListTimes,
  listCases,
  measureList,
  nameOf,
  pathOf,
  rowOf,
} from './records/lists.ts';
import { plansIn, writePlans } from './records/plans.ts';

/** Milliseconds in which a list answers: the median of each. */
const LIST_MS = 50;

/** Megabytes by which an export of any size may enlarge the API: pages under way, and what V8 collects later. */
const EXPORT_MEGABYTES = 120;

const FORMATS = ['text/csv', 'application/x-ndjson'];

const listAnswer = z.object({ bookings: z.array(z.unknown()), next: z.string().optional() });

const asOperator = { authorization: `Bearer ${ADMIN_TOKEN}` };

const getAs =
  (url: string, headers: Record<string, string>): Get =>
  async (path) => {
    const answer = await fetch(url + path, { headers });
    if (!answer.ok) throw new Error(`GET ${path} answered ${answer.status}: ${await answer.text()}`);
    const { bookings, next } = listAnswer.parse(await answer.json());
    return { bookings, ...(next !== undefined && { next }) };
  };

/** The token of a buyer whom the shop names: with it they read their own bookings. */
async function tokenOf(url: string, buyer: string): Promise<Record<string, string>> {
  const answer = await fetch(`${url}/api/buyer-tokens`, {
    method: 'POST',
    headers: { ...asOperator, 'content-type': 'application/json' },
    body: JSON.stringify({ buyer }),
  });
  return { authorization: `Bearer ${z.object({ token: z.string() }).parse(await answer.json()).token}` };
}

async function callersOf(url: string): Promise<Record<ListCase['caller'], Get>> {
  return {
    operator: getAs(url, asOperator),
    'frequent buyer': getAs(url, await tokenOf(url, FREQUENT_BUYER.buyer)),
    'rare buyer': getAs(url, await tokenOf(url, RARE_BUYER.buyer)),
  };
}

async function measureLists({ url }: OwnSystem): Promise<Check[]> {
  const get = await callersOf(url);
  const measured: ListTimes[] = [];
  for (const list of listCases()) measured.push(await measureList(list, get[list.caller]));
  const head = ['list', 'bookings', 'first page, ms', 'deep page, ms', 'slowest, ms'];
  console.log(`\n${markdownTable(head, measured.map(rowOf))}`);
  const medians = measured.flatMap(({ first, deep }) => [median(first), median(deep)]);
  const slow = measured.filter(({ first, deep }) => Math.max(median(first), median(deep)) > LIST_MS);
  return [
    {
      what: `each list answers within ${LIST_MS} ms, in the median`,
      held: slow.length === 0,
      figure: `the slowest ${Math.max(...medians).toFixed(1)} ms`,
      examples: slow.map(({ list }) => nameOf(list)),
    },
  ];
}

async function measureExports({ api }: OwnSystem, rows: number): Promise<Check[]> {
  const checks: Check[] = [];
  for (const type of FORMATS) {
    const { seconds, lines, before, peak } = await measureExport(type, { url: api.url, pid: api.pid }, asOperator);
    const expected = type === 'text/csv' ? rows + 1 : rows;
    const memory = `${before.toFixed(0)} to ${peak.toFixed(0)} MB`;
    checks.push(
      { what: `${type}: ${expected} lines`, held: lines === expected, figure: `${lines} in ${seconds.toFixed(1)} s` },
      {
        what: `${type}: the API grows by at most ${EXPORT_MEGABYTES} MB`,
        held: peak - before <= EXPORT_MEGABYTES,
        figure: memory,
      },
    );
  }
  return checks;
}

/** Prints the steps of the plan of each list's first page. */
async function printPlans(system: OwnSystem): Promise<void> {
  const sql = await connectPostgres({ connectionString: system.postgres.url });
  await writePlans(sql);
  await sql.end();
  const { url } = await system.startApi(); // its sessions are new
  const get = await callersOf(url);
  const logFile = join(system.rig.folder, 'postgres.log');
  console.log('');
  for (const list of listCases()) {
    const writtenBefore = statSync(logFile).size;
    await get[list.caller](pathOf(list));
    const log = (await readFile(logFile)).subarray(writtenBefore).toString();
    console.log(
      `${nameOf(list)}\n${plansIn(log)
        .map((steps) => `    ${steps}`)
        .join('\n')}`,
    );
  }
}

await command({
  name: 'bench:records',
  summary: `Fills a system of its own with bookings of several events, sends lists with every filter and with pairs of
them, for an operator and for buyers, and exports all of them as CSV and as NDJSON.`,
  options: {
    rows: number('bookings', 1_000_000, { min: 1_000, max: 20_000_000 }),
    events: number('events; half of the bookings are of the first one', 20, { min: 2, max: 10_000 }),
    plans: flag('prints how PostgreSQL found each list: the index or the step, and the rows that it read'),
  },
  notes: `A list with + ended before its page was full, because it had read enough bookings: the next page goes on.`,
  run: ({ rows, events, plans }) =>
    withOwnSystem(
      {
        name: 'bench-records',
        house: { ZONES: 1, ...HOUSE },
        settings: { AUTH: 'on', AUTH_SECRET: 'a secret of a system under load, 32 bytes' },
      },
      async (system) => {
        await fillRecords(system.postgres.url, { rows, events }, (line) => console.error(`  ${line}`));
        const checks = [...(await measureLists(system)), ...(await measureExports(system, rows))];
        if (plans) await printPlans(system);
        return checks;
      },
    ),
});
