import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { DEFAULT_EVENT } from '../../shared/contract/ids.ts';
import { command, namesOf, number } from '../kit/command.ts';
import { createEvent, operatorOf, setRoom } from '../kit/operator.ts';
import type { Check } from '../kit/report.ts';
import { type OwnSystem, withOwnSystem } from '../kit/rig.ts';
import { query } from '../kit/standby.ts';
import { percentile } from '../kit/statistics.ts';
import { wordsOf } from '../kit/tally.ts';
import { type Attack, type AttackName, attacks, type Counts, type Victim } from './abuse/attacks.ts';
import { measureHonest, p99Of, type Seen, winsSeat } from './abuse/honest.ts';
import { waitForTurn } from './abuse/visitor.ts';

const names = Object.keys(attacks) as AttackName[];

/**
 * Milliseconds that 99 of 100 bookings of an honest client may take during an attack, or this multiple of the calm
 * value if that is more.
 */
const BOUND_MS = 250;
const BOUND_TIMES_CALM = 3;

/** Seconds of calm before the attacks, and after each. */
const CALM_SECONDS = 8;

const HOUSE = { ZONES: 50, ROWS: 20, SEATS_PER_ROW: 65 };
const LAST_SEAT = '50-20-65';
const WANTED_SEAT = '50-20-1';

/** Milliseconds after which an honest visitor joins the attacked line: behind the attackers. */
const BEHIND_MS = 4_000;

/** The attacked waiting rooms: twenty people inside, turns of ten seconds. */
const ROOM = { mode: 'on', peopleInside: 20, turnSeconds: 10 };

/** The feed of a long sale: 1,000 changes, each with a row of its own. */
const FILL_FEED = `INSERT INTO change_batch (type, event_id, count, data)
  SELECT 'seats.unblocked', ${DEFAULT_EVENT}, 1, '[{"seats":["${LAST_SEAT}"]}]' FROM generate_series(1, 1000)`;

/** Creates the victims of the attacks: a taken seat, two events with a waiting room, a feed and a key to read it. */
async function prepare({ url, addresses: { databaseUrl } }: OwnSystem): Promise<Victim> {
  const operate = operatorOf(url);
  await operate('POST', `/api/events/${DEFAULT_EVENT}/block`, { seats: [LAST_SEAT] });
  const zone = { rows: 20, seatsPerRow: 65 };
  const [eventId, guardedId] = [await createEvent(operate, zone), await createEvent(operate, zone)];
  await setRoom(operate, ROOM, eventId);
  await setRoom(operate, { ...ROOM, challenge: 'work' }, guardedId);
  const made = await operate('POST', '/admin/keys', { name: 'attacker', scopes: ['read'] });
  const { key: readKey } = z.object({ key: z.string() }).parse(made);
  await query(databaseUrl, FILL_FEED);
  const seats = { takenSeat: LAST_SEAT, wantedSeat: WANTED_SEAT };
  return { url, ...seats, email: 'test@example.com', eventId, guardedId, readKey };
}

/** Starts an attack; `stop` ends it and returns the attacker's counts. */
async function startAttack(name: AttackName, victim: Victim) {
  const ending = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';
  const program = fileURLToPath(new URL(`./abuse/attacker.${ending}`, import.meta.url));
  const child = fork(program, [name, JSON.stringify(victim)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit').then((): Counts => ({ 'the attacker failed': 1 }));
  await once(child, 'message');
  return {
    async stop(): Promise<Counts> {
      const counted = Promise.race([once(child, 'message').then(([counts]) => counts as Counts), exited]);
      child.kill('SIGTERM');
      return counted;
    },
  };
}

/** Waits in the attacked line as an honest visitor; undefined where the attack has no line. */
async function visitDuring(name: AttackName, victim: Victim): Promise<Check | undefined> {
  const { visit }: Attack = attacks[name];
  if (visit === undefined) return undefined;
  await sleep(BEHIND_MS);
  const seconds = await waitForTurn(victim.url, victim[visit.line]);
  return {
    what: `${name}: a visitor's turn comes within ${visit.boundSeconds} s`,
    held: seconds <= visit.boundSeconds,
    figure: `${seconds.toFixed(1)} s`,
  };
}

/** Whether another buyer gets the seat that an attack hoards; undefined where the attack hoards none. */
async function buyDuring(name: AttackName, victim: Victim, seconds: number): Promise<Check | undefined> {
  if (name !== 'hoarding') return undefined;
  const held = await winsSeat(victim.url, victim.wantedSeat, seconds);
  return { what: `${name}: another buyer gets the seat within ${seconds} s`, held };
}

/** The bounds of an honest client. */
function honestChecks(when: string, seen: Seen, boundMs: number): Check[] {
  const p99 = p99Of(seen);
  return [
    {
      what: `${when}: the p99 of bookings is at most ${boundMs.toFixed(0)} ms`,
      held: p99 <= boundMs,
      figure: `${p99.toFixed(0)} ms`,
    },
    {
      what: `${when}: every booking is made, /healthz and /readyz answer ok`,
      held: seen.failed.total() === 0,
      figure: `failed ${seen.failed.words()}`,
    },
  ];
}

function cellOf(seen: Seen): string {
  const p50 = percentile(seen.bookingMs, 0.5).toFixed(0);
  return `${p50} / ${p99Of(seen).toFixed(0)} | ${percentile(seen.healthMs, 0.99).toFixed(0)}`;
}

type Options = { seconds: number; calm: number; bound: number };

/** Plays one attack, and prints its row. Returns the state after it, and the checks. */
async function playAttack(
  name: AttackName,
  victim: Victim,
  calm: Seen,
  { seconds, calm: calmSeconds, bound }: Options,
) {
  const boundMs = Math.max(bound, BOUND_TIMES_CALM * p99Of(calm));
  const attack = await startAttack(name, victim);
  const [during, bought, visit] = await Promise.all([
    measureHonest(victim.url, seconds),
    buyDuring(name, victim, seconds),
    visitDuring(name, victim),
  ]);
  const counts = await attack.stop();
  const after = await measureHonest(victim.url, calmSeconds);
  const cells = [cellOf(calm), cellOf(during), cellOf(after), visit?.figure ?? ''];
  console.log(`| ${[name, ...cells, wordsOf(Object.entries(counts))].join(' | ')} |`);
  const others = [bought, visit].filter((check) => check !== undefined);
  const checks = [...honestChecks(name, during, boundMs), ...others, ...honestChecks(`after ${name}`, after, boundMs)];
  return { after, checks };
}

await command({
  name: 'abuse',
  summary: `Attacks a system of its own, limits on, as one client, and measures an honest client at another address
before, during and after. The p99 of bookings has a bound: ${BOUND_MS} ms, or ${BOUND_TIMES_CALM} times the calm
value. While one account hoards a seat, another buyer must get it. While a waiting room is attacked, the turn of a
visitor behind the attacker has a bound. Needs Linux: each client has a loopback address of its own.`,
  options: {
    attack: namesOf('attacks', names),
    seconds: number('seconds of each attack', 15, { max: 3_600 }),
    calm: number('seconds of calm before the attacks, and after each', CALM_SECONDS, { max: 60 }),
    bound: number('milliseconds of the bound, more where other work uses the machine', BOUND_MS, { max: 60_000 }),
  },
  notes: names.map((name) => `  ${name.padEnd(24)}${attacks[name].about}`).join('\n'),
  run: ({ attack: chosen, ...options }) =>
    withOwnSystem({ name: 'abuse', house: HOUSE, settings: { RATE_LIMIT: 'on' } }, async (system) => {
      await system.startWorker();
      const victim = await prepare(system);
      await measureHonest(system.url, options.calm); // until V8 has compiled the hot code
      let calm = await measureHonest(system.url, options.calm);
      console.log('Milliseconds of an honest client: booking p50 / p99 | /healthz p99\n');
      console.log('| attack | before | | during | | after | | turn in line | answers to the attacker |');
      console.log('|---|---|---|---|---|---|---|---|---|');
      const checks: Check[] = [];
      for (const name of chosen) {
        const played = await playAttack(name, victim, calm, options);
        checks.push(...played.checks);
        calm = played.after;
      }
      return checks;
    }),
});
