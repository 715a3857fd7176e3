import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readConfig } from '../../shared/config.ts';
import { exitOnStartFault } from '../../shared/platform/shutdown.ts';
import { renderPlots } from '../kit/plot.ts';
import { atRate } from '../kit/schedule.ts';
import { startScalingRig } from './scaling/rig.ts';
import { openClient } from './scenarios/client.ts';

const HELP = `npm run bench:scaling -- [options]

A step of load up and down again, on a system of its own whose database is far away, with \`npm run workers -- --auto --max 4\`:
how many workers are desired and how many run, once a second. Ends with 1 where there are not enough within 15 s, where they do not
go again, where their number goes up and down more than once, or where a request has no outcome.

  --quick           in seconds, to see that it runs: with up to 3 workers, and what was needed is forgotten at the step down
  --picture FILE    where the plot goes, an SVG    (default scaling.svg in DATA_DIR)
  --help`;

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

/** Seconds in which the workers must be enough, and in which one must run again when the load is over. */
const UP_SECONDS = 15;
const DOWN_SECONDS = 15;

type Sample = { step: number; second: number; rate: number; desired: number; alive: number; waiting: number };

/** How often a series changes its direction. */
function turnsOf(values: readonly number[]): number {
  const steps = values.slice(1).flatMap((value, i) => Math.sign(value - (values[i] ?? 0)) || []);
  return steps.filter((step, i) => i > 0 && step !== steps[i - 1]).length;
}

function pictureOf(samples: readonly Sample[]): string {
  const across = 'seconds';
  const steps = samples.map(({ second }) => (second % 10 === 0 ? String(second) : ''));
  const line = (name: string, of: (sample: Sample) => number) => ({ name, values: samples.map(of) });
  return renderPlots([
    {
      title: 'Workers under a step of load',
      across,
      steps,
      unit: 'worker processes',
      lines: [line('desired', (one) => one.desired), line('alive', (one) => one.alive)],
    },
    {
      title: 'The load',
      across,
      steps,
      unit: 'tickets',
      lines: [line('accepted a second', (one) => one.rate), line('waiting', (one) => one.waiting)],
    },
  ]);
}

async function play(
  steps: readonly Step[],
  max: number,
  forget: boolean,
): Promise<{ samples: Sample[]; slowestMs: number; without: number }> {
  const rig = await startScalingRig({ max });
  const client = openClient([rig.url]);
  try {
    const samples: Sample[] = [];
    let [now, done, slowestMs, without] = [0, false, 0, 0];
    const sampling = (async () => {
      for (let second = 0; !done; second += 1) {
        const { waiting } = await rig.workers.look();
        const { alive, desired = 0 } = await rig.workers.view();
        samples.push({ step: now, second, rate: steps[now]?.rate ?? 0, desired, alive, waiting });
        await sleep(1_000);
      }
    })();
    for (const [i, { rate, seconds }] of steps.entries()) {
      const isLast = i === steps.length - 1;
      if (isLast && forget) {
        while (samples.at(-1)?.waiting !== 0 || samples.at(-1)?.alive === 1) await sleep(100);
        await rig.forgetNeeds();
      }
      now = i;
      console.error(`  ${rate} requests a second for ${seconds} s`);
      const outcomes: Promise<void>[] = [];
      await atRate({
        rate,
        count: rate * seconds,
        most: 10_000,
        say: () => undefined,
        // Not waited for here: what is under way at the end of a step goes on beside the next one.
        async begin(_index, dueAt) {
          // What a ticket waits when no line stands before it, and workers go, is what a worker that goes makes it wait.
          const counts = isLast && (samples.at(-1)?.waiting ?? 0) <= rate;
          const outcome = client.send('POST', '/reserve?wait=60', { count: 1 }).then(({ status }) => {
            if (status !== 200) without += 1;
            if (counts) slowestMs = Math.max(slowestMs, performance.now() - dueAt);
          });
          outcomes.push(outcome);
        },
      });
      if (isLast) await Promise.all(outcomes);
    }
    const deadline = performance.now() + DOWN_SECONDS * 1000;
    while (samples.at(-1)?.alive !== 1 && performance.now() < deadline) await sleep(100);
    done = true;
    await sampling;
    return { samples, slowestMs, without };
  } finally {
    await client.close();
    await rig.close();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      picture: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return void console.log(HELP);
  const picture = values.picture ?? join(readConfig().DATA_DIR, 'scaling.svg');
  const steps = values.quick ? QUICK_STEPS : STEPS;
  const { samples, slowestMs, without } = await play(steps, values.quick ? 3 : 4, values.quick);
  mkdirSync(dirname(picture), { recursive: true });
  writeFileSync(picture, pictureOf(samples));

  const [during, after] = [1, 2].map((step) => samples.filter((one) => one.step === step)) as [Sample[], Sample[]];
  // Enough is what runs when what waited is settled.
  const enough = during.at(-1)?.alive ?? 0;
  const until = (some: Sample[], holds: (sample: Sample) => boolean) => some.findIndex(holds); // a sample is a second
  const up = until(during, ({ alive }) => alive >= enough);
  const down = until(after, ({ alive }) => alive === 1);
  const turns = turnsOf(samples.map(({ desired }) => desired));
  console.log(`  desired/alive by second: ${samples.map(({ desired, alive }) => `${desired}/${alive}`).join(' ')}`);
  const checks: [string, boolean][] = [
    [
      `${enough} workers are enough, and run ${up} s after the step up (at most ${UP_SECONDS})`,
      enough > 1 && up <= UP_SECONDS,
    ],
    [`one runs again ${down} s after the step down`, down >= 0],
    [`the number changed its direction ${turns} times (at most once)`, turns <= 1],
    [`${without} requests without a booking`, without === 0],
  ];
  for (const [what, holds] of checks) console.log(`  ${holds ? 'ok    ' : 'FAILED'} ${what}`);
  console.log(`  the slowest outcome while workers went: ${slowestMs.toFixed(0)} ms\n  Picture: ${picture}`);
  process.exitCode = checks.every(([, holds]) => holds) ? 0 : 1;
}

await main().catch(exitOnStartFault);
