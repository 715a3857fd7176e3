import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedPostgres } from '../../local/embedded/postgres.ts';
import { embeddedRedis } from '../../local/embedded/redis.ts';
import { DEFAULT_EVENT } from '../../shared/contract/ids.ts';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import { writeBooked } from '../../shared/domain/outcome-text.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { projectRoot } from '../../shared/platform/root.ts';
import { command, flag, number, UsageError } from '../kit/command.ts';
import { isInstalled } from '../kit/processes.ts';
import type { Check } from '../kit/report.ts';
import { createRig, prepareHouse, serverOptions } from '../kit/rig.ts';
import { median } from '../kit/statistics.ts';
import { openStores, type Stores } from '../kit/stores.ts';

const HOUSE = { ZONES: 50, ROWS: 20, SEATS_PER_ROW: 65 };

/** Requests in a batch. The bench's batches have about as many. */
const BATCH_REQUESTS = 100;

/** The first batches fill caches and tables, and are not measured. */
const WARM_UP_BATCHES = 3;

/** A step may cost this share more than the committed figure. */
const TOLERANCE = 0.1;

const HOW_TO_INSTALL = 'Debian, Ubuntu: apt-get install valgrind';

const STEPS = ['accept', 'claim', 'settle'] as const;
type Step = (typeof STEPS)[number];
type Instructions = Record<Step, number>;

/** The committed figures: instructions for each booking, by the version of the server. */
const FIGURES_FILE = join(projectRoot, 'loadtest', 'measures', 'instructions.json');
type Figures = Record<string, Instructions>;

/** A counter of the instructions that a server under callgrind has executed since it was last read. */
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

/** The next batch: two seats for each request, spread over zones and rows. */
const batchOf = (batch: number): (BookRequest & { wish: { zone: number; row: number; count: number } })[] =>
  Array.from({ length: BATCH_REQUESTS }, (_, i) => {
    const index = batch * BATCH_REQUESTS + i;
    const row = 1 + (Math.floor(index / HOUSE.ZONES) % HOUSE.ROWS);
    const wish = { zone: 1 + (index % HOUSE.ZONES), row, count: 2 };
    return { ticketId: newTicketId(0), eventId: DEFAULT_EVENT, wish, hold: false };
  });

/** Accepts, claims and settles one batch as intake and a worker do. Returns the instructions of each step. */
async function runBatch(stores: Stores, batch: number, readCounter: () => number): Promise<Instructions> {
  const { redis, tickets, seats } = stores;
  const requests = batchOf(batch);
  async function measure<Result>(step: () => Promise<Result>): Promise<{ count: number; result: Result }> {
    await redis.eval('collectgarbage()', 0); // or one step pays for the garbage of another
    readCounter();
    const result = await step();
    return { count: readCounter(), result };
  }

  const accept = await measure(() => {
    const fresh = requests.map(({ ticketId }) => ({ ticketId, kind: 'book' as const }));
    return tickets.accept(0, 'node', fresh, { maxQueued: 1_000_000, fresh: true });
  });
  const claim = await measure(() => seats.claim(0, requests));
  const outcomes = requests.map(({ ticketId }, i) => {
    const decision = claim.result[i];
    if (decision?.kind !== 'got') throw new Error(`a claim of batch ${batch} got no seats`);
    const saved = { createdAt: new Date('2026-11-28T10:00:00.000Z'), expiresAt: null };
    return [ticketId, writeBooked({ eventId: DEFAULT_EVENT, seats: decision.seats }, saved)] as const;
  });
  const settle = await measure(() => tickets.settle(0, new Map(outcomes)));
  return { accept: accept.count, claim: claim.count, settle: settle.count };
}

/** Counts the instructions of each step for each booking: medians over so many batches. */
async function countInstructions(batches: number): Promise<{ version: string; instructions: Instructions }> {
  const rig = createRig('instructions');
  try {
    const postgres = await embeddedPostgres(await serverOptions(rig, 'postgres'));
    await rig.start(postgres.start, (server) => server.stop(3_000));
    await prepareHouse(postgres.url, HOUSE);
    const options = await serverOptions(rig, 'redis');
    const output = join(options.folder, 'callgrind');
    const launcher = ['valgrind', '--tool=callgrind', `--callgrind-out-file=${output}`];
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
      counts.push(await runBatch(stores, batch, readCounter));
    }
    const version = /redis_version:(\S+)/.exec(await stores.redis.info('server'))?.[1] ?? 'unknown';
    const measured = counts.slice(WARM_UP_BATCHES);
    const each = (step: Step) => Math.round(median(measured.map((count) => count[step])) / BATCH_REQUESTS);
    return { version, instructions: { accept: each('accept'), claim: each('claim'), settle: each('settle') } };
  } finally {
    await rig.close();
  }
}

/** Compares each step with the committed figure of the same version. */
const checksOf = (instructions: Instructions, committed: Instructions): Check[] =>
  STEPS.map((step) => {
    const ratio = instructions[step] / committed[step];
    return {
      what: `${step} costs at most ${1 + TOLERANCE} times the committed instructions`,
      held: ratio <= 1 + TOLERANCE,
      figure: `${instructions[step]} for each booking, ${ratio.toFixed(2)} times ${committed[step]}`,
    };
  });

await command({
  name: 'bench:instructions',
  summary: `Runs accept, claim and settle of fixed batches through redis-server under callgrind, and prints the
instructions for each booking. They hardly differ between runs, however busy the machine is.`,
  options: {
    batches: number('batches to measure, of 100 requests each', 10, { max: 1_000 }),
    save: flag('commits the figures: writes them to loadtest/measures/instructions.json'),
  },
  notes: 'The figures are compared with the committed ones of the same version of the server, if there are any.',
  async run({ batches, save }) {
    if (!isInstalled('valgrind')) throw new UsageError(`valgrind is not installed. ${HOW_TO_INSTALL}`);
    const { version, instructions } = await countInstructions(batches);
    const figures = JSON.parse(readFileSync(FIGURES_FILE, 'utf8')) as Figures;
    const counts = STEPS.map((step) => `${step} ${instructions[step]}`).join(', ');
    console.log(`Redis ${version}: ${counts} instructions for each booking`);
    if (save) writeFileSync(FIGURES_FILE, `${JSON.stringify({ ...figures, [version]: instructions }, null, 2)}\n`);
    const committed = figures[version];
    if (save || committed === undefined) return undefined;
    return checksOf(instructions, committed);
  },
});
