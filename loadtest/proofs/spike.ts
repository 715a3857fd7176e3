import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { eventView } from '../../shared/contract/events.ts';
import { drawView } from '../../shared/contract/waiting-room.ts';
import { ConfigError } from '../../shared/platform/config-error.ts';
import { exitOnStartFault } from '../../shared/platform/shutdown.ts';
import { cpuSeconds } from '../kit/cpu.ts';
import { residentMegabytes } from '../kit/memory.ts';
import { renderPlots } from '../kit/plot.ts';
import { createRandom } from '../kit/random.ts';
import { startOwnSystem } from '../kit/rig.ts';
import { drawBurst, runBurst } from './spike/burst.ts';
import { openDesk } from './spike/desk.ts';
import { watchLine } from './spike/line.ts';
import { operatorOf } from './spike/operator.ts';
import { judge, type Promised, type Verdict } from './spike/verdict.ts';
import { createCrowd, createNotes, USES } from './spike/visitors.ts';

const HELP = `npm run spike -- [options]

A crowd at a sale with a waiting room, on a system of its own: PostgreSQL, Redis, an API and a worker. Some come before the sale and are
drawn. All ask as they are told; whose turn comes books, some at once, some as holds that they confirm, walk away from or let run out;
some leave the line or never come back, and some cheat in every way there is. Ends with 1 where a promise broke.

  --visitors N      people who come                                (default 100000)
  --seats N         seats that are sold, a multiple of 65          (default 65000)
  --before SHARE    share of people who come before the sale       (default 0.7)
  --within SECONDS  in which all people come                       (default: 1000 people a second)
  --seed N          of what people do                              (default: from the clock, printed)
  --quick           300 people and 455 seats, and everything lasts a tenth as long
  --burst           instead of the crowd: ten times what the workers drain comes for 6 s, once with the room off and once with it on
  --drain N         bookings a second that workers are slowed to for that (default 100)
  --json FILE       writes the report there
  --picture FILE    draws the sale there, as SVG
  --help`;

const SEATS_PER_ROW = 65;
const PEOPLE_PER_SECOND = 1_000;

/** How long holds, turns and admissions last, in seconds: as the promise has it, and in short. */
const LASTING = { hold: 20, turn: 40, admission: 20 };
const LASTING_SHORT = { hold: 2, turn: 4, admission: 3 };

/** Seconds between the last who comes before the sale and the sale. */
const QUIET_SECONDS = 1;

/** Connections that are kept open, however many people there are. */
const CONNECTIONS = { joining: 512, polling: 1_000, booking: 2_000 };

/** Steps of the drawn sale. */
const STEPS = 13;

function readOptions() {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: {
      ...{ visitors: text, seats: text, before: text, within: text, seed: text, json: text, picture: text },
      ...{ quick: flag, burst: flag, drain: text, help: { ...flag, short: 'h' } },
    },
  });
  if (values.help) return undefined;
  const within = (
    name: 'visitors' | 'seats' | 'before' | 'within' | 'seed' | 'drain',
    fallback: number,
    most: number,
  ) => {
    const value = Number(values[name] ?? fallback);
    if (value >= 0 && value <= most && (name === 'before' || Number.isInteger(value))) return value;
    throw new ConfigError(`--${name}: a ${name === 'before' ? '' : 'whole '}number from 0 to ${most}`);
  };
  const visitors = within('visitors', values.quick ? 300 : 100_000, 1_000_000);
  const seats = within('seats', values.quick ? 455 : 65_000, 650_000);
  if (seats === 0 || seats % SEATS_PER_ROW !== 0) throw new ConfigError(`--seats: a multiple of ${SEATS_PER_ROW}`);
  return {
    burst: values.burst ? within('drain', 100, 2_000) : undefined,
    ...{ visitors, seats, json: values.json, picture: values.picture },
    lasting: values.quick ? LASTING_SHORT : LASTING,
    before: within('before', 0.7, 1),
    seconds: within('within', Math.ceil(visitors / PEOPLE_PER_SECOND) + 1, 3_600),
    seed: within('seed', Date.now() % 100_000, 1_000_000_000),
  };
}

type Options = NonNullable<ReturnType<typeof readOptions>>;

/** A house of so many rows, in zones of one size. */
function houseOf(seats: number) {
  const rows = seats / SEATS_PER_ROW;
  const zones = [20, 10, 5, 4, 2].find((some) => rows % some === 0) ?? 1;
  return { ZONES: zones, ROWS: rows / zones, SEATS_PER_ROW };
}

/** Prints how the sale goes, every two seconds. */
function tellProgress(words: () => string): () => void {
  const timer = setInterval(() => console.error(`  ${words()}`), 2_000);
  return () => clearInterval(timer);
}

/** CPU seconds of a process and its children; of this one alone, whose children are the others. */
function cpuOf(pid: number): number {
  if (pid !== process.pid) return cpuSeconds(pid);
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

type Costs = { name: string; cpuSeconds: number; megabytes: number }[];

async function runSpike(options: Options) {
  const { visitors, seats, before, seconds, seed, lasting } = options;
  const random = createRandom(seed);
  const system = await startOwnSystem({ name: 'spike', house: houseOf(seats) });
  try {
    const worker = await system.startWorker();
    const operate = operatorOf(system.url);
    const line = await watchLine({ databaseUrl: system.postgres.url, redisUrl: system.redis.url });
    const desk = openDesk(system.url, CONNECTIONS);
    try {
      const onSaleMs = Date.now() + (before * seconds + QUIET_SECONDS) * 1000;
      await operate('PATCH', '/api/events/1', {
        ...{ holdSeconds: lasting.hold, maxHoldSeconds: lasting.hold },
        onSaleAt: new Date(onSaleMs).toISOString(),
      });
      const other = eventView.parse(
        await operate('POST', '/api/events', { name: 'Another', zones: [{ rows: 10, seatsPerRow: SEATS_PER_ROW }] }),
      );
      const room = {
        mode: 'on',
        turnSeconds: lasting.turn,
        admissionSeconds: lasting.admission,
        uses: USES,
      };
      for (const id of [1, other.id]) await operate('PUT', `/api/events/${id}/waiting-room`, room);

      const parts: [string, number][] = [
        ['API', system.api.pid],
        ['worker', worker.pid],
        ['Redis', system.redis.pid],
        ['PostgreSQL', system.postgres.pid],
        ['visitors', process.pid],
      ];
      const cpuBefore = parts.map(([, pid]) => cpuOf(pid));
      const peaks = parts.map(() => 0);
      const weigh = () => {
        for (const [i, [, pid]] of parts.entries()) peaks[i] = Math.max(peaks[i] ?? 0, residentMegabytes(pid));
      };
      const weighing = setInterval(weigh, 1_000);

      const notes = createNotes();
      const crowd = createCrowd({ desk, notes, random, turnSeconds: lasting.turn });
      const startedMs = Date.now();
      let ended = 0;
      const quiet = tellProgress(() => {
        const { serving = 0, joined = 0, inside = 0, offered = 0, rate = 0, etaSeconds = 0 } = line.looks.at(-1) ?? {};
        const at = ((Date.now() - onSaleMs) / 1000).toFixed(0);
        return `${at} s: ${joined} joined, ${serving} served, ${inside} inside, ${offered} offered, rate ${rate.toFixed(0)}/s, queue ${etaSeconds.toFixed(2)} s, ${notes.soldSeats} seats sold, ${desk.pollMs.length} polls, ${ended} gone`;
      });
      const early = Math.round(visitors * before);
      await Promise.all(
        Array.from({ length: visitors }, async (_, number) => {
          const from = number < early ? 0 : onSaleMs - startedMs;
          const span = (number < early ? before : 1 - before) * seconds * 1000;
          await sleep(from + random() * span);
          await crowd.visit(number);
          ended += 1;
        }),
      );
      quiet();
      clearInterval(weighing);
      weigh();
      const endedMs = Date.now();
      const costs: Costs = parts.map(([name, pid], i) => ({
        ...{ name, cpuSeconds: cpuOf(pid) - (cpuBefore[i] ?? 0), megabytes: peaks[i] ?? 0 },
      }));
      const {
        seed: drawSeed = '',
        people,
        chain,
      } = drawView.parse(await operate('GET', '/api/events/1/waiting-room/draw'));
      const draw = { seed: drawSeed, people, chain };
      const audit = await line.audit();
      const verdict = judge({ visitors, seats, notes, desk, line, draw, audit });
      return { verdict, costs, notes, looks: line.looks, onSaleMs, endedMs, faults: desk.faults };
    } finally {
      desk.close();
      await line.close();
    }
  } finally {
    await system.close();
  }
}

type Run = Awaited<ReturnType<typeof runSpike>>;

/** How many people had come and had been let in, and seats were sold, from the sale's beginning on. */
function drawSale({ looks, notes, onSaleMs }: Run): string {
  const lastMs = notes.soldAt.at(-1)?.atMs ?? onSaleMs;
  const times = Array.from({ length: STEPS }, (_, i) => onSaleMs + ((lastMs - onSaleMs) * i) / (STEPS - 1));
  const lookAt = (ms: number) => looks.findLast(({ atMs }) => atMs <= ms);
  const steps = times.map((ms) => ((ms - onSaleMs) / 1000).toFixed(0));
  const soldBy = (ms: number) => notes.soldAt.reduce((sum, { atMs, seats }) => sum + (atMs <= ms ? seats : 0), 0);
  return renderPlots([
    {
      ...{ title: 'The sale', across: 'seconds since it began', steps, unit: 'people, seats' },
      lines: [
        { name: 'joined', values: times.map((ms) => lookAt(ms)?.joined ?? 0) },
        { name: 'turn has come', values: times.map((ms) => lookAt(ms)?.serving ?? 0) },
        { name: 'seats sold', values: times.map(soldBy) },
      ],
    },
  ]);
}

const wordsOf = (promises: readonly Promised[]): string =>
  promises.map(({ what, held, figure }) => `  ${held ? 'held  ' : 'BROKEN'}  ${what}: ${figure}`).join('\n');

function report({ verdict, costs, onSaleMs, endedMs, notes, faults }: Run): string {
  const { promises, waits, cheats, endings, polls, outcomes, told, bytes }: Verdict = verdict;
  const seconds = (endedMs - onSaleMs) / 1000;
  const soldAfter = ((notes.soldAt.at(-1)?.atMs ?? onSaleMs) - onSaleMs) / 1000;
  const rest = [...notes.outOfOrder, ...notes.lostTurns, ...faults];
  return [
    wordsOf(promises),
    '',
    `  the last seat was sold after ${soldAfter.toFixed(0)} s, everybody had gone after ${seconds.toFixed(0)} s`,
    `  visitors: ${Object.entries(endings)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
    `  told "likely sold out": ${told.likelySoldOut}, of whom ${told.ofThoseLetIn} were let in after all`,
    `  polls: ${polls.count}, ${Math.round(polls.count / seconds)}/s, p50 ${polls.p50Ms} ms, p99 ${polls.p99Ms} ms, asked ${(polls.lateMs / 1000).toFixed(1)} s late at most`,
    `  outcomes: ${outcomes.count}, p50 ${outcomes.p50Ms} ms, p99 ${outcomes.p99Ms} ms after the request`,
    `  Redis: ${(bytes.redis / 1_048_576).toFixed(0)} MiB at most, of which ${(bytes.line / 1024).toFixed(0)} KiB are the line`,
    ...costs.map(
      ({ name, cpuSeconds: cpu, megabytes }) =>
        `  ${name.padEnd(10)}  ${cpu.toFixed(1).padStart(6)} s of CPU, ${megabytes.toFixed(0).padStart(5)} MB at most`,
    ),
    '',
    '| wait | estimates | middle error | in the range told |',
    '| --- | --- | --- | --- |',
    ...waits
      .filter(({ estimates }) => estimates > 0)
      .map(
        ({ fromSeconds, toSeconds, estimates, error, inRange }) =>
          `| ${toSeconds > 3_600 ? `over ${fromSeconds}` : `${fromSeconds} to ${toSeconds}`} s | ${estimates} | ${(error * 100).toFixed(0)}% | ${(inRange * 100).toFixed(0)}% |`,
      ),
    '',
    '| cheat | tried | got in |',
    '| --- | --- | --- |',
    ...cheats.map(({ cheat, what, tried, gotIn }) => `| ${cheat}: ${what} | ${tried} | ${gotIn} |`),
    ...(rest.length > 0 ? ['', ...rest.slice(0, 20).map((line) => `  ${line}`)] : []),
  ].join('\n');
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return void console.log(HELP);
  const { visitors, seats, seed, burst, json, picture } = options;
  let done: { promises: readonly Promised[]; data: object; drawn: string };
  if (burst !== undefined) {
    const run = await runBurst(burst, createRandom(seed));
    done = { promises: run.promises, data: { drain: burst, ...run }, drawn: drawBurst(run) };
    console.log(wordsOf(run.promises));
  } else {
    console.log(`${visitors} visitors, ${seats} seats, seed ${seed}`);
    const run = await runSpike(options);
    const { verdict, costs, looks } = run;
    done = {
      promises: verdict.promises,
      data: { visitors, seats, seed, ...verdict, costs, looks },
      drawn: drawSale(run),
    };
    console.log(report(run));
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(done.data, null, 1)}\n`);
  if (picture !== undefined) writeFileSync(picture, done.drawn);
  process.exitCode = done.promises.every(({ held }) => held) ? 0 : 1;
}

await main().catch(exitOnStartFault);
