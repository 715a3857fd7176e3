import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../local/embedded/free-port.ts';
import { eventView } from '../../shared/contract/events.ts';
import { LINE_CHUNK } from '../../shared/domain/line.ts';
import { keysOf } from '../../shared/stores/redis/keys.ts';
import { command, flag, optionalNumber, text, UsageError } from '../kit/command.ts';
import { type Operator, operatorOf, setRoom } from '../kit/operator.ts';
import { isInstalled } from '../kit/processes.ts';
import { figureLines, markdownTable, reportProgress, timesOf, writeReport } from '../kit/report.ts';
import { ADMIN_TOKEN, type OwnSystem, type RigProgram, startProgram, withOwnSystem } from '../kit/rig.ts';
import type { Stores } from '../kit/stores.ts';
import { createWaitingCrowd, lineReaderAt } from '../kit/waiting-crowd.ts';
import { measurePhases, type Phase } from './gate-spike/costs.ts';
import type { Crowd } from './gate-spike/crowd.ts';
import { openDesk, type Urls } from './gate-spike/desk.ts';
import { changeKey, withdrawKey } from './gate-spike/keys.ts';
import { startGate } from './gate-spike/nginx.ts';
import { cheats, createNotes, type Notes } from './gate-spike/notes.ts';
import type { SiteReport } from './gate-spike/site-report.ts';
import { cheatsOf, judge, type Run, rateOf } from './gate-spike/verdict.ts';
import { arriveAll, cheatWhileWaiting, isGone, leaveSome, useTurn } from './gate-spike/visitors.ts';

/** The crowd, the people whom the site serves in a minute, and the seconds from the sale's start to the end. */
const SIZE = { visitors: 100_000, 'per-minute': 3_000, seconds: 240 };
const SHORT_SIZE = { visitors: 2_500, 'per-minute': 1_500, seconds: 80 };

/** Of so many visitors one is a cheat of each kind. In the short form there are few who come in early. */
const EACH = { long: 100, short: 25 };

/** Seconds of turns and admissions, so that many admissions end within the run; and in the short form. */
const DURATIONS = { turn: 60, admission: 90 };
const SHORT_DURATIONS = { turn: 30, admission: 30 };

/** Shares of the seconds after which a new key signs, and after which the old one is withdrawn. */
const KEY_CHANGES = 0.1;
const KEY_ENDS = 0.45;

/** Milliseconds from the last join to the sale. */
const UNTIL_SALE_MS = 5_000;
const HOUR_MS = 3_600_000;

/** Seconds in which no visitor is called who was so far behind in line. */
const MARGIN_SECONDS = 30;

type Options = {
  visitors: number;
  perMinute: number;
  seconds: number;
  each: number;
  durations: typeof DURATIONS;
  isTimed: boolean;
};

/** Creates an event without seats in front of sites. Returns its id. */
async function createGuarded(operate: Operator, sites: string[], onSaleAt?: string): Promise<number> {
  const event = { name: 'The site', zones: [], ...(onSaleAt && { onSaleAt }) };
  const { id } = eventView.parse(await operate('POST', '/api/events', event));
  await setRoom(operate, { mode: 'on', sites, peoplePerMinute: 6_000 }, id);
  return id;
}

/** The sites, the gate in front of them, the room behind it, and a second API. */
async function openSites(system: OwnSystem, ports: { site: number; other: number; room: number }, options: Options) {
  const { rig, api } = system;
  const [worker, second] = [await system.startWorker(), await system.startApi()];
  const operate = operatorOf(system.url);
  const [site, other, room] = [ports.site, ports.other, ports.room].map((port) => `http://127.0.0.1:${port}`);
  const urls = { site, other, room } as Urls;
  const event = await createGuarded(operate, [urls.site, urls.other], new Date(Date.now() + HOUR_MS).toISOString());
  const otherEvent = await createGuarded(operate, [urls.site]);
  const { perMinute, durations } = options;
  const { turn: turnSeconds, admission: admissionSeconds } = durations;
  await setRoom(operate, { peoplePerMinute: perMinute, turnSeconds, admissionSeconds, uses: 1 }, event);
  const args = {
    event,
    keysUrl: `${system.url}/.well-known/jwks.json`,
    origins: { site: urls.site, other: urls.other },
  };
  const plain = await startProgram<{ port: number }>(rig, 'loadtest/proofs/gate-spike/site', {
    args: [JSON.stringify(args)],
  });
  const apiPorts = [api.ready.port, second.ready.port];
  const nginx = await startGate(rig, { ports, apiPorts, sitePort: plain.ready.port, event });
  const phases = measurePhases({
    API: [api.pid, second.pid],
    Redis: [system.redis.pid],
    nginx: [nginx],
    site: [plain.pid],
    worker: [worker.pid],
    PostgreSQL: [system.postgres.pid],
  });
  return { urls, event, otherEvent, operate, plain, apiUrls: [api.url, second.url], phases };
}

type Sites = Awaited<ReturnType<typeof openSites>>;

/** The answers of the gate so far, at all APIs. */
async function gateAnswers(apiUrls: string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = { open: 0, admitted: 0, entered: 0, waiting: 0 };
  for (const url of apiUrls) {
    const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
    for (const [, name = '', count] of (await answer.text()).matchAll(
      /^frontrow_gate_answers_total\{.*answer="(\w+)".*\} (\d+)/gm,
    ))
      counts[name] = (counts[name] ?? 0) + Number(count);
  }
  return counts;
}

async function reportOf(site: RigProgram<{ port: number }>): Promise<SiteReport> {
  const received = new Promise<unknown>((resolve) => site.onMessage(resolve));
  site.send({});
  return (await received) as SiteReport;
}

/** Bytes in Redis of each visitor who entered. */
async function bytesOfEntries({ redis }: Stores, event: number, { entries, calledAt }: Notes): Promise<number> {
  const chunks = Math.floor(Math.max(0, ...calledAt.keys()) / LINE_CHUNK) + 1;
  let bytes = 0;
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    const key = `${keysOf(0).roomEntriesStem}${event}:1:${chunk}`;
    bytes += Number((await redis.call('MEMORY', 'USAGE', key, 'SAMPLES', '0')) ?? 0);
  }
  return bytes / Math.max(1, entries.size);
}

/** A rest that ends with the run. */
const restUntil = (ended: AbortSignal) => (ms: number) =>
  sleep(ms, undefined, { signal: ended }).then(
    () => true,
    () => false,
  );

/** Changes the key that signs while visitors come in, and later withdraws the old one. */
async function changeKeys(crowd: Crowd, { operate, apiUrls }: Sites, stores: Stores, seconds: number) {
  const scene = { crowd, operate, stores, apiUrls };
  const startedMs = Date.now();
  await sleep(KEY_CHANGES * seconds * 1000);
  while (crowd.kept.length === 0) await sleep(100);
  const keys = await changeKey(scene);
  await sleep(Math.max(0, startedMs + KEY_ENDS * seconds * 1000 - Date.now()));
  return { ...keys, ...(await withdrawKey(scene, keys.oldKey)) };
}

/** A crowd without its line, which ends with the signal. */
function createCrowd({ urls, event, otherEvent }: Sites, each: number, ended: AbortSignal): Crowd {
  setMaxListeners(0, ended);
  const desk = openDesk(urls, event);
  const rest = restUntil(ended);
  return { desk, notes: createNotes(), event, each, otherEvent, rest, kept: [], withdrawnKey: undefined };
}

/** Lets a crowd wait and come in, from the first request to the end. */
async function playSale(system: OwnSystem, sites: Sites, options: Options) {
  const { visitors: size, seconds, perMinute, each, durations } = options;
  const end = new AbortController();
  const crowd = createCrowd(sites, each, end.signal);
  const { desk, notes } = crowd;
  system.rig.onClose(desk.close);
  const stores = await system.openStores();
  const line = createWaitingCrowd({
    size,
    polling: 0,
    desk: { join: () => desk.join(), poll: (token) => desk.poll(token) },
    onTurn: (called) => useTurn(crowd, called),
    isGone: (visitor) => isGone(visitor, each),
    readLine: lineReaderAt(sites.urls.room, sites.event),
    admittedSeconds: durations.turn + durations.admission,
    notes,
  });
  const startedAt = performance.now();
  const stop = reportProgress(() => {
    const { serving = 0 } = notes.lines.at(-1) ?? {};
    const elapsed = ((performance.now() - startedAt) / 1000).toFixed(0);
    const tries = `${notes.tried.total()} tries, ${notes.gotIn.total()} got in`;
    return `${elapsed} s: ${line.tokens.length} joined, ${serving} called, ${notes.entries.size} came in, ${tries}`;
  }, 10_000);
  await arriveAll(crowd, size);
  const arriving = sites.phases.next();
  let onSaleMs = Number.POSITIVE_INFINITY;
  const asking = line.ask(end.signal);
  const cheating = cheatWhileWaiting(crowd, line, {
    isBeforeSale: () => Date.now() < onSaleMs - 1_000,
    margin: (perMinute / 60) * MARGIN_SECONDS,
  });
  await line.joinAll();
  await leaveSome(crowd, line);
  const joining = sites.phases.next();
  onSaleMs = Date.now() + UNTIL_SALE_MS;
  await sites.operate('PATCH', `/api/events/${sites.event}`, { onSaleAt: new Date(onSaleMs).toISOString() });
  await sleep(UNTIL_SALE_MS);
  const [withdrawal] = await Promise.all([
    changeKeys(crowd, sites, stores, seconds),
    sleep(Math.max(0, onSaleMs + 1000 * seconds - Date.now())),
  ]);
  const endedMs = Date.now();
  end.abort();
  await Promise.all([asking, cheating]).finally(stop);
  const selling = sites.phases.next();
  const gone = new Set(
    line.tokens.flatMap((_, visitor) => (isGone(visitor, each) ? (line.positionOf(visitor) ?? []) : [])),
  );
  const bytes = await bytesOfEntries(stores, sites.event, notes);
  return { notes, withdrawal, endedMs, gone, bytes, phases: { arriving, joining, selling } };
}

const runSpike = async (options: Options) => {
  const ports = { site: await freePort(), other: await freePort(), room: await freePort() };
  const settings = { PUBLIC_URL: `http://127.0.0.1:${ports.room}`, TRUST_PROXY: '1' };
  const house = { ZONES: 1, ROWS: 1, SEATS_PER_ROW: 10 };
  return withOwnSystem({ name: 'gate-spike', house, settings }, async (system) => {
    const sites = await openSites(system, ports, options);
    const { bytes, phases, ...played } = await playSale(system, sites, options);
    const { visitors: size, perMinute, durations, isTimed } = options;
    const [site, gate] = [await reportOf(sites.plain), await gateAnswers(sites.apiUrls)];
    const run: Run = { ...played, size, perMinute, turnSeconds: durations.turn, isTimed, site, gate };
    return { run, bytes, phases };
  });
};

type Done = Awaited<ReturnType<typeof runSpike>>;

const cpuWords = ({ cpu, seconds }: Phase): string => {
  const parts = Object.entries(cpu).map(([name, used]) => `${name} ${used.toFixed(1)}`);
  return `${seconds.toFixed(0)} s; CPU seconds: ${parts.join(', ')}`;
};

/** Microseconds of CPU of some parts, for each of so many. */
const microsOf = ({ cpu }: Phase, names: string[], count: number): string =>
  names.map((name) => `${name} ${(((cpu[name] ?? 0) / count) * 1e6).toFixed(0)} µs`).join(', ');

function linesOf({ run, bytes, phases }: Done): string {
  const { notes, gate, size } = run;
  const { arriving, joining, selling } = phases;
  const rate = rateOf(run);
  const longest = (groups: Notes['shared']) => Math.max(0, ...groups.map(({ seconds }) => seconds)).toFixed(0);
  const copies = (groups: Notes['shared']) =>
    `${groups.length} groups, ${groups.reduce((sum, { pages }) => sum + pages, 0)} pages of copies`;
  const servers = ['API', 'nginx', 'Redis'];
  const figures = figureLines([
    ['first requests to the site', `${size} in ${cpuWords(arriving)}`],
    ['for each of them', microsOf(arriving, servers, size)],
    ['joins', `${size} in ${cpuWords(joining)}`],
    ['the sale', cpuWords(selling)],
    ['for each who came in', microsOf(selling, servers, notes.entries.size)],
    [
      'answers of the gate',
      Object.entries(gate)
        .map(([name, count]) => `${name} ${count}`)
        .join(', '),
    ],
    ['came in', `${notes.entries.size} visitors, ${notes.pages} pages, ${notes.renewals} renewed cookies`],
    ['in a minute', `${rate.called} called and ${rate.came} came at most, ${Math.round(rate.mean)} on average`],
    ['from call to admission', timesOf(notes.lateMs.line)],
    ['Redis for each who came in', `${bytes.toFixed(0)} bytes`],
    ['put out with the old key', notes.putOut],
    ['shared cookies', `${copies(notes.shared)}, the last one ${longest(notes.shared)} s after the entry`],
    ['shared by scripts', `${copies(notes.silent)}, the last one ${longest(notes.silent)} s after the entry`],
    ['the latest tick', `${(notes.latestTickMs / 1000).toFixed(1)} s after its time`],
  ]);
  const rows = cheatsOf(run).map(({ cheat, tried, gotIn }) => [`${cheat}: ${cheats[cheat]}`, tried, gotIn]);
  return `${figures}\n\n${markdownTable(['cheat', 'tried', 'got in'], rows)}`;
}

await command({
  name: 'gate-spike',
  summary: `A crowd at a site behind nginx, which asks Frontrow's gate with auth_request, on a system of its own: two
APIs, a worker, Redis, PostgreSQL. All come to the site, are sent to the waiting page, wait for a draw, and
enter in their turn at the rate of the room, while cheats try every way around, and the key that signs changes. The site
checks every request that reaches it with the public keys alone.`,
  options: {
    visitors: optionalNumber('visitors', String(SIZE.visitors), { min: 1_000, max: 1_000_000 }),
    'per-minute': optionalNumber('people whom the room admits in a minute', String(SIZE['per-minute']), {
      min: 600,
      max: 100_000,
    }),
    seconds: optionalNumber('seconds from the start of the sale to the end', String(SIZE.seconds), {
      min: 80,
      max: 3_600,
    }),
    quick: flag(`${SHORT_SIZE.visitors} visitors, of whom ${SHORT_SIZE['per-minute']} are admitted in a minute`),
    json: text('writes the report as JSON', 'FILE'),
  },
  async run({ quick, json, ...size }) {
    if (!isInstalled('nginx')) throw new UsageError('nginx is not installed. On Debian: apt-get install nginx-light');
    const chosen = Object.fromEntries(Object.entries(size).filter(([, value]) => value !== undefined));
    const { 'per-minute': perMinute, ...rest } = { ...(quick ? SHORT_SIZE : SIZE), ...chosen };
    const form = quick ? { each: EACH.short, durations: SHORT_DURATIONS } : { each: EACH.long, durations: DURATIONS };
    const options: Options = { ...rest, ...form, perMinute, isTimed: !quick };
    console.log(`${options.visitors} visitors, ${perMinute} a minute, for ${options.seconds} s`);
    const done = await runSpike(options);
    console.log(linesOf(done));
    const checks = judge(done.run);
    const { gate, withdrawal } = done.run;
    const { bytes, phases } = done;
    const report = { options, rate: rateOf(done.run), cheats: cheatsOf(done.run), gate, withdrawal, bytes, phases };
    if (json !== undefined) writeReport(json, `${JSON.stringify({ ...report, checks }, null, 1)}\n`);
    return checks;
  },
});
