import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ConfigError } from '../../shared/platform/config-error.ts';
import { exitOnStartFault } from '../../shared/platform/shutdown.ts';
import { wholeOf } from '../kit/options.ts';
import { createRandom } from '../kit/random.ts';
import { createStarted } from '../kit/started.ts';
import { sendBuyers } from './chaos/buyers.ts';
import { diskOf, type Fault, type FaultName, faults, mountSmallDisk, unmountSmallDisk } from './chaos/faults.ts';
import { createLedger, type Ledger } from './chaos/ledger.ts';
import { startRig } from './chaos/rig.ts';
import { judge, prepareVerdict, type Verdict } from './chaos/verdict.ts';

const names = Object.keys(faults) as FaultName[];

const HELP = `npm run chaos -- [options]

Breaks a Frontrow of its own in the middle of a load, lets it recover, and holds the promises against what its clients were told, PostgreSQL
and Redis. Each run is a new system: PostgreSQL, Redis, two APIs, two workers. Ends with 1 where a promise was broken.

  --fault NAME      what to break, several with commas, or all   (default all)
  --runs N          runs of each fault                            (default 1)
  --seed N          seed of the first run; the next has the next  (default: from the clock, printed)
  --keep            keeps the folders of runs that broke a promise
  --help

A run's plan (who is killed and when, for how long, what buyers want) comes from its fault and its seed: repeat one with
--fault NAME --seed N. What meets what is up to the machine.

${names.map((name) => `  ${name.padEnd(18)}${faults[name].about}`).join('\n')}`;

/** Seconds that a hold lasts: less than a stopped worker is away. */
const HOLD_SECONDS = 8;

/** Tickets with an outcome, and milliseconds of load, before the fault: it is to break something. Milliseconds of load after the recovery. */
const OUTCOMES_BEFORE = 150;
const BEFORE_MS = 2_500;
const BEFORE_TIMEOUT_MS = 60_000;
const AFTER_MS = 1_500;

/** Milliseconds after the end of a fault in which everything must go on. */
const RECOVERY_TIMEOUT_MS = 90_000;

type Run = {
  fault: FaultName;
  seed: number;
  verdict?: Verdict;
  recoverySeconds?: number;
  /** What keeps the promises from being said to hold. */
  broken: string[];
  /** Why it was not run here. */
  skipped?: string;
};

function readOptions() {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: { fault: text, runs: text, seed: text, keep: flag, help: { ...flag, short: 'h' } },
  });
  if (values.help) return undefined;
  const whole = wholeOf(values);
  const asked = (values.fault ?? 'all').split(',');
  const unknown = asked.filter((name) => name !== 'all' && !Object.hasOwn(faults, name));
  if (unknown.length > 0) throw new ConfigError(`--fault: all, or some of ${names.join(', ')}`);
  return {
    chosen: asked.includes('all') ? names : (asked as FaultName[]),
    runs: whole('runs', 1, 1, 1_000_000),
    seed: whole('seed', 1 + (Date.now() % 100_000), 1, 1_000_000),
    keep: values.keep,
  };
}

/** Whether everything that was accepted before `time` has come to its end, and something asked for after it was booked. */
function recovered(ledger: Ledger, time: number): boolean {
  if (ledger.bookedAfter(time) === 0) return false;
  return [...ledger.accepted.values()].every((entry) => entry.at > time || entry.outcome !== undefined || entry.gone);
}

const outcomesOf = ({ accepted }: Ledger): number =>
  [...accepted.values()].filter((entry) => entry.outcome !== undefined).length;

type Start = ReturnType<typeof createStarted>['start'];

/** One run: a system, a load, the fault, the recovery, the verdict. */
async function runOnce(
  name: FaultName,
  seed: number,
  say: (line: string) => void,
  folder: string,
  start: Start,
): Promise<Run> {
  const fault: Fault = faults[name];
  const random = createRandom(names.indexOf(name) * 1_000_000 + seed);
  if (fault.smallDisk && !mountSmallDisk(folder)) {
    return { fault: name, seed, broken: [], skipped: 'this account may not mount a small file system' };
  }
  const begin = () => startRig(folder, fault.smallDisk && join(diskOf(folder), 'postgres'));
  const rig = await start(begin, (running) => running.close());
  await prepareVerdict(rig, HOLD_SECONDS);
  const ledger = createLedger();
  const buyers = sendBuyers(rig.urls, seed, ledger);
  const startedAt = performance.now();
  while (outcomesOf(ledger) < OUTCOMES_BEFORE && performance.now() - startedAt < BEFORE_TIMEOUT_MS) await sleep(50);
  await sleep(BEFORE_MS + random() * 500);
  await fault.inject({ rig, random, ledger, say });
  const liftedAt = Date.now();
  const timeoutMs = fault.recoveryMs ?? RECOVERY_TIMEOUT_MS;
  const isWell = async () => recovered(ledger, liftedAt) && ((await fault.isOver?.(rig)) ?? true);
  let inTime = await isWell();
  while (!inTime && Date.now() - liftedAt < timeoutMs) {
    await sleep(20);
    inTime = await isWell();
  }
  const recoverySeconds = (Date.now() - liftedAt) / 1000;
  await sleep(AFTER_MS);
  await buyers.stop();
  const verdict = await judge(rig, ledger, fault.mayForget === true);
  const { soldTwice, lost, notAsTold, leaked } = verdict;
  const broken = [
    ...soldTwice.map((what) => `sold twice: ${what}`),
    ...lost.map((what) => `lost: ${what}`),
    ...notAsTold.map((what) => `not as told: ${what}`),
    ...leaked.map((what) => `leaked: ${what}`),
    ...(inTime ? [] : [`no recovery within ${timeoutMs / 1000} s`]),
  ];
  return { fault: name, seed, verdict, recoverySeconds, broken };
}

/** The words of one run. A run that broke a promise tells how to repeat it. */
function lineOf({ fault, seed, verdict, recoverySeconds, broken, skipped }: Run): string {
  if (skipped !== undefined) return `  ${fault} seed ${seed}: not run, ${skipped}`;
  const figures =
    verdict === undefined
      ? ''
      : `${verdict.accepted} accepted, ${verdict.outcomes} outcomes, ${verdict.gone} gone, recovery ${recoverySeconds?.toFixed(1)} s`;
  const bad = broken.slice(0, 8).map((what) => `\n      ${what}`);
  const more = broken.length > 8 ? `\n      ... ${broken.length} in all` : '';
  const again = broken.length > 0 ? `\n      again: npm run chaos -- --fault ${fault} --seed ${seed}` : '';
  return `  ${fault} seed ${seed}: ${figures}${bad.join('')}${more}${again}`;
}

/** A Markdown table with one line for each fault. */
function tableOf(runs: readonly Run[]): string {
  const header =
    '| fault | runs | accepted | outcomes | gone | decided again | put right | sold twice | lost | not as told | leaked | time to recover, s |';
  const lines = names.flatMap((name) => {
    const ran = runs.filter(({ fault, verdict }) => fault === name && verdict !== undefined);
    const skipped = runs.find((run) => run.fault === name)?.skipped;
    if (skipped !== undefined) return [`| ${name} | not run: ${skipped} |`];
    if (ran.length === 0) return [];
    const sum = (count: (verdict: Verdict) => number) =>
      ran.reduce((total, { verdict }) => total + (verdict === undefined ? 0 : count(verdict)), 0);
    const times = ran.map(({ recoverySeconds = 0 }) => recoverySeconds).sort((a, b) => a - b);
    const spread = `${times[0]?.toFixed(1)} to ${times.at(-1)?.toFixed(1)}`;
    const cells = [
      `${name}: ${faults[name].about}`,
      ran.length,
      sum(({ accepted }) => accepted),
      sum(({ outcomes }) => outcomes),
      sum(({ gone }) => gone),
      sum(({ decidedAgain }) => decidedAgain),
      sum(({ putRight }) => putRight),
      sum(({ soldTwice }) => soldTwice.length),
      sum(({ lost }) => lost.length),
      sum(({ notAsTold }) => notAsTold.length),
      sum(({ leaked }) => leaked.length),
      spread,
    ];
    return [`| ${cells.join(' | ')} |`];
  });
  return [header, header.replaceAll(/[^|]+/g, ' --- '), ...lines].join('\n');
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return void console.log(HELP);
  const { chosen, runs, seed, keep } = options;
  const done: Run[] = [];
  console.log(`${chosen.length} faults, ${runs} runs each, seeds from ${seed}`);
  for (const name of chosen) {
    for (let number = 0; number < runs; number += 1) {
      const folder = mkdtempSync(join(tmpdir(), 'frontrow-chaos-'));
      const say = (line: string) => process.stderr.write(`    ${name}: ${line}\n`);
      let kept = false;
      const { start, close } = createStarted(() => {
        unmountSmallDisk(folder);
        if (!kept) rmSync(folder, { recursive: true, force: true });
      });
      try {
        const run = await runOnce(name, seed + number, say, folder, start);
        done.push(run);
        console.log(lineOf(run));
        kept = keep && run.broken.length > 0;
        if (kept) console.log(`      kept: ${folder}`);
      } finally {
        await close();
      }
    }
  }
  console.log(`\n${tableOf(done)}`);
  // Here and now: what breaks servers under its own clients does not wait for the last of their timers.
  process.exit(done.every(({ broken }) => broken.length === 0) ? 0 : 1);
}

await main().catch(exitOnStartFault);
