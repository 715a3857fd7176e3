import { setTimeout as sleep } from 'node:timers/promises';
import { eventView } from '../../shared/contract/events.ts';
import { drawView } from '../../shared/contract/waiting-room.ts';
import { command, flag, number, optionalNumber, seed, text, UsageError } from '../kit/command.ts';
import { type Operator, operatorOf, setRoom } from '../kit/operator.ts';
import { renderPlots } from '../kit/plot.ts';
import { cpuSeconds, ownCpuSeconds, residentMegabytes } from '../kit/processes.ts';
import { createRandom, type Random } from '../kit/random.ts';
import { figureLines, markdownTable, percent, reportProgress, writeReport } from '../kit/report.ts';
import { type OwnSystem, withOwnSystem } from '../kit/rig.ts';
import { wordsOf } from '../kit/tally.ts';
import { drawBurst, runBurst } from './spike/burst.ts';
import { openDesk } from './spike/desk.ts';
import { type WatchedLine, watchLine } from './spike/line.ts';
import { type Crowd, createNotes, type Notes, USES } from './spike/notes.ts';
import { judge } from './spike/verdict.ts';
import { createCrowd, visit } from './spike/visitors.ts';

const SEATS_PER_ROW = 65;
const PEOPLE_PER_SECOND = 1_000;

/** Seconds of holds, turns and admissions: as promised, and in the short form. */
const DURATIONS = { hold: 20, turn: 40, admission: 20 };
const SHORT_DURATIONS = { hold: 2, turn: 4, admission: 3 };

/** Visitors and seats, and those of the short form. */
const SIZE = { visitors: 100_000, seats: 65_000 };
const SHORT_SIZE = { visitors: 300, seats: 455 };

/** Seconds between the last visitor before the sale and the sale. */
const QUIET_SECONDS = 1;

/** Connections that are kept open, however many visitors there are. */
const CONNECTIONS = { joining: 512, polling: 1_000, booking: 2_000 };

/** Steps of the plotted sale. */
const STEPS = 13;

/** `before`: the share of visitors who come before the sale; `within`: seconds in which all come. */
type Options = {
  visitors: number;
  seats: number;
  before: number;
  within: number;
  durations: typeof DURATIONS;
  polls: boolean;
};

/** A house of so many rows, in zones of one size. */
function houseOf(seats: number) {
  const rows = seats / SEATS_PER_ROW;
  const zones = [20, 10, 5, 4, 2].find((count) => rows % count === 0) ?? 1;
  return { ZONES: zones, ROWS: rows / zones, SEATS_PER_ROW };
}

/** Sets the sale's time, creates another event, and opens the waiting rooms of both. */
async function prepareSale(operate: Operator, onSaleMs: number, { hold, turn, admission }: Options['durations']) {
  await operate('PATCH', '/api/events/1', {
    holdSeconds: hold,
    maxHoldSeconds: hold,
    onSaleAt: new Date(onSaleMs).toISOString(),
  });
  const zones = [{ rows: 10, seatsPerRow: SEATS_PER_ROW }];
  const other = eventView.parse(await operate('POST', '/api/events', { name: 'Another', zones }));
  const room = { mode: 'on', turnSeconds: turn, admissionSeconds: admission, uses: USES };
  for (const eventId of [1, other.id]) await setRoom(operate, room, eventId);
}

/** CPU seconds, and the most megabytes of a process, whose children are included but for this process. */
type Cost = { name: string; cpuSeconds: number; megabytes: number };

/** Measures the processes from now on, until the returned function is called. */
function measureCosts(system: OwnSystem, workerPid: number): () => Cost[] {
  const processes = Object.entries({
    API: system.api.pid,
    worker: workerPid,
    Redis: system.redis.pid,
    PostgreSQL: system.postgres.pid,
    visitors: process.pid,
  }).map(([name, pid]) => ({ name, pid, read: pid === process.pid ? ownCpuSeconds : () => cpuSeconds(pid), peak: 0 }));
  const cpuBefore = processes.map(({ read }) => read());
  const sample = () => {
    for (const part of processes) part.peak = Math.max(part.peak, residentMegabytes(part.pid));
  };
  const sampling = setInterval(sample, 1_000);
  return () => {
    clearInterval(sampling);
    sample();
    return processes.map(({ name, read, peak }, i) => ({
      name,
      cpuSeconds: read() - (cpuBefore[i] ?? 0),
      megabytes: peak,
    }));
  };
}

/** Sends all visitors, some before the sale, and waits until each has ended. */
async function sendVisitors(crowd: Crowd, onSaleMs: number, options: Options, line: WatchedLine): Promise<void> {
  const { visitors, before, within } = options;
  const { notes, desk, random } = crowd;
  const startedMs = Date.now();
  let ended = 0;
  const stop = reportProgress(() => {
    const { serving = 0, joined = 0, inside = 0, offered = 0, rate = 0, etaSeconds = 0 } = line.samples.at(-1) ?? {};
    const room = `${joined} joined, ${serving} served, ${inside} inside, ${offered} offered, rate ${rate.toFixed(0)}/s`;
    const sold = `queue ${etaSeconds.toFixed(2)} s, ${notes.soldSeats} seats sold, ${desk.log.pollMs.length} polls`;
    return `${((Date.now() - onSaleMs) / 1000).toFixed(0)} s: ${room}, ${sold}, ${ended} ended`;
  });
  const early = Math.round(visitors * before);
  const visits = Array.from({ length: visitors }, async (_, visitor) => {
    const from = visitor < early ? 0 : onSaleMs - startedMs;
    const span = (visitor < early ? before : 1 - before) * within * 1000;
    await sleep(from + random() * span);
    await visit(crowd, visitor);
    ended += 1;
  });
  await Promise.all(visits).finally(stop);
}

const runSale = (options: Options, random: Random) =>
  withOwnSystem({ name: 'spike', house: houseOf(options.seats) }, async (system) => {
    const { visitors, seats, before, within, durations, polls } = options;
    const worker = await system.startWorker();
    const operate = operatorOf(system.url);
    const line = await watchLine(system.addresses);
    system.rig.onClose(line.close);
    const desk = openDesk(system.url, CONNECTIONS);
    system.rig.onClose(desk.close);
    const onSaleMs = Date.now() + (before * within + QUIET_SECONDS) * 1000;
    await prepareSale(operate, onSaleMs, durations);
    const costsSoFar = measureCosts(system, worker.pid);
    const notes = createNotes();
    const crowd = createCrowd({ desk, notes, random, polls, turnSeconds: durations.turn });
    await sendVisitors(crowd, onSaleMs, options, line);
    const endedMs = Date.now();
    const costs = costsSoFar();
    const drawn = drawView.parse(await operate('GET', '/api/events/1/waiting-room/draw'));
    const draw = { seed: drawn.seed ?? '', people: drawn.people, chain: drawn.chain };
    const verdict = judge({ visitors, seats, notes, desk, line, draw, audit: await line.audit() });
    return { visitors, reads: desk.line.requests(), verdict, costs, notes, looks: line.samples, onSaleMs, endedMs };
  });

type Run = Awaited<ReturnType<typeof runSale>>;

const lastSaleMs = (notes: Notes, onSaleMs: number) => notes.soldAt.at(-1)?.atMs ?? onSaleMs;

/** Plots joined and admitted visitors and sold seats, from the sale's beginning on. */
function drawSale({ looks, notes, onSaleMs }: Run): string {
  const lastMs = lastSaleMs(notes, onSaleMs);
  const times = Array.from({ length: STEPS }, (_, i) => onSaleMs + ((lastMs - onSaleMs) * i) / (STEPS - 1));
  const sampleAt = (ms: number) => looks.findLast(({ atMs }) => atMs <= ms);
  const soldBy = (ms: number) => notes.soldAt.reduce((sum, { atMs, seats }) => sum + (atMs <= ms ? seats : 0), 0);
  return renderPlots([
    {
      title: 'The sale',
      across: 'seconds since it began',
      steps: times.map((ms) => ((ms - onSaleMs) / 1000).toFixed(0)),
      unit: 'people, seats',
      lines: [
        { name: 'joined', values: times.map((ms) => sampleAt(ms)?.joined ?? 0) },
        { name: 'turn has come', values: times.map((ms) => sampleAt(ms)?.serving ?? 0) },
        { name: 'seats sold', values: times.map(soldBy) },
      ],
    },
  ]);
}

function linesOf({ visitors, reads, verdict, costs, onSaleMs, endedMs, notes }: Run): string {
  const { waits, cheats, endings, polls, outcomes, soldOutWarnings, bytes } = verdict;
  const seconds = (endedMs - onSaleMs) / 1000;
  const rate = Math.round(polls.count / seconds);
  const rangeOf = (from: number, to: number) => (to > 3_600 ? `over ${from} s` : `${from} to ${to} s`);
  const figures = figureLines([
    ['the last seat was sold after', `${((lastSaleMs(notes, onSaleMs) - onSaleMs) / 1000).toFixed(0)} s`],
    ['the last visitor ended after', `${seconds.toFixed(0)} s`],
    ['visitors', wordsOf(Object.entries(endings))],
    ['"likely sold out"', `${soldOutWarnings.visitors}, of whom ${soldOutWarnings.admitted} were admitted after all`],
    ['polls', `${polls.count}, ${rate}/s, p50 ${polls.p50Ms} ms, p99 ${polls.p99Ms} ms`],
    ['the line', `${notes.read} times read, by ${reads} requests at the API`],
    ['requests for each visitor', ((polls.count + reads) / visitors + 1).toFixed(1)],
    ['the latest poll', `${(polls.lateMs / 1000).toFixed(1)} s after its time`],
    ['outcomes', `${outcomes.count}, p50 ${outcomes.p50Ms} ms, p99 ${outcomes.p99Ms} ms after the request`],
    ['Redis', `${(bytes.redis / 1_048_576).toFixed(0)} MiB at most, the line ${(bytes.line / 1024).toFixed(0)} KiB`],
    ...costs.map(({ name, cpuSeconds: cpu, megabytes }): [string, string] => {
      return [name, `${cpu.toFixed(1)} s of CPU, ${megabytes.toFixed(0)} MB at most`];
    }),
  ]);
  const waitRows = waits
    .filter(({ estimates }) => estimates > 0)
    .map(({ fromSeconds, toSeconds, estimates, error, inRange }) => {
      return [rangeOf(fromSeconds, toSeconds), estimates, percent(error), percent(inRange)];
    });
  const cheatRows = cheats.map(({ cheat, what, tried, gotIn }) => [`${cheat}: ${what}`, tried, gotIn]);
  return [
    figures,
    markdownTable(['wait', 'estimates', 'median error', 'in the estimated range'], waitRows),
    markdownTable(['cheat', 'tried', 'got in'], cheatRows),
  ].join('\n\n');
}

await command({
  name: 'spike',
  summary: `A crowd at a sale with a waiting room, on a system of its own: PostgreSQL, Redis, an API and a worker.
Visitors who come before the sale are drawn. They read the line from a cache, as the client package does, and poll once
they are called (turns of less than 30 s: they poll all the time); in their turn they buy, or hold and confirm, walk
away or let the hold expire. Some leave the line or never come back, and some cheat in every way there is.`,
  options: {
    visitors: optionalNumber('visitors', String(SIZE.visitors), { min: 0, max: 1_000_000 }),
    seats: optionalNumber(`seats, a multiple of ${SEATS_PER_ROW}`, String(SIZE.seats), { max: 650_000 }),
    before: number('share of visitors who come before the sale', 0.7, { min: 0, max: 1, isFraction: true }),
    within: optionalNumber('seconds in which all visitors come', '1000 visitors a second', { min: 0, max: 3_600 }),
    seed: seed("seed of the visitors' choices"),
    quick: flag(`${SHORT_SIZE.visitors} visitors and ${SHORT_SIZE.seats} seats; everything lasts a tenth as long`),
    poll: flag('visitors poll all the time instead of reading the line'),
    burst: flag('instead: ten times the rate of the workers for 6 s, with the room off and with it on'),
    drain: number('bookings a second to which --burst slows the workers', 100, { max: 2_000 }),
    json: text('writes the report as JSON', 'FILE'),
    picture: text('writes a plot of the sale, an SVG', 'FILE'),
  },
  async run({ quick, poll, burst, drain, json, picture, before, seed: choiceSeed, within, ...size }) {
    const { visitors, seats } = { ...(quick ? SHORT_SIZE : SIZE), ...definedOf(size) };
    if (seats % SEATS_PER_ROW !== 0) throw new UsageError(`--seats: a multiple of ${SEATS_PER_ROW}`);
    const save = (data: object, plot: string) => {
      if (json !== undefined) writeReport(json, `${JSON.stringify(data, null, 1)}\n`);
      if (picture !== undefined) writeReport(picture, plot);
    };
    const random = createRandom(choiceSeed);
    if (burst) {
      const run = await runBurst(drain, random);
      save({ drain, ...run }, drawBurst(run));
      return run.promises;
    }
    console.log(`${visitors} visitors, ${seats} seats, seed ${choiceSeed}`);
    const run = await runSale(
      {
        visitors,
        seats,
        before,
        within: within ?? Math.ceil(visitors / PEOPLE_PER_SECOND) + 1,
        durations: quick ? SHORT_DURATIONS : DURATIONS,
        polls: poll,
      },
      random,
    );
    console.log(linesOf(run));
    const { verdict, reads, notes, costs, looks } = run;
    const line = { read: notes.read, requests: reads };
    save({ visitors, seats, seed: choiceSeed, ...verdict, line, costs, looks }, drawSale(run));
    return verdict.promises;
  },
});

function definedOf<Fields extends object>(fields: Fields): { [Name in keyof Fields]?: NonNullable<Fields[Name]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields;
}
