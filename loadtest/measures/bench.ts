import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../shared/config.ts';
import { command, namesOf, number, text, UsageError } from '../kit/command.ts';
import { writeReport } from '../kit/report.ts';
import { createRig } from '../kit/rig.ts';
import { median, percentile } from '../kit/statistics.ts';
import { type Contestant, contestants, houseFor, MAX_BOOKINGS, type Running } from './bench/contestants.ts';
import { type Figures, figuresOf, type Meters, medians, openMeters } from './bench/figures.ts';
import { type Alone, aloneOf, cpuRatioTo, pictureOf, type Result, ratioTo, tableOf } from './bench/report.ts';
import { measureSale } from './bench/sale/measure.ts';
import { targetsOf, targetTable } from './bench/targets.ts';
import { measureTickets, withFixedHouse } from './ledger/tickets.ts';

/**
 * Requests before the first round, sent in steps for at most so many seconds. Until V8 has compiled the hot code, its
 * compiler's threads are a third of a contestant's CPU.
 */
const WARM_UP_REQUESTS = 30_000;
const WARM_UP_STEP = 3_000;
const WARM_UP_SECONDS = 15;

/** Seconds of a round of a slow contestant, about. */
const ROUND_SECONDS = 8;

/** Seconds at half of full load, and requests of one client alone. */
const HALF_LOAD_SECONDS = 6;
const ALONE_REQUESTS = 500;

/** The most bookings of one contestant: warm-up, rounds, half of full load and one client. */
const bookingsOf = (rounds: number, requests: number): number =>
  rounds * requests + WARM_UP_REQUESTS + WARM_UP_STEP + requests + Math.min(requests, ALONE_REQUESTS);

type Options = { rounds: number; requests: number; connections: number; chosen: readonly Contestant[] };

/** A contestant that takes part, and its rounds so far. `bookings`: all of its bookings. */
type Entry = {
  contestant: Contestant;
  running: Running;
  meters: Meters;
  requests: number;
  rounds: Figures[];
  bookings: number;
};

const progress = (line: string) => console.error(line);

/** Warms a contestant up, and computes how many requests a round of it has. */
async function warmUp(contestant: Contestant, running: Running, options: Options): Promise<Entry> {
  const { requests, connections } = options;
  const meters = await openMeters(running);
  const step = Math.min(requests, WARM_UP_STEP);
  let bookings = 0;
  let perSecond = 0;
  for (
    let seconds = 0;
    bookings < Math.min(requests, WARM_UP_REQUESTS) && seconds < WARM_UP_SECONDS;
    bookings += step
  ) {
    const { settleSeconds } = await running.run({ requests: step, connections, seed: -3 - bookings });
    seconds += settleSeconds;
    perSecond = step / settleSeconds;
  }
  const affordable = Math.ceil(perSecond * ROUND_SECONDS);
  return { contestant, running, meters, requests: Math.min(requests, affordable), rounds: [], bookings };
}

async function playRound(entry: Entry, round: number, connections: number): Promise<void> {
  const { contestant, running, meters, requests, rounds } = entry;
  const readingBefore = await meters.read();
  const result = await running.run({ requests, connections, seed: round });
  const figures = figuresOf(contestant, result, readingBefore, await meters.read());
  rounds.push(figures);
  entry.bookings += requests;
  const { acceptedPerSecond, durablePerSecond, cpuMicrosPerBooking } = figures;
  progress(
    `round ${round}  ${contestant.name.padEnd(16)}${acceptedPerSecond.toFixed(0).padStart(6)} accepted/s ` +
      `${(durablePerSecond?.toFixed(0) ?? '-').padStart(6)} durable/s ` +
      `${cpuMicrosPerBooking.toFixed(0).padStart(6)} µs of CPU each`,
  );
}

/** Measures Frontrow at half of full load, and with one client. */
async function measureAlone(entry: Entry, connections: number): Promise<Alone | undefined> {
  const { running, rounds, requests } = entry;
  if (running.runAlone === undefined) return undefined;
  const perSecond = (medians(rounds).durablePerSecond ?? 0) / 2;
  const half = { requests: Math.min(requests, Math.ceil(perSecond * HALF_LOAD_SECONDS)), connections, perSecond };
  const halfLoad = await running.run({ ...half, seed: -1 });
  const single = { requests: Math.min(requests, ALONE_REQUESTS), connections: 1 };
  const alone = await running.runAlone({ ...single, seed: -2 });
  entry.bookings += half.requests + single.requests;
  return {
    halfLoad: { perSecond, outcomeP99Ms: percentile(halfLoad.outcomeMs ?? [], 0.99) },
    oneClient: { outcomeP50Ms: percentile(alone.outcomeMs ?? [], 0.5) },
  };
}

/** Stops a contestant. @returns its name and result */
async function finish(entry: Entry, frontrow: Entry | undefined): Promise<[string, Result]> {
  const { contestant, meters, requests, rounds, bookings } = entry;
  // Rounds are compared one by one: other work on this machine changes a round of all contestants alike.
  const medianRatio = (ratio: (other: Figures, own: Figures) => number): number | null => {
    const ratios = rounds.flatMap((round, i) =>
      frontrow?.rounds[i] === undefined ? [] : [ratio(round, frontrow.rounds[i])],
    );
    return ratios.length === 0 ? null : median(ratios);
  };
  const walSyncs = await meters.stop();
  const result = {
    ...medians(rounds),
    walSyncsPerBooking: walSyncs === undefined ? null : walSyncs / bookings,
    requestsPerRound: requests,
    frontrowTimes: medianRatio(ratioTo),
    frontrowCpuTimes: medianRatio(cpuRatioTo),
  };
  return [contestant.name, result];
}

async function bench(options: Options): Promise<{ results: Map<string, Result>; alone: Alone | undefined }> {
  const { rounds, requests, connections, chosen } = options;
  const house = houseFor(bookingsOf(rounds, requests));
  const rig = createRig('bench');
  try {
    progress(`Starting ${chosen.map(({ name }) => name).join(', ')}`);
    // All starts settle before one that failed ends the bench: a server that starts later would not be stopped.
    const starts = await Promise.allSettled(chosen.map(({ start }) => start(rig, house)));
    const entries: Entry[] = [];
    for (const [i, contestant] of chosen.entries()) {
      const start = starts[i] as PromiseSettledResult<Running>;
      if (start.status === 'rejected') throw start.reason;
      progress(`Warming up ${contestant.name}: ${contestant.about}`);
      entries.push(await warmUp(contestant, start.value, options));
    }
    for (let round = 1; round <= rounds; round += 1) {
      for (const entry of entries) await playRound(entry, round, connections);
    }
    const frontrow = entries.find(({ contestant }) => contestant.name === 'frontrow');
    const alone = frontrow && (await measureAlone(frontrow, connections));
    const results = await Promise.all(entries.map((entry) => finish(entry, frontrow)));
    return { results: new Map(results), alone };
  } finally {
    await rig.close();
  }
}

await command({
  name: 'bench',
  summary: `Compares Frontrow with other ways to build it, each on servers of its own, on this machine: the same wishes
(two seats in any row), connections and generator, in turn, several rounds. Prints tables of the figures and of the
targets, and draws a picture. The generator shares the cores. A slow contestant gets the requests that it answers in
${ROUND_SECONDS} s. A missed target is printed and does not fail the command: figures differ between machines.`,
  options: {
    rounds: number('rounds; the table has their medians', 5, { max: 1_000 }),
    requests: number('requests of one contestant in a round', 20_000, { max: MAX_BOOKINGS }),
    connections: number('connections, each with one request at a time', 256, { max: 10_000 }),
    only: namesOf(
      'contestants',
      contestants.map(({ name }) => name),
    ),
    json: text('writes the medians as JSON, and measures the cost of a sale for `npm run capacity`', 'FILE'),
    picture: text('writes the picture, an SVG', 'FILE', 'bench.svg in DATA_DIR'),
  },
  notes: contestants.map(({ name, about }) => `  ${name.padEnd(18)}${about}`).join('\n'),
  async run({ rounds, requests, connections, only, json, picture = join(readConfig().DATA_DIR, 'bench.svg') }) {
    if (bookingsOf(rounds, requests) > MAX_BOOKINGS)
      throw new UsageError(`--rounds, --requests: at most ${MAX_BOOKINGS} bookings of one contestant`);
    const processors = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`;
    const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
    const settings = { rounds, requests, connections };
    const load = `${rounds} rounds, ${connections} connections`;
    const machine = `${processors}, ${memory}, Node ${process.versions.node}; ${load}`;
    const chosen = contestants.filter(({ name }) => only.includes(name));
    const { results, alone } = await bench({ ...settings, chosen });
    const hasFrontrow = results.has('frontrow');
    const ticket = hasFrontrow ? await withFixedHouse('bench-ledger', measureTickets) : undefined;
    const sale = hasFrontrow && json !== undefined ? await measureSale({ requests, connections, progress }) : undefined;
    const targets = targetsOf({ results, alone, ticket });
    console.log(`${machine}\n\n${tableOf(results)}`);
    if (alone !== undefined) console.log(`\n${aloneOf(alone)}`);
    console.log(`\n${targetTable(targets)}\n\nGrowth has its own command, \`npm run bench:growth\`.`);
    writeReport(picture, pictureOf(results, machine));
    console.log(`\nPicture: ${picture}`);
    if (json === undefined) return undefined;
    const report = { machine, settings, contestants: Object.fromEntries(results), ...alone, ticket, targets, sale };
    writeReport(json, `${JSON.stringify(report, null, 2)}\n`);
    return undefined;
  },
});
