import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { command, flag, namesOf, number, seed } from '../kit/command.ts';
import { createRandom } from '../kit/random.ts';
import { type Check, markdownTable, noneOf } from '../kit/report.ts';
import { createRig, type Rig } from '../kit/rig.ts';
import { sumOf } from '../kit/statistics.ts';
import { sendBuyers } from './chaos/buyers.ts';
import { type FaultName, faults } from './chaos/faults.ts';
import { startReader } from './chaos/feed.ts';
import { createLedger, type Ledger } from './chaos/ledger.ts';
import { type ChaosRig, startChaosRig } from './chaos/rig.ts';
import type { Fault } from './chaos/scene.ts';
import { diskOf, mountSmallDisk, unmountSmallDisk } from './chaos/server-faults.ts';
import { judge, prepareVerdict, type Verdict } from './chaos/verdict.ts';

const names = Object.keys(faults) as FaultName[];

/** Seconds of a hold: shorter than a stopped worker stops. */
const HOLD_SECONDS = 8;

/** Outcomes, and milliseconds of load, before the fault. Milliseconds of load after the recovery. */
const OUTCOMES_BEFORE = 150;
const BEFORE_MS = 2_500;
const BEFORE_TIMEOUT_MS = 60_000;
const AFTER_MS = 1_500;

/** Milliseconds after the end of a fault in which everything must work. */
const RECOVERY_TIMEOUT_MS = 90_000;

/** A run that was played. `recoverySeconds` is undefined where it did not recover in time. */
type Played = { fault: FaultName; seed: number; verdict: Verdict; recoverySeconds: number | undefined };

/** A run that this machine cannot play, and why. */
type Skipped = { fault: FaultName; seed: number; skipped: string };

type Run = Played | Skipped;

/** Whether everything that was accepted before `time` has ended, and a request after it was booked. */
function hasRecovered(ledger: Ledger, time: number): boolean {
  if (ledger.bookedAfter(time) === 0) return false;
  return [...ledger.accepted.values()].every(
    (entry) => entry.at > time || entry.outcome !== undefined || entry.isUnknown,
  );
}

const outcomesOf = ({ accepted }: Ledger): number =>
  [...accepted.values()].filter((entry) => entry.outcome !== undefined).length;

/** Waits until the system works. Returns the seconds, undefined where it does not in time. */
async function untilRecovered(rig: ChaosRig, fault: Fault, ledger: Ledger): Promise<number | undefined> {
  const endedAt = Date.now();
  const timeoutMs = fault.recoveryMs ?? RECOVERY_TIMEOUT_MS;
  for (;;) {
    const isWell = hasRecovered(ledger, endedAt) && ((await fault.isOver?.(rig)) ?? true);
    const passedMs = Date.now() - endedAt;
    if (isWell) return passedMs / 1000;
    if (passedMs >= timeoutMs) return undefined;
    await sleep(20);
  }
}

/** One run: a system, a load, the fault, the recovery, the verdict. */
async function playRun(name: FaultName, runSeed: number, rig: Rig): Promise<Run> {
  const fault: Fault = faults[name];
  const random = createRandom(names.indexOf(name) * 1_000_000 + runSeed);
  rig.onClose(() => unmountSmallDisk(rig.folder));
  if (fault.needsSmallDisk && !mountSmallDisk(rig.folder))
    return { fault: name, seed: runSeed, skipped: 'this account may not mount a small file system' };
  const { waitsForReplica = false, onCluster = false, standby } = fault;
  const onSmallDisk = fault.needsSmallDisk && { postgresFolder: join(diskOf(rig.folder), 'postgres') };
  const system = await rig.start(
    () => startChaosRig(rig, { waitsForReplica, onCluster, ...(standby && { standby }), ...onSmallDisk }),
    (running) => running.close(),
  );
  await prepareVerdict(system, HOLD_SECONDS);
  const reader = await startReader(rig, system, createRandom(runSeed));
  const ledger = createLedger();
  // The operator's tool restores no exchange and no release of a part that PostgreSQL has lost.
  const buyers = sendBuyers(system.urls, runSeed, ledger, { changesSeats: standby !== 'asynchronous' });
  const startedAt = performance.now();
  while (outcomesOf(ledger) < OUTCOMES_BEFORE && performance.now() - startedAt < BEFORE_TIMEOUT_MS) await sleep(50);
  await sleep(BEFORE_MS + random() * 500);
  const progress = (line: string) => console.error(`    ${name}: ${line}`);
  await fault.inject({ rig: system, random, ledger, progress });
  const recoverySeconds = await untilRecovered(system, fault, ledger);
  await sleep(fault.afterMs ?? AFTER_MS);
  await buyers.stop();
  await reader.stopKills();
  const verdict = await judge(system, ledger, reader, fault);
  return { fault: name, seed: runSeed, verdict, recoverySeconds };
}

/** The promises that a run can break, and the contradictions of each. */
const PROMISES: readonly [what: string, contradictions: (run: Played) => readonly string[]][] = [
  ['no seat is sold twice', ({ verdict }) => verdict.soldTwice],
  ['no accepted request is lost', ({ verdict }) => verdict.lost],
  ['every answer is the saved one, wrong ones', ({ verdict }) => verdict.wrongAnswers],
  ['no seat leaks', ({ verdict }) => verdict.leaked],
  ['every payment is seats or due money, contradictions', ({ verdict }) => verdict.money],
  ['a reader of the feed has what PostgreSQL has, differences', ({ verdict }) => verdict.feed],
  ['everything recovers in time, late runs', (run) => (run.recoverySeconds === undefined ? ['late'] : [])],
];

const isPlayed = (run: Run): run is Played => 'verdict' in run;

const isBroken = (run: Run): boolean =>
  isPlayed(run) && PROMISES.some(([, contradictions]) => contradictions(run).length > 0);

/** One run in words, with the command that repeats it where it broke a promise. */
function linesOf(run: Run): string {
  const name = `  ${run.fault} seed ${run.seed}`;
  if ('skipped' in run) return `${name}: not run, ${run.skipped}`;
  const { accepted, outcomes, unknown, payments, paid, changes, kills } = run.verdict;
  const paying = `${paid} of ${payments} payments paid`;
  const feed = `${changes} changes read through ${kills} kills`;
  const recovery = `recovery ${run.recoverySeconds?.toFixed(1) ?? 'never'} s`;
  const repeat = isBroken(run) ? `\n    BROKEN, again: npm run chaos -- --fault ${run.fault} --seed ${run.seed}` : '';
  const answers = `${accepted} accepted, ${outcomes} outcomes, ${unknown} unknown`;
  return `${name}: ${answers}, ${paying}, ${feed}, ${recovery}${repeat}`;
}

const COLUMNS: readonly [name: string, count: (verdict: Verdict) => number][] = [
  ['accepted', ({ accepted }) => accepted],
  ['outcomes', ({ outcomes }) => outcomes],
  ['unknown', ({ unknown }) => unknown],
  ['decided again', ({ decidedAgain }) => decidedAgain],
  ['mended', ({ mended }) => mended],
  ['told and gone', ({ toldAndGone }) => toldAndGone],
  ['in doubt', ({ inDoubt }) => inDoubt],
  ['restored', ({ restored }) => restored],
  ['sold twice', ({ soldTwice }) => soldTwice.length],
  ['lost', ({ lost }) => lost.length],
  ['wrong answers', ({ wrongAnswers }) => wrongAnswers.length],
  ['leaked', ({ leaked }) => leaked.length],
  ['payments', ({ payments }) => payments],
  ['paid', ({ paid }) => paid],
  ['money', ({ money }) => money.length],
  ['changes', ({ changes }) => changes],
  ['feed', ({ feed }) => feed.length],
];

/** A Markdown table with one line for each fault. */
function tableOf(runs: readonly Run[]): string {
  const rows = names.flatMap((name) => {
    const ofFault = runs.filter(({ fault }) => fault === name);
    const skipped = ofFault.find((run) => 'skipped' in run);
    if (skipped !== undefined) return [[`${name}, not run: ${skipped.skipped}`]];
    const played = ofFault.filter(isPlayed);
    if (played.length === 0) return [];
    const times = played.map(({ recoverySeconds = Number.POSITIVE_INFINITY }) => recoverySeconds);
    const sums = COLUMNS.map(([, count]) => sumOf(played.map(({ verdict }) => count(verdict))));
    const range = `${Math.min(...times).toFixed(1)} to ${Math.max(...times).toFixed(1)}`;
    return [[`${name}: ${faults[name].about}`, played.length, ...sums, range]];
  });
  return markdownTable(['fault', 'runs', ...COLUMNS.map(([name]) => name), 'time to recover, s'], rows);
}

const checksOf = (runs: readonly Run[]): Check[] =>
  PROMISES.map(([what, contradictions]) => {
    const inRun = (run: Played) => contradictions(run).map((text) => `${run.fault} seed ${run.seed}: ${text}`);
    return noneOf(what, runs.filter(isPlayed).flatMap(inRun));
  });

await command({
  name: 'chaos',
  summary: `Breaks a system of its own under load, lets it recover, and compares the answers of its clients with
PostgreSQL and Redis. Each run is a new system: PostgreSQL, Redis or a cluster of it, two APIs, two workers.`,
  options: {
    fault: namesOf('faults', names),
    runs: number('runs of each fault', 1, { max: 1_000_000 }),
    seed: seed('seed of the first run; the next has the next'),
    keep: flag('keeps the folders of runs that broke a promise'),
  },
  notes: `A run's plan (victims, moments, durations, wishes) comes from its fault and its seed: repeat it with
--fault NAME --seed N. Coincidences depend on the machine.

${names.map((name) => `  ${name.padEnd(25)}${faults[name].about}`).join('\n')}`,
  async run({ fault: chosen, runs: count, seed: firstSeed, keep }) {
    const runs: Run[] = [];
    console.log(`${chosen.length} faults, ${count} runs each, seeds from ${firstSeed}`);
    for (const name of chosen) {
      for (let runSeed = firstSeed; runSeed < firstSeed + count; runSeed += 1) {
        const rig = createRig('chaos');
        try {
          const run = await playRun(name, runSeed, rig);
          runs.push(run);
          console.log(linesOf(run));
          if (keep && isBroken(run)) {
            rig.keepFolder();
            console.log(`      kept: ${rig.folder}`);
          }
        } finally {
          await rig.close();
        }
      }
    }
    console.log(`\n${tableOf(runs)}`);
    return checksOf(runs);
  },
});
// Clients whose servers were broken may have timers left: the process does not wait for them.
process.exit();
