import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '../../shared/config.ts';
import { ConfigError } from '../../shared/platform/config-error.ts';
import { exitOnStartFault } from '../../shared/platform/shutdown.ts';
import { wholeOf } from '../kit/options.ts';
import { median, percentile } from '../kit/statistics.ts';
import { type Contestant, contestants, houseFor, MAX_BOOKINGS, type Running } from './bench/contestants.ts';
import { type Figures, figuresOf, type Meters, medians, openMeters } from './bench/figures.ts';
import { pictureOf } from './bench/picture.ts';
import { type Alone, aloneOf, type Result, ratioTo, tableOf } from './bench/report.ts';
import { createServers } from './bench/servers.ts';

const names = contestants.map(({ name }) => name);

const HELP = `npm run bench -- [options]

Measures Frontrow against other ways to build it, each on servers of its own, on this machine: the same wishes (two seats in any
row), connections and generator, in turn, several rounds. Prints a table and draws a picture. The generator shares the cores.

  --rounds N        rounds; the table has their medians     (default 5)
  --requests N      requests of one contestant a round      (default 20000)
                    A slow one sends what it can do in 8 s: its rate is the same, and a bench ends in minutes.
  --connections N   connections, each with one request open (default 256)
  --only A,B        only these contestants                  (default all)
  --json FILE       writes the medians as JSON
  --picture FILE    where the picture goes, an SVG          (default bench.svg in DATA_DIR)
  --help

${contestants.map(({ name, about }) => `  ${name.padEnd(18)}${about}`).join('\n')}`;

/**
 * Requests before the first round, sent some at once for at most so many seconds. Until V8 has compiled what is hot, its compiler's threads are
 * a third of what a contestant uses: a bench that begins earlier measures them.
 */
const WARM_UP_REQUESTS = 30_000;
const WARM_UP_STEP = 3_000;
const WARM_UP_SECONDS = 15;

/** Seconds that a round of a slow contestant takes, about. */
const ROUND_SECONDS = 8;

/** Seconds of half a load, and requests of one client alone. */
const HALF_LOAD_SECONDS = 6;
const ALONE_REQUESTS = 500;

/** Bookings of one contestant at the most: the rounds, the warm-up before them, half a load and one client after them. */
const bookingsOf = (rounds: number, requests: number): number =>
  rounds * requests + WARM_UP_REQUESTS + WARM_UP_STEP + requests + Math.min(requests, ALONE_REQUESTS);

type Options = {
  rounds: number;
  requests: number;
  connections: number;
  chosen: Contestant[];
  json?: string;
  picture: string;
};

/** A contestant that takes part, and what was measured so far. `bookings` are all of its bookings. */
type Entry = {
  contestant: Contestant;
  running: Running;
  meters: Meters;
  requests: number;
  rounds: Figures[];
  bookings: number;
};

function readOptions(): Options | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      rounds: text,
      requests: text,
      connections: text,
      only: text,
      json: text,
      picture: text,
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  const whole = wholeOf(values);
  const asked = values.only?.split(',') ?? names;
  if (asked.some((name) => !names.includes(name))) throw new ConfigError(`--only: some of ${names.join(', ')}`);
  const [rounds, requests] = [whole('rounds', 5, 1, 1_000), whole('requests', 20_000, 1, MAX_BOOKINGS)];
  if (bookingsOf(rounds, requests) > MAX_BOOKINGS) {
    throw new ConfigError(`--rounds, --requests: at most ${MAX_BOOKINGS} bookings of one contestant`);
  }
  return {
    rounds,
    requests,
    connections: whole('connections', 256, 1, 10_000),
    chosen: contestants.filter(({ name }) => asked.includes(name)),
    ...(values.json !== undefined && { json: values.json }),
    picture: values.picture ?? join(readConfig().DATA_DIR, 'bench.svg'),
  };
}

const say = (line: string) => console.error(line);

/** Starts a contestant and warms it up, to learn how many requests a round of it has. */
async function enter(contestant: Contestant, running: Running, options: Options): Promise<Entry> {
  const { requests, connections } = options;
  const meters = await openMeters(running);
  const step = Math.min(requests, WARM_UP_STEP);
  let warmedUp = 0;
  let perSecond = 0;
  for (
    let seconds = 0;
    warmedUp < Math.min(requests, WARM_UP_REQUESTS) && seconds < WARM_UP_SECONDS;
    warmedUp += step
  ) {
    const { settleSeconds } = await running.run({ requests: step, connections, seed: -3 - warmedUp });
    seconds += settleSeconds;
    perSecond = step / settleSeconds;
  }
  const affordable = Math.ceil(perSecond * ROUND_SECONDS);
  return { contestant, running, meters, requests: Math.min(requests, affordable), rounds: [], bookings: warmedUp };
}

async function playRound(entry: Entry, round: number, connections: number): Promise<void> {
  const { contestant, running, meters, requests, rounds } = entry;
  const before = await meters.read();
  const result = await running.run({ requests, connections, seed: round });
  const figures = figuresOf(contestant, result, before, await meters.read());
  rounds.push(figures);
  entry.bookings += requests;
  const { acceptedPerSecond, durablePerSecond, cpuMicrosPerBooking } = figures;
  say(
    `round ${round}  ${contestant.name.padEnd(16)}${acceptedPerSecond.toFixed(0).padStart(6)} accepted/s ` +
      `${(durablePerSecond?.toFixed(0) ?? '-').padStart(6)} durable/s ${cpuMicrosPerBooking.toFixed(0).padStart(6)} µs of CPU each`,
  );
}

/** Frontrow when it is not pressed: at half of what it can, and with one client. */
async function measureAlone(entry: Entry, connections: number): Promise<Alone | undefined> {
  const { running, rounds, requests } = entry;
  if (running.runAlone === undefined) return undefined;
  const perSecond = (medians(rounds).durablePerSecond ?? 0) / 2;
  const half = { requests: Math.min(requests, Math.ceil(perSecond * HALF_LOAD_SECONDS)), connections, perSecond };
  const halfLoad = await running.run({ ...half, seed: -1 });
  const one = { requests: Math.min(requests, ALONE_REQUESTS), connections: 1 };
  const alone = await running.runAlone({ ...one, seed: -2 });
  entry.bookings += half.requests + one.requests;
  return {
    halfLoad: { perSecond, outcomeP99Ms: percentile(halfLoad.outcomeMs ?? [], 0.99) },
    oneClient: { outcomeP50Ms: percentile(alone.outcomeMs ?? [], 0.5) },
  };
}

/** Stops a contestant. @returns its name and what is told of it */
async function conclude(entry: Entry, frontrow: Entry | undefined): Promise<[string, Result]> {
  const { contestant, meters, requests, rounds, bookings } = entry;
  // Round by round: what others do on this machine meanwhile changes the rounds more than it changes what stands side by side in one.
  const ratios = rounds.flatMap((round, i) =>
    frontrow?.rounds[i] === undefined ? [] : [ratioTo(round, frontrow.rounds[i])],
  );
  const walSyncs = await meters.stop();
  const result = {
    ...medians(rounds),
    walSyncsPerBooking: walSyncs === undefined ? null : walSyncs / bookings,
    requestsPerRound: requests,
    frontrowTimes: ratios.length === 0 ? null : median(ratios),
  };
  return [contestant.name, result];
}

async function bench(options: Options): Promise<{ results: Map<string, Result>; alone: Alone | undefined }> {
  const { rounds, requests, connections, chosen } = options;
  const house = houseFor(bookingsOf(rounds, requests));
  const servers = createServers();
  try {
    say(`Starting ${chosen.map(({ name }) => name).join(', ')}`);
    // All of them settle before one that failed ends the bench: else a server could come up that nobody stops.
    const starts = await Promise.allSettled(chosen.map(({ start }) => start(servers, house)));
    const entries: Entry[] = [];
    for (const [i, contestant] of chosen.entries()) {
      const start = starts[i] as PromiseSettledResult<Running>;
      if (start.status === 'rejected') throw start.reason;
      say(`Warming up ${contestant.name}: ${contestant.about}`);
      entries.push(await enter(contestant, start.value, options));
    }
    for (let round = 1; round <= rounds; round += 1) {
      for (const entry of entries) await playRound(entry, round, connections);
    }
    const frontrow = entries.find(({ contestant }) => contestant.name === 'frontrow');
    const alone = frontrow && (await measureAlone(frontrow, connections));

    const results = await Promise.all(entries.map((entry) => conclude(entry, frontrow)));
    return { results: new Map(results), alone };
  } finally {
    await servers.close();
  }
}

function write(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return void console.log(HELP);
  const { rounds, requests, connections, json, picture } = options;
  const machine =
    `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}; ` +
    `${rounds} rounds, ${connections} connections`;
  const { results, alone } = await bench(options);
  console.log(`${machine}\n\n${tableOf(results)}`);
  if (alone !== undefined) console.log(`\n${aloneOf(alone)}`);
  write(picture, pictureOf(results, machine));
  console.log(`\nPicture: ${picture}`);
  if (json === undefined) return;
  const settings = { rounds, requests, connections };
  write(
    json,
    `${JSON.stringify({ machine, settings, contestants: Object.fromEntries(results), ...alone }, null, 2)}\n`,
  );
}

await main().catch(exitOnStartFault);
