import { setTimeout as sleep } from 'node:timers/promises';
import { openClient } from '../kit/client.ts';
import { command, USAGE_EXIT_CODE, urls } from '../kit/command.ts';
import { requireFilesFor } from '../kit/processes.ts';
import { createRandom } from '../kit/random.ts';
import { type Check, figureLines, noneOf, timesOf } from '../kit/report.ts';
import { atRate } from '../kit/schedule.ts';
import { auditDefaultEvent, differencesOf, openStores } from '../kit/stores.ts';
import { createTally, type Tally } from '../kit/tally.ts';
import { findTarget, type Target } from '../kit/target.ts';
import { readEvent, releaseHold } from './load/buyers.ts';
import { type Run, type Scenario, type Shape, scenarios } from './load/scenarios.ts';
import { watchMemory } from './load/watched-memory.ts';

type Row = Scenario<(typeof scenarios)[string]['options']>;

/** Milliseconds within which users who act repeatedly begin. */
const BEGIN_MS = 1_000;

/** Plays the buyers of a shape. Returns how many had to be skipped. */
async function play(shape: Shape, act: (index: number, dueAt: number) => Promise<void>, random: () => number) {
  if (shape.kind === 'rate') {
    const { perSecond, count, max } = shape;
    return (await atRate({ rate: perSecond, count, max, begin: act })).skipped;
  }
  const buyers = Array.from({ length: shape.kind === 'together' ? shape.count : shape.users }, (_, index) => index);
  if (shape.kind === 'together') {
    await Promise.all(buyers.map((index) => act(index, performance.now())));
    return 0;
  }
  const endAt = performance.now() + shape.seconds * 1_000;
  const repeat = async (index: number) => {
    await sleep(random() * BEGIN_MS);
    while (performance.now() < endAt) await act(index, performance.now());
  };
  await Promise.all(buyers.map(repeat));
  return 0;
}

async function agreeCheck(target: Target, name: string): Promise<Check> {
  const stores = await openStores(target, 'producer', name);
  try {
    return noneOf('PostgreSQL and Redis agree, differences', differencesOf(await auditDefaultEvent(stores)));
  } finally {
    await stores.close();
  }
}

/** Plays a scenario against a running system. Returns its checks. */
async function runScenario(name: string, row: Row, target: Target, values: Record<string, number>): Promise<Check[]> {
  const { shape, sockets, prepare, act, criteria } = row;
  if (sockets !== undefined) requireFilesFor(sockets(values));
  const client = openClient(target.urls);
  const random = createRandom(values.seed ?? 1);
  const tallies = new Map<string, Tally>();
  const times = new Map<string, number[]>();
  const getOrCreate = <Item>(map: Map<string, Item>, key: string, create: () => Item): Item => {
    const item = map.get(key) ?? create();
    map.set(key, item);
    return item;
  };
  const run: Run<Row['options']> = {
    values,
    target,
    client,
    event: await readEvent(client),
    random,
    tally: (tallyName) => getOrCreate(tallies, tallyName, createTally),
    times: (timesName) => getOrCreate(times, timesName, (): number[] => []),
    holds: [],
    seats: [],
    skipped: 0,
    memory: watchMemory(target),
  };
  await prepare?.(run);
  const startedAt = performance.now();
  run.skipped = await play(shape(values), (index, dueAt) => act(run, index, dueAt), random);
  const seconds = (performance.now() - startedAt) / 1_000;
  const agree = await agreeCheck(target, name);
  await Promise.all(run.holds.map((hold) => releaseHold(client, hold)));
  await client.close();
  const answers = [...tallies.values()].reduce((sum, tally) => sum + tally.total(), 0);
  console.log(
    figureLines([
      ...[...tallies].map(([tallyName, tally]): [string, string] => [tallyName, tally.words()]),
      ['answers/s', (answers / seconds).toFixed(1)],
      ...[...times].map(([timesName, values]): [string, string] => [timesName, timesOf(values)]),
      ...run.memory.figures(),
    ]),
  );
  return [...criteria(run), agree];
}

const [name = '', ...args] = process.argv.slice(2);
const row = scenarios[name];
if (row === undefined) {
  console.error(`There is no scenario "${name}": use ${Object.keys(scenarios).join(', ')}.`);
  process.exit(USAGE_EXIT_CODE);
}
await command(
  {
    name: `load:${name}`,
    summary: `${row.summary}\nPostgreSQL and Redis must agree at the end.`,
    options: { ...row.options, url: urls() },
    run: ({ url, ...values }) => runScenario(name, row, findTarget(url), values as Record<string, number>),
  },
  args,
);
