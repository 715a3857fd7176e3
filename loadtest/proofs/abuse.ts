import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DEFAULT_EVENT } from '../../shared/contract/ids.ts';
import { ConfigError } from '../../shared/platform/config-error.ts';
import { exitOnStartFault } from '../../shared/platform/shutdown.ts';
import { wholeOf } from '../kit/options.ts';
import { ADMIN_TOKEN, startOwnSystem } from '../kit/rig.ts';
import { percentile } from '../kit/statistics.ts';
import { type Aim, type Attack, type AttackName, attacks, type Counts } from './abuse/attacks.ts';
import { honest, p99Of, type Seen, winsSeat } from './abuse/honest.ts';
import { waitForTurn } from './abuse/visitor.ts';

const names = Object.keys(attacks) as AttackName[];

/**
 * Milliseconds that 99 of 100 bookings of an honest client may take while another attacks, or three times the calm
 * value if that is more.
 */
const BOUND_MS = 250;
const BOUND_TIMES_CALM = 3;

/** Seconds of calm before the attacks, and after each. */
const CALM_SECONDS = 8;

const HELP = `npm run abuse -- [options]

Attacks a system of its own, limits on, as one client, and measures an honest client at another address before, during
and after. Ends with 1 where a bound breaks: a booking's p99 stays under the bound (or ${BOUND_TIMES_CALM} times
the calm value), every booking is made, and /healthz and /readyz stay ok. While one account hoards a seat, another buyer
gets it. While a waiting room is attacked, the turn of a visitor who joins behind the attacker has a bound. Needs Linux:
each client has a loopback address of its own.

  --attack NAME   which attacks, several with commas, or all   (default all)
  --seconds N     how long each attack lasts                    (default 15)
  --calm N        seconds of calm before the attacks, and after each (default ${CALM_SECONDS})
  --bound N       milliseconds of the bound on bookings, where other work keeps the machine busy (default ${BOUND_MS})
  --help

${names.map((name) => `  ${name.padEnd(24)}${attacks[name].about}`).join('\n')}`;

const HOUSE = { ZONES: 50, ROWS: 20, SEATS_PER_ROW: 65 };

/** Milliseconds after which an honest visitor joins the line that is attacked: behind those who attack it. */
const BEHIND_MS = 4_000;

/** The waiting rooms that are attacked: twenty people inside, turns of ten seconds. */
const ROOM = { mode: 'on', peopleInside: 20, turnSeconds: 10 };

function readOptions() {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { attack: text, seconds: text, calm: text, bound: text, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return undefined;
  const whole = wholeOf(values);
  const asked = (values.attack ?? 'all').split(',');
  const unknown = asked.filter((name) => name !== 'all' && !Object.hasOwn(attacks, name));
  if (unknown.length > 0) throw new ConfigError(`--attack: all, or some of ${names.join(', ')}`);
  return {
    chosen: asked.includes('all') ? names : (asked as AttackName[]),
    seconds: whole('seconds', 15, 1, 3_600),
    calmSeconds: whole('calm', CALM_SECONDS, 1, 60),
    boundMs: whole('bound', BOUND_MS, 1, 60_000),
  };
}

/** Sends a request as an operator. @throws Error where it is refused */
async function operate(url: string, method: 'POST' | 'PUT', path: string, body: unknown): Promise<unknown> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' };
  const answer = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path} answers ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** A taken seat and two events with a waiting room, for attackers to aim at. */
async function prepare(url: string): Promise<Aim> {
  const seat = '50-20-65';
  await operate(url, 'POST', `/api/events/${DEFAULT_EVENT}/block`, { seats: [seat] });
  const event = { name: 'Abuse', zones: [{ rows: 20, seatsPerRow: 65 }] };
  const { id: eventId } = (await operate(url, 'POST', '/api/events', event)) as { id: number };
  const { id: guardedId } = (await operate(url, 'POST', '/api/events', event)) as { id: number };
  await operate(url, 'PUT', `/api/events/${eventId}/waiting-room`, ROOM);
  await operate(url, 'PUT', `/api/events/${guardedId}/waiting-room`, { ...ROOM, challenge: 'work' });
  return { url, seat, wanted: '50-20-1', email: 'test@example.com', eventId, guardedId };
}

/** Starts an attack; `stop` ends it and returns the attacker's counts. */
async function startAttack(name: AttackName, aim: Aim) {
  const ending = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';
  const program = fileURLToPath(new URL(`./abuse/attacker.${ending}`, import.meta.url));
  const child = fork(program, [name, JSON.stringify(aim)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  await once(child, 'message');
  return {
    async stop(): Promise<Counts> {
      const counted = Promise.race([once(child, 'message').then(([counts]) => counts as Counts), exited]);
      child.kill('SIGTERM');
      const counts = await counted;
      return Array.isArray(counts) ? { 'attacker broke': 1 } : counts;
    },
  };
}

/** Seconds until the turn of a visitor who joins the attacked line; undefined where no line is attacked. */
async function visitDuring(name: AttackName, aim: Aim): Promise<{ seconds: number; boundSeconds: number } | undefined> {
  const { visit }: Attack = attacks[name];
  if (visit === undefined) return undefined;
  await sleep(BEHIND_MS);
  return { seconds: await waitForTurn(aim.url, aim[visit.line]), boundSeconds: visit.boundSeconds };
}

/** The bounds that were broken for the honest client. */
function brokenBy(seen: Seen, boundMs: number): string[] {
  const p99 = p99Of(seen);
  return [
    ...(p99 > boundMs ? [`booking p99 ${p99.toFixed(0)} ms, bound ${boundMs.toFixed(0)} ms`] : []),
    ...[...seen.failed].map(([what, times]) => `${what}: ${times} times`),
  ];
}

function cellOf(seen: Seen): string {
  const bookingMs = `${percentile(seen.bookingMs, 0.5).toFixed(0)} / ${p99Of(seen).toFixed(0)}`;
  return `${bookingMs} | ${percentile(seen.healthMs, 0.99).toFixed(0)}`;
}

const wordsOf = (counts: Counts): string =>
  Object.entries(counts)
    .map(([what, times]) => `${what}: ${times}`)
    .join(', ');

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return void console.log(HELP);
  const { calmSeconds } = options;
  const own = await startOwnSystem({ name: 'abuse', house: HOUSE, settings: { RATE_LIMIT: 'on' } });
  try {
    await own.startWorker();
    const aim = await prepare(own.url);
    await honest(own.url, calmSeconds); // until V8 has compiled the hot code
    let before = await honest(own.url, calmSeconds);
    console.log('Milliseconds of an honest client: booking p50 / p99 | /healthz p99\n');
    console.log('| attack | before | | during | | after | | turn in line (s) | the attacker saw |');
    console.log('|---|---|---|---|---|---|---|---|---|');
    const broken: string[] = [];
    for (const name of options.chosen) {
      const boundMs = Math.max(options.boundMs, BOUND_TIMES_CALM * p99Of(before));
      const attack = await startAttack(name, aim);
      const isHoarding = name === 'hoarding';
      const [during, won, visit] = await Promise.all([
        honest(own.url, options.seconds),
        isHoarding ? winsSeat(own.url, aim.wanted, options.seconds) : undefined,
        visitDuring(name, aim),
      ]);
      const counts = await attack.stop();
      const after = await honest(own.url, calmSeconds);
      const turn = visit?.seconds.toFixed(1) ?? '';
      const row = [name, cellOf(before), cellOf(during), cellOf(after), turn, wordsOf(counts)];
      console.log(`| ${row.join(' | ')} |`);
      if (won === false) broken.push(`${name}: nobody else got the seat in ${options.seconds} s`);
      broken.push(...brokenBy(during, boundMs).map((what) => `${name}: ${what}`));
      if (visit !== undefined && visit.seconds > visit.boundSeconds)
        broken.push(`${name}: a visitor's turn after ${turn} s, bound ${visit.boundSeconds} s`);
      broken.push(...brokenBy(after, boundMs).map((what) => `${name}, afterwards: ${what}`));
      before = after;
    }
    for (const line of broken) console.log(`\nBROKEN  ${line}`);
    console.log(`\nabuse: ${broken.length === 0 ? 'pass' : 'FAIL'}`);
    process.exitCode = broken.length === 0 ? 0 : 1;
  } finally {
    await own.close();
  }
}

await main().catch(exitOnStartFault);
