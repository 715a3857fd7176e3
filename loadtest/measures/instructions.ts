import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedPostgres } from '../../local/embedded/postgres.ts';
import { embeddedRedis } from '../../local/embedded/redis.ts';
import { DEFAULT_EVENT } from '../../shared/contract/ids.ts';
import { command, flag, number, UsageError } from '../kit/command.ts';
import { isInstalled } from '../kit/processes.ts';
import { createRig, prepareHouse, serverOptions } from '../kit/rig.ts';
import { median } from '../kit/statistics.ts';
import { openStores, type Stores } from '../kit/stores.ts';
import { compareWithCommitted, versionIn } from './committed-figures.ts';
import { BATCH_REQUESTS, FIXED_HOUSE, runFixedBatch, STEPS, type Step } from './fixed-batches.ts';

/** The first batches fill caches and tables, and are not measured. */
const WARM_UP_BATCHES = 3;

const HOW_TO_INSTALL = 'Debian, Ubuntu: apt-get install valgrind';

/**
 * Redis' function that parses and executes what a client has sent. Only its instructions are counted: those of Redis'
 * timers, and of waiting for clients, grow with the time that a step takes.
 */
const COUNTED_FUNCTION = 'processInputBuffer';

type Instructions = Record<Step, number>;

/** A counter of the instructions of commands that a server under callgrind has executed since it was last read. */
function createCounter(pid: number, outputFile: string) {
  const folder = join(outputFile, '..');
  const dumpNumber = (file: string) => Number(/^callgrind\.(\d+)$/.exec(file)?.[1] ?? 0);
  return (): number => {
    execFileSync('callgrind_control', ['--dump', String(pid)], { stdio: 'ignore' });
    const newest = readdirSync(folder).toSorted((a, b) => dumpNumber(b) - dumpNumber(a))[0] ?? '';
    const total = /^(?:summary|totals): (\d+)/m.exec(readFileSync(join(folder, newest), 'utf8'))?.[1];
    if (total === undefined) throw new Error(`callgrind wrote no total into ${newest}`);
    return Number(total);
  };
}

/** Runs one batch. Returns the instructions of each step. */
async function countBatch(stores: Stores, batch: number, readCounter: () => number): Promise<Instructions> {
  const counts: Instructions = { accept: 0, claim: 0, settle: 0 };
  await runFixedBatch(stores, batch, async (step, work) => {
    await stores.redis.eval('collectgarbage()', 0); // or one step pays for the garbage of another
    readCounter();
    const result = await work();
    counts[step] = readCounter();
    if (counts[step] === 0) throw new Error(`callgrind finds no ${COUNTED_FUNCTION} in this redis-server`);
    return result;
  });
  return counts;
}

/** Counts the instructions of each step for each booking: medians over so many batches. */
async function countInstructions(batches: number): Promise<{ version: string; instructions: Instructions }> {
  const rig = createRig('instructions');
  try {
    const postgres = await embeddedPostgres(await serverOptions(rig, 'postgres'));
    await rig.start(postgres.start, (server) => server.stop(3_000));
    await prepareHouse(postgres.url, FIXED_HOUSE);
    const options = await serverOptions(rig, 'redis');
    const output = join(options.folder, 'callgrind');
    const launcher = [
      'valgrind',
      '--tool=callgrind',
      `--toggle-collect=${COUNTED_FUNCTION}`,
      `--callgrind-out-file=${output}`,
    ];
    const redis = await embeddedRedis(options, { launcher });
    const { identity } = await rig.start(redis.start, (server) => server.stop(10_000));
    const stores = await rig.start(
      () => openStores({ databaseUrl: postgres.url, redisUrl: redis.url }, 'worker', 'instructions'),
      (opened) => opened.close(),
    );
    await stores.seats.open(DEFAULT_EVENT);
    const readCounter = createCounter(identity.pid, output);
    const counts: Instructions[] = [];
    for (let batch = 0; batch < WARM_UP_BATCHES + batches; batch += 1) {
      counts.push(await countBatch(stores, batch, readCounter));
    }
    const version = versionIn(await stores.redis.info('server'));
    const measured = counts.slice(WARM_UP_BATCHES);
    const each = (step: Step) => Math.round(median(measured.map((count) => count[step])) / BATCH_REQUESTS);
    return { version, instructions: { accept: each('accept'), claim: each('claim'), settle: each('settle') } };
  } finally {
    await rig.close();
  }
}

await command({
  name: 'bench:instructions',
  summary: `Runs accept, claim and settle of fixed batches through redis-server under callgrind, and prints the
instructions for each booking. They hardly differ between runs, however slow or busy the machine is: only the execution
of commands is counted.`,
  options: {
    batches: number('batches to measure, of 100 requests each', 10, { max: 1_000 }),
    save: flag('commits the figures: writes them to loadtest/measures/instructions.json'),
  },
  notes: 'The figures are compared with the committed ones of the same version of the server, if there are any.',
  async run({ batches, save }) {
    if (!isInstalled('valgrind')) throw new UsageError(`valgrind is not installed. ${HOW_TO_INSTALL}`);
    const { version, instructions } = await countInstructions(batches);
    const counts = STEPS.map((step) => `${step} ${instructions[step]}`).join(', ');
    console.log(`Redis ${version}: ${counts} instructions for each booking`);
    return compareWithCommitted({ file: 'instructions.json', version, figures: instructions, save });
  },
});
