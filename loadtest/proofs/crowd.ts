import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../local/embedded/free-port.ts';
import { command, flag, optionalNumber, text, UsageError } from '../kit/command.ts';
import { startNginx, writeNginx } from '../kit/nginx.ts';
import { operatorOf, setRoom } from '../kit/operator.ts';
import { cpuSeconds, isInstalled } from '../kit/processes.ts';
import { figureLines, reportProgress, timesOf, writeReport } from '../kit/report.ts';
import { type OwnSystem, type Rig, withOwnSystem } from '../kit/rig.ts';
import { type Called, createCrowdNotes, createWaitingCrowd, lineReaderAt } from '../kit/waiting-crowd.ts';
import { openDesk, reachedAt } from './crowd/desk.ts';
import { judge, type Run, requestsOf } from './crowd/verdict.ts';

const EVENT = 1;
const SEATS_PER_ROW = 65;

/** Seconds of turns and admissions: as they are by default, and in the short form. */
const DURATIONS = { turn: 60, admission: 300 };
const SHORT_DURATIONS = { turn: 30, admission: 60 };

/** The crowd, those of it who poll, the seats, and the seconds from the sale's start to the end; and the short form. */
const SIZE = { visitors: 1_000_000, polling: 2_000, seats: 65_000, seconds: 600 };
const SHORT_SIZE = { visitors: 3_000, polling: 100, seats: 650, seconds: 60 };

/** Milliseconds from the last join to the sale. */
const UNTIL_SALE_MS = 5_000;
const HOUR_MS = 3_600_000;

type Options = typeof SIZE & { durations: typeof DURATIONS };

/** Starts nginx with the configuration of ops/nginx in front of the API. Returns its address and process. */
async function startCache(rig: Rig, apiUrl: string): Promise<{ url: string; pid: number }> {
  const [port, apiPort] = [await freePort(), Number(new URL(apiUrl).port)];
  const { args } = writeNginx({ folder: rig.folder, port, apiPorts: [apiPort, apiPort] });
  const url = `http://127.0.0.1:${port}`;
  return { url, pid: await startNginx(rig, args, `${url}/healthz`) };
}

/** Opens the room, an hour before the sale. */
async function prepareSale(url: string, { seats, seconds, durations }: Options): Promise<void> {
  const operate = operatorOf(url);
  await operate('PATCH', `/api/events/${EVENT}`, { onSaleAt: new Date(Date.now() + HOUR_MS).toISOString() });
  const peoplePerMinute = Math.ceil((seats * 60) / seconds);
  const { turn, admission } = durations;
  await setRoom(operate, { mode: 'on', peoplePerMinute, turnSeconds: turn, admissionSeconds: admission, uses: 1 });
}

/** CPU seconds of the parts so far. */
const costsOf = (system: OwnSystem, nginx: { pid: number }) => ({
  API: cpuSeconds(system.api.pid),
  Redis: cpuSeconds(system.redis.pid),
  nginx: cpuSeconds(nginx.pid),
});

const runCrowd = (options: Options) =>
  withOwnSystem({ name: 'crowd', house: houseOf(options.seats) }, async (system) => {
    const { visitors: size, polling, seconds, durations } = options;
    await system.startWorker();
    const nginx = await startCache(system.rig, system.url);
    const desk = openDesk(nginx.url);
    system.rig.onClose(desk.close);
    await prepareSale(system.url, options);
    const notes = { ...createCrowdNotes(), seats: 0 };
    const admittedSeconds = durations.turn + durations.admission;
    const readLine = lineReaderAt(nginx.url, EVENT);
    const onTurn = async ({ visitor, admission }: Called): Promise<void> => {
      visitors.requests[visitor] = (visitors.requests[visitor] ?? 0) + 1;
      const seats = await desk.book(admission.token);
      notes.seats += seats;
    };
    const visitors = createWaitingCrowd({ size, polling, desk, onTurn, readLine, admittedSeconds, notes });
    const before = await reachedAt(system.url);
    const [startedAt, end] = [performance.now(), new AbortController()];
    const stop = reportProgress(() => {
      const elapsed = ((performance.now() - startedAt) / 1000).toFixed(0);
      const { serving = 0 } = notes.lines.at(-1) ?? {};
      return `${elapsed} s: ${desk.sent.join} joined, ${notes.reads} reads, ${serving} called, ${notes.seats} sold`;
    }, 10_000);
    const asking = visitors.ask(end.signal);
    await visitors.joinAll();
    const joinedSeconds = (performance.now() - startedAt) / 1000;
    const onSaleAt = new Date(Date.now() + UNTIL_SALE_MS).toISOString();
    await operatorOf(system.url)('PATCH', `/api/events/${EVENT}`, { onSaleAt });
    const costsBefore = costsOf(system, nginx);
    await sleep(UNTIL_SALE_MS + 1000 * seconds);
    const endedMs = Date.now();
    end.abort();
    await asking.finally(stop);
    const costsAfter = costsOf(system, nginx);
    const after = await reachedAt(system.url);
    const reached = { ...after };
    for (const route of Object.keys(after) as (keyof typeof after)[]) reached[route] = after[route] - before[route];
    const costs = Object.entries(costsAfter).map(
      ([name, used]) => [name, used - costsBefore[name as keyof typeof costsBefore]] as const,
    );
    const run: Run = { size, visitors, desk, notes, reached, turnSeconds: durations.turn, endedMs };
    return { run, costs, joinedSeconds };
  });

/** A house of so many seats, in zones of ten rows. */
const houseOf = (seats: number) => ({ ZONES: seats / SEATS_PER_ROW / 10, ROWS: 10, SEATS_PER_ROW });

function linesOf({ run, costs, joinedSeconds }: Awaited<ReturnType<typeof runCrowd>>, { seconds }: Options): string {
  const { notes, reached } = run;
  const { byLine, byPoll, polling, all } = requestsOf(run);
  const cache = [...notes.fromCache].map(([status, count]) => `${status} ${count}`).join(', ');
  return figureLines([
    ['joined', `${run.size} in ${joinedSeconds.toFixed(0)} s; then they waited for ${seconds} s`],
    [
      'requests at Frontrow',
      `${all}: ${Object.entries(reached)
        .map(([route, count]) => `${route} ${count}`)
        .join(', ')}`,
    ],
    ['for each who reads the line', `${byLine.toFixed(2)} requests at Frontrow`],
    ['for each who polls', `${byPoll.toFixed(1)} requests at Frontrow (${polling} visitors)`],
    ['the line was read', `${notes.reads} times, by ${notes.lineRequests} requests to nginx (${cache})`],
    ['lines that could not be read', `${notes.unreadable.length} ${notes.unreadable[0] ?? ''}`],
    ['the oldest line', `${notes.oldestSeconds.toFixed(1)} s`],
    ['from call to admission', `by the line ${timesOf(notes.lateMs.line)}; by polls ${timesOf(notes.lateMs.poll)}`],
    ['seats sold', notes.seats],
    ['the latest tick', `${(notes.latestTickMs / 1000).toFixed(1)} s after its time`],
    ...costs.map(([name, used]): [string, string] => [`CPU of ${name}`, `${used.toFixed(1)} s while they waited`]),
  ]);
}

await command({
  name: 'crowd',
  summary: `A crowd that waits in line behind nginx as a cache (ops/nginx), on a system of its own: how many requests
reach Frontrow for each visitor, whether the order is kept, and whether anybody loses a turn because a line was old.
Requests: all joins, all polls of called visitors and their bookings, and one for the line in each second. Simulated:
visitors who read the line in the same second share that one request, and compute their places and the times of their
next reads themselves, as the client package does. A few visitors poll all the time, for comparison.`,
  options: {
    visitors: optionalNumber('visitors', String(SIZE.visitors), { max: 2_000_000 }),
    polling: optionalNumber('of them poll all the time', String(SIZE.polling), { max: 100_000 }),
    seats: optionalNumber(`seats, a multiple of ${10 * SEATS_PER_ROW}, all sold evenly`, String(SIZE.seats), {
      max: 650_000,
    }),
    seconds: optionalNumber('seconds from the start of the sale to the end', String(SIZE.seconds), { max: 86_400 }),
    quick: flag(`${SHORT_SIZE.visitors} visitors, who wait for ${SHORT_SIZE.seconds} s`),
    json: text('writes the report as JSON', 'FILE'),
  },
  async run({ quick, json, ...size }) {
    if (!isInstalled('nginx')) throw new UsageError('nginx is not installed. On Debian: apt-get install nginx-light');
    const chosen = Object.fromEntries(Object.entries(size).filter(([, value]) => value !== undefined));
    const defaults = quick ? SHORT_SIZE : SIZE;
    const options = { ...defaults, ...chosen, durations: quick ? SHORT_DURATIONS : DURATIONS };
    if (options.seats % (10 * SEATS_PER_ROW) !== 0)
      throw new UsageError(`--seats: a multiple of ${10 * SEATS_PER_ROW}`);
    const done = await runCrowd(options);
    console.log(linesOf(done, options));
    const checks = judge(done.run);
    const { reached, notes } = done.run;
    const { lines: _, admittedAt: __, lateMs: ___, fromCache, ...counts } = notes;
    const report = { options, ...requestsOf(done.run), reached, ...counts, fromCache: [...fromCache], checks };
    if (json !== undefined) writeReport(json, `${JSON.stringify({ ...report, costs: done.costs }, null, 1)}\n`);
    return checks;
  },
});
