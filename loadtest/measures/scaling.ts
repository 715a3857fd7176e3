import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../shared/config.ts';
import { workersModel } from '../../shared/domain/workers-desired.ts';
import { type Client, openClient } from '../kit/client.ts';
import { command, flag, text } from '../kit/command.ts';
import { renderPlots } from '../kit/plot.ts';
import { startProxy } from '../kit/proxy.ts';
import { type Check, writeReport } from '../kit/report.ts';
import { type OwnServers, startApi, startProgram, withOwnServers } from '../kit/rig.ts';
import { atRate } from '../kit/schedule.ts';

/** The load: requests a second, and for how long. */
type Step = { rate: number; seconds: number };
const STEPS: Step[] = [
  { rate: 4, seconds: 10 },
  { rate: 25, seconds: 35 },
  { rate: 4, seconds: 25 },
];
const QUICK_STEPS: Step[] = [
  { rate: 4, seconds: 1 },
  { rate: 40, seconds: 3 },
  { rate: 4, seconds: 2 },
];

/** Seconds in which there must be enough workers, and in which only one must run after the load. */
const UP_SECONDS = 15;
const DOWN_SECONDS = 15;

/** The most workers of a run, and of a quick one. */
const MAX_WORKERS = 4;
const QUICK_MAX_WORKERS = 3;

const HOUSE = { ZONES: 50, ROWS: 20, SEATS_PER_ROW: 65 };

/**
 * Milliseconds that each message between workers and PostgreSQL takes, in each direction. With one batch at a time a
 * worker then settles some nine jobs a second, so that a load of several workers takes little of this machine.
 */
const LINK_MS = 50;

const MAX_UNDERWAY = 10_000;

/** The state in one second of the run. */
type Sample = { step: number; second: number; rate: number; desired: number; alive: number; waiting: number };

/** Starts an API, and `npm run workers -- --auto` behind a slow link to the database. */
async function startSystem({ rig, postgres, addresses, openStores }: OwnServers, maxWorkers: number) {
  const link = await startProxy(postgres.url);
  rig.onClose(() => link.close());
  const environment = {
    ...process.env,
    DATA_DIR: rig.folder,
    DATABASE_URL: addresses.databaseUrl,
    REDIS_URL: addresses.redisUrl,
    PORT: '0',
    LOG_LEVEL: 'warn',
    RATE_LIMIT: 'off',
    WORKER_CONCURRENCY: '1',
  };
  const { workers } = await openStores();
  await startProgram(rig, 'commands/workers', {
    environment: { ...environment, DATABASE_URL: link.url },
    args: ['--auto', '--min', '1', '--max', String(maxWorkers)],
  });
  const { url } = await startApi(rig, environment);
  link.delay(LINK_MS);
  return {
    url,
    async sample(): Promise<Pick<Sample, 'desired' | 'alive' | 'waiting'>> {
      const { waiting } = await workers.readLoad();
      const { alive, desired = 0 } = await workers.view();
      return { waiting, alive, desired };
    },
    /** Deletes the recent needs from the model, as if they were long ago. */
    async forgetNeeds(): Promise<void> {
      const { desired = 1, model } = await workers.read();
      const seen = workersModel.parse(JSON.parse(model ?? ''));
      await workers.saveDesired(desired, JSON.stringify({ ...seen, arrivals: 0, needs: [] }));
    },
  };
}

type System = Awaited<ReturnType<typeof startSystem>>;

/** The run so far. `slowestMs`: the slowest outcome while workers end. */
type Progress = { step: number; samples: Sample[]; isOver: boolean; slowestMs: number; unbooked: number };

async function sampleEverySecond(system: System, steps: readonly Step[], run: Progress): Promise<void> {
  for (let second = 0; !run.isOver; second += 1) {
    const state = await system.sample();
    run.samples.push({ step: run.step, second, rate: steps[run.step]?.rate ?? 0, ...state });
    await sleep(1_000);
  }
}

/** Sends the load of one step. Returns its outcomes, which may come during the next step. */
async function playStep(client: Client, { rate, seconds }: Step, isLast: boolean, run: Progress) {
  console.error(`  ${rate} requests a second for ${seconds} s`);
  const outcomes: Promise<void>[] = [];
  await atRate({
    rate,
    count: rate * seconds,
    max: MAX_UNDERWAY,
    isQuiet: true,
    async begin(_index, dueAt) {
      // Without a line before it, a ticket that waits while workers end waits because of them.
      const isMeasured = isLast && (run.samples.at(-1)?.waiting ?? 0) <= rate;
      const outcome = client.send('POST', '/reserve?wait=60', { count: 1 }).then(({ status }) => {
        if (status !== 200) run.unbooked += 1;
        if (isMeasured) run.slowestMs = Math.max(run.slowestMs, performance.now() - dueAt);
      });
      outcomes.push(outcome);
    },
  });
  return outcomes;
}

/** Plays the steps. `forgetsNeeds`: the workers' model forgets before the last step, so that workers end sooner. */
async function play(system: System, steps: readonly Step[], forgetsNeeds: boolean): Promise<Progress> {
  const client = openClient([system.url]);
  const run: Progress = { step: 0, samples: [], isOver: false, slowestMs: 0, unbooked: 0 };
  const sampling = sampleEverySecond(system, steps, run);
  try {
    for (const [i, step] of steps.entries()) {
      const isLast = i === steps.length - 1;
      if (isLast && forgetsNeeds) {
        while (run.samples.at(-1)?.waiting !== 0 || run.samples.at(-1)?.alive === 1) await sleep(100);
        await system.forgetNeeds();
      }
      run.step = i;
      const outcomes = await playStep(client, step, isLast, run);
      if (isLast) await Promise.all(outcomes);
    }
    const deadline = performance.now() + DOWN_SECONDS * 1000;
    while (run.samples.at(-1)?.alive !== 1 && performance.now() < deadline) await sleep(100);
    return run;
  } finally {
    run.isOver = true;
    await sampling;
    await client.close();
  }
}

/** How often a series changes its direction. */
function directionChanges(values: readonly number[]): number {
  const signs = values.slice(1).flatMap((value, i) => Math.sign(value - (values[i] ?? 0)) || []);
  return signs.filter((sign, i) => i > 0 && sign !== signs[i - 1]).length;
}

function checksOf({ samples, unbooked }: Progress): Check[] {
  const [during, after] = [1, 2].map((step) => samples.filter((sample) => sample.step === step)) as [
    Sample[],
    Sample[],
  ];
  // The workers that run when everything is settled are enough. A sample is a second.
  const enough = during.at(-1)?.alive ?? 0;
  const up = during.findIndex(({ alive }) => alive >= enough);
  const down = after.findIndex(({ alive }) => alive === 1);
  const changes = directionChanges(samples.map(({ desired }) => desired));
  return [
    {
      what: `enough workers run within ${UP_SECONDS} s of the step up`,
      held: enough > 1 && up <= UP_SECONDS,
      figure: `${enough} after ${up} s`,
    },
    { what: 'one worker runs after the step down', held: down >= 0, figure: `after ${down} s` },
    { what: 'the number changes its direction at most once', held: changes <= 1, figure: changes },
    { what: 'every request has a booking', held: unbooked === 0, figure: `${unbooked} without` },
  ];
}

function pictureOf(samples: readonly Sample[]): string {
  const common = { across: 'seconds', steps: samples.map(({ second }) => (second % 10 === 0 ? String(second) : '')) };
  const line = (name: string, figureOf: (sample: Sample) => number) => ({ name, values: samples.map(figureOf) });
  return renderPlots([
    {
      ...common,
      title: 'Workers under a step of load',
      unit: 'worker processes',
      lines: [line('desired', ({ desired }) => desired), line('alive', ({ alive }) => alive)],
    },
    {
      ...common,
      title: 'The load',
      unit: 'tickets',
      lines: [line('accepted a second', ({ rate }) => rate), line('waiting', ({ waiting }) => waiting)],
    },
  ]);
}

await command({
  name: 'bench:scaling',
  summary: `A step of load up and down, on a system of its own with a slow link to its database and
\`npm run workers -- --auto --max ${MAX_WORKERS}\`: how many workers are desired and how many run, once a second.`,
  options: {
    quick: flag(`a short run with up to ${QUICK_MAX_WORKERS} workers, whose model forgets the load at the step down`),
    picture: text('writes the plot, an SVG', 'FILE', 'scaling.svg in DATA_DIR'),
  },
  async run({ quick, picture = join(readConfig().DATA_DIR, 'scaling.svg') }) {
    const run = await withOwnServers({ name: 'scaling', house: HOUSE }, async (servers) => {
      const system = await startSystem(servers, quick ? QUICK_MAX_WORKERS : MAX_WORKERS);
      return play(system, quick ? QUICK_STEPS : STEPS, quick);
    });
    writeReport(picture, pictureOf(run.samples));
    const bySecond = run.samples.map(({ desired, alive }) => `${desired}/${alive}`).join(' ');
    console.log(`  desired/alive by second: ${bySecond}`);
    console.log(`  the slowest outcome while workers ended: ${run.slowestMs.toFixed(0)} ms\n  Picture: ${picture}`);
    return checksOf(run);
  },
});
