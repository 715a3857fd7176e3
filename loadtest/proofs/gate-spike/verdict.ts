import { LATE } from '../../../shared/domain/room-step.ts';
import { type Check, noneOf, percent } from '../../kit/report.ts';
import { sumOf } from '../../kit/statistics.ts';
import { orderChecks, wasLate } from '../../kit/waiting-crowd-verdict.ts';
import type { Withdrawal } from './keys.ts';
import { COPY, cheatNames, type Notes, VISITOR } from './notes.ts';
import type { SiteReport } from './site-report.ts';

/** Visitors may be called at most this many times the rate in a minute (docs/waiting-room.md). */
const MOST_CALLED = 2;

/** Share by which the visitors of a minute who come may exceed the rate while the share of absent ones is estimated. */
const MORE_COME = 0.05;

/** Share of the rate that is used. */
const LEAST_USED = 0.9;

/** Milliseconds until a withdrawn key is refused: APIs read the keys every 2 s, and each read takes a while. */
const WITHDRAWN_MS = 4_000;

/** Milliseconds by which the clocks of Redis and this process may differ, and for which a request may be under way. */
const CLOCKS_MS = 1_000;
const UNDER_WAY_MS = 5_000;

const MINUTE_MS = 60_000;

/** A run that has ended. `gate`: the answers that the APIs counted. Times are milliseconds since 1970. */
export type Run = {
  size: number;
  perMinute: number;
  turnSeconds: number;
  /** Whether the times that parts take are judged: the machine must be fast enough. */
  isTimed: boolean;
  endedMs: number;
  notes: Notes;
  site: SiteReport;
  gate: Record<string, number>;
  withdrawal: Withdrawal;
  /** The positions of visitors who left or never came back. */
  gone: ReadonlySet<number>;
};

/** The highest sum of counts in a minute, of steps in the order of their times. */
function mostInMinute(steps: readonly { atMs: number; count: number }[]): number {
  let [first, sum, most] = [0, 0, 0];
  for (const { atMs, count } of steps) {
    sum += count;
    for (; (steps[first]?.atMs ?? atMs) <= atMs - MINUTE_MS; first += 1) sum -= steps[first]?.count ?? 0;
    most = Math.max(most, sum);
  }
  return most;
}

/** How many were called and came in a minute at most, and the mean of those who came until a turn before the end. */
export function rateOf({ notes, turnSeconds, endedMs }: Run) {
  const lines = notes.lines.toSorted((one, other) => one.asOfMs - other.asOfMs);
  const called = lines.map(({ asOfMs, serving }, i) => {
    return { atMs: asOfMs, count: serving - (lines[i - 1]?.serving ?? 0) };
  });
  const times = [...notes.calledAt.values()].sort((one, other) => one - other);
  const came = times.map((atMs) => ({ atMs, count: 1 }));
  const [fromMs = 0, toMs] = [times[0], endedMs - 1000 * turnSeconds];
  const inTime = times.filter((atMs) => atMs <= toMs).length;
  return {
    called: mostInMinute(called),
    came: mostInMinute(came),
    mean: inTime / Math.max(1 / 60, (toMs - fromMs) / MINUTE_MS),
  };
}

/** The tries of each kind, and how many got in, by the visitors' answers or by the site. */
export const cheatsOf = ({ notes, site }: Run) =>
  cheatNames.map((cheat) => {
    return { cheat, tried: notes.tried.of(cheat), gotIn: Math.max(notes.gotIn.of(cheat), site.requests[cheat] ?? 0) };
  });

function entryChecks(run: Run): Check[] {
  const { notes, site, gate } = run;
  const reached = sumOf(Object.values(site.requests));
  const cheats = cheatsOf(run);
  const untried = cheats.filter(({ tried }) => tried === 0).map(({ cheat }) => `${cheat}: never tried`);
  const gotIn = cheats.filter((cheat) => cheat.gotIn > 0).map((cheat) => `${cheat.cheat}: ${cheat.gotIn} got in`);
  const honest = (site.requests[VISITOR] ?? 0) + (site.requests[COPY] ?? 0);
  return [
    {
      what: 'each request that reached the site had an admission that the public keys verify',
      held: site.invalid.length === 0 && reached > 0,
      figure: `${reached} requests of ${site.visitors.length} visitors, ${site.invalid.length} without`,
      examples: site.invalid,
    },
    {
      what: 'no cheat got in, and each was tried',
      held: gotIn.length + untried.length === 0 && honest === reached,
      figure: `${sumOf(cheats.map((cheat) => cheat.gotIn))} of ${sumOf(cheats.map(({ tried }) => tried))} tries`,
      examples: [...gotIn, ...untried],
    },
    {
      what: 'the site got the requests that the gate admitted, and no others',
      held: gate.admitted === reached && gate.open === 0,
      figure: `${gate.admitted} admitted, ${gate.open} passed without a line`,
    },
    noneOf('each visitor was sent to the waiting page of the address, others', notes.misled),
  ];
}

function rateChecks(run: Run): Check[] {
  const { perMinute, notes, turnSeconds } = run;
  const { called, came, mean } = rateOf(run);
  const isUseJudged = run.isTimed && !wasLate(run);
  // Visitors who come so late counted as absent, and others were called in their place.
  const hasLate = notes.lateMs.line.some((ms) => ms > LATE.shareOfTurn * 1000 * turnSeconds);
  return [
    {
      what: `at most ${MOST_CALLED * perMinute} visitors are called in a minute, and ${perMinute} of them come`,
      held: called <= MOST_CALLED * perMinute && (came <= (1 + MORE_COME) * perMinute || hasLate) && came > 0,
      figure: `${called} called, ${came} came${hasLate ? ', some of them late' : ''}`,
    },
    {
      what: `the rate is used: at least ${percent(LEAST_USED)}`,
      held: mean >= LEAST_USED * perMinute || !isUseJudged,
      figure: `${Math.round(mean)} a minute${isUseJudged ? '' : ', not judged'}`,
    },
  ];
}

function visitorChecks(run: Run): Check[] {
  const { notes, site } = run;
  const uncalled = site.visitors.filter(
    ({ position, firstMs }) => firstMs < (notes.calledAt.get(position) ?? Number.POSITIVE_INFINITY) - CLOCKS_MS,
  );
  const doubled = [...notes.entries].filter(([, entries]) => entries !== 1);
  return [
    noneOf(
      'nobody was at the site before the call, others',
      uncalled.map(({ position }) => `position ${position}`),
    ),
    noneOf('no called visitor was kept out, others', notes.kept),
    {
      what: 'each visitor who came in used one entry',
      held: doubled.length === 0 && notes.entries.size > 0,
      figure: `${notes.entries.size} visitors`,
      examples: doubled.map(([position, entries]) => `position ${position}: ${entries}`),
    },
  ];
}

function keyChecks(run: Run): Check[] {
  const { withdrawal, site, notes } = run;
  const { oldKey, newKey, ms, refusedMs, living, valid } = withdrawal;
  const lastMs = (site.lastOfKey[oldKey] ?? 0) - refusedMs;
  return [
    {
      what: 'after a change of keys both kinds of admissions are valid',
      held: valid === living && living > 0 && notes.byKey.of(newKey) > 0,
      figure: `${valid} of ${living} old ones, ${notes.byKey.of(newKey)} by the new key`,
    },
    {
      what: 'a withdrawn key opens nothing once all APIs have read so',
      held: lastMs < UNDER_WAY_MS && (ms <= WITHDRAWN_MS || !run.isTimed || wasLate(run)),
      figure: `after ${(ms / 1000).toFixed(1)} s`,
    },
  ];
}

/** Compares the facts that the crowd and the site saw with the promises. */
export const judge = (run: Run): Check[] => [
  ...entryChecks(run),
  ...rateChecks(run),
  ...visitorChecks(run),
  ...keyChecks(run),
  ...orderChecks(run, run.gone),
];
