import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DOUBT_OWNER, labelOf, type Seat } from '../../../shared/domain/house.ts';
import type { QueryResultRow } from '../../../shared/platform/postgres.ts';
import { steadyAudit } from '../../../shared/stores/audit.ts';
import { query } from '../../kit/standby.ts';
import { differencesOf, openStores, type Stores } from '../../kit/stores.ts';
import { changedOutcomes, compareBookings } from './answers.ts';
import { keysOfEnded, savedAfterEnd } from './event-ends.ts';
import { type FeedReader, judgeFeed } from './feed.ts';
import type { Accepted, Ledger } from './ledger.ts';
import { judgeMoney } from './money.ts';
import { settleDoubts } from './postgres-standby.ts';
import type { ChaosRig } from './rig.ts';
import type { Fault } from './scene.ts';

/** Milliseconds in which reconciling mends the differences of a fault: it waits 15 s before it mends one. */
const MEND_TIMEOUT_MS = 90_000;

/** Milliseconds by which PostgreSQL's clock and ours may differ: both are this machine's, ours counts whole ones. */
const CLOCK_SLACK_MS = 5;

/** The promises after one run, each contradiction in words. */
export type Verdict = {
  accepted: number;
  outcomes: number;
  /** Tickets without an outcome that the API no longer knew. */
  unknown: number;
  /** Tickets whose outcome Redis had lost: their jobs ran again, and ended otherwise. */
  decidedAgain: number;
  /** Seats that PostgreSQL refused or reconciling mended: Redis was wrong, and no client had them. */
  mended: number;
  /** Bookings and payments' answers that clients were told and that PostgreSQL lost with its last commits. */
  toldAndGone: number;
  /** Seats that were blocked as in doubt, and bookings that an operator restored. */
  inDoubt: number;
  restored: number;
  soldTwice: string[];
  lost: string[];
  wrongAnswers: string[];
  leaked: string[];
  /** Payments that a provider told, and those of them that are paid. */
  payments: number;
  paid: number;
  /** Payments that are not seats or due money: both, neither, or answered otherwise before. */
  money: string[];
  /** Changes that a reader of the feed has, how often it was killed, and where it differs from PostgreSQL. */
  changes: number;
  kills: number;
  feed: string[];
};

/** Records every change of a seat, in the transaction that makes it. */
const RECORD_CHANGES = `
  CREATE TABLE seat_change (
    number bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(),
    label text NOT NULL, booking_id uuid NOT NULL, taken boolean NOT NULL
  );
  CREATE FUNCTION note_seat_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP <> 'INSERT' AND (TG_OP = 'DELETE' OR OLD.booking_id <> NEW.booking_id) THEN
      INSERT INTO seat_change (label, booking_id, taken)
      VALUES (concat(OLD.event_id, ':', concat_ws('-', OLD.zone, OLD.row, OLD.number)), OLD.booking_id, false);
    END IF;
    IF TG_OP <> 'DELETE' AND (TG_OP = 'INSERT' OR OLD.booking_id <> NEW.booking_id) THEN
      INSERT INTO seat_change (label, booking_id, taken)
      VALUES (concat(NEW.event_id, ':', concat_ws('-', NEW.zone, NEW.row, NEW.number)), NEW.booking_id, true);
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER note_seat_change AFTER INSERT OR UPDATE OR DELETE ON seat
    FOR EACH ROW EXECUTE FUNCTION note_seat_change();`;

/** Runs a statement on the rig's PostgreSQL, past the proxy. */
export const sql = <Row extends QueryResultRow>({ postgres }: ChaosRig, text: string): Promise<Row[]> =>
  query<Row>(postgres.url, text);

/** Makes a rig's PostgreSQL record every change of a seat, and its holds last so many seconds. */
export async function prepareVerdict(rig: ChaosRig, holdSeconds: number): Promise<void> {
  const holds = `UPDATE event SET hold_seconds = ${holdSeconds}, max_hold_seconds = ${holdSeconds * 3}`;
  await sql(rig, `${RECORD_CHANGES} ${holds}`);
}

type Interval = { bookingId: string; from: number; until: number };

/** The owners of each seat in PostgreSQL, by label, in order. */
async function readIntervals(rig: ChaosRig): Promise<Map<string, Interval[]>> {
  type Change = { label: string; bookingId: string; taken: boolean; at: Date };
  const changes = await sql<Change>(
    rig,
    'SELECT label, booking_id AS "bookingId", taken, at FROM seat_change ORDER BY number',
  );
  const intervals = new Map<string, Interval[]>();
  for (const { label, bookingId, taken, at } of changes) {
    const ofSeat = intervals.get(label) ?? [];
    intervals.set(label, ofSeat);
    if (taken) {
      ofSeat.push({ bookingId, from: at.getTime(), until: Number.POSITIVE_INFINITY });
      continue;
    }
    const open = ofSeat.findLast((interval) => interval.bookingId === bookingId);
    if (open !== undefined) open.until = at.getTime();
  }
  return intervals;
}

/** The owners of each seat by its buyers' answers. */
function possessionsOf({ possessions }: Ledger): Map<string, Interval[]> {
  const intervals = new Map<string, Interval[]>();
  for (const { bookingId, seats, from, until } of possessions) {
    if (until <= from) continue; // the answer came after the hold had expired
    for (const label of seats) {
      const ofSeat = intervals.get(label) ?? [];
      ofSeat.push({ bookingId, from, until });
      intervals.set(label, ofSeat);
    }
  }
  return intervals;
}

const isSold = ({ until }: { until: number }) => until === Number.POSITIVE_INFINITY;

/** The intervals of seats that their buyers have for ever, from now on. */
const soldNow = (answered: ReadonlyMap<string, readonly Interval[]>) =>
  new Map([...answered].map(([label, ofSeat]) => [label, ofSeat.filter(isSold).map(fromNow)]));

const fromNow = (interval: Interval): Interval => ({ ...interval, from: Date.now() });

/** Seats whose intervals of ownership overlap: sold twice. */
function overlaps(intervals: ReadonlyMap<string, readonly Interval[]>, source: string): string[] {
  return [...intervals].flatMap(([label, ofSeat]) => {
    const sorted = ofSeat.toSorted((a, b) => a.from - b.from);
    return sorted.flatMap((interval, i) => {
      const next = sorted[i + 1];
      if (next === undefined || interval.until <= next.from) return [];
      return [`${label}: ${interval.bookingId} and ${next.bookingId}, according to ${source}`];
    });
  });
}

const covers = (saved: Interval, answered: Interval): boolean =>
  saved.bookingId === answered.bookingId &&
  saved.from <= answered.from + CLOCK_SLACK_MS &&
  saved.until >= answered.until - CLOCK_SLACK_MS;

/** Seats that buyers had by their answers, and not in PostgreSQL. */
const unsavedPossessions = (answered: ReadonlyMap<string, Interval[]>, saved: ReadonlyMap<string, Interval[]>) =>
  [...answered].flatMap(([label, intervals]) =>
    intervals
      .filter((interval) => !saved.get(label)?.some((other) => covers(other, interval)))
      .map(({ from, until }) => `${label}: its buyer had it from ${from} to ${until}, PostgreSQL did not`),
  );

/** Seats that the workers' logs report as mended. */
function mendedIn({ folder }: ChaosRig): number {
  type Line = { msg: string; seats?: string[]; mended?: number; freed?: number };
  const lines = ['worker-1.log', 'worker-2.log'].flatMap((name) =>
    readFileSync(join(folder, name), 'utf8').split('\n'),
  );
  const reports = lines
    .filter((line) => /"msg":"(reconciled|claim lost)/.test(line))
    .map((line) => JSON.parse(line) as Line);
  return reports.reduce((sum, { seats, mended = 0, freed = 0 }) => sum + (seats?.length ?? mended + freed), 0);
}

/** Waits until every hold has ended and Redis and PostgreSQL agree. Returns the defects that remain. */
async function untilSettled(rig: ChaosRig, stores: Stores): Promise<string[]> {
  const deadline = performance.now() + MEND_TIMEOUT_MS;
  for (;;) {
    const overdue = await sql<{ id: string }>(
      rig,
      `SELECT id FROM booking WHERE status = 'PENDING' UNION SELECT booking_id FROM seat_release`,
    );
    const differences: string[] = [];
    for (const eventId of await stores.events.ids())
      differences.push(...differencesOf(await steadyAudit(eventId, stores)));
    const defects = [...overdue.map(({ id }) => `hold ${id} is overdue`), ...differences];
    if (defects.length === 0 || performance.now() > deadline) return defects;
    await sleep(500);
  }
}

/** Seats in doubt: nobody may have them. */
async function leftInDoubt(rig: ChaosRig): Promise<string[]> {
  const owner = `SELECT zone, row, number FROM seat WHERE booking_id = '${DOUBT_OWNER}'`;
  return (await sql<Seat>(rig, owner)).map((seat) => `in doubt: ${labelOf(seat)}`);
}

/** The bookings that clients were told and PostgreSQL does not have. */
async function countGone(rig: ChaosRig, entries: readonly Accepted[]): Promise<number> {
  const told = entries.flatMap(({ outcome }) => (outcome?.kind === 'book' && outcome.booking?.id) || []);
  const saved = new Set((await sql<{ id: string }>(rig, 'SELECT id FROM booking')).map(({ id }) => id));
  return told.filter((id) => !saved.has(id)).length;
}

/**
 * An operator settles seats in doubt, once holds have ended and reconciling has found all of them. Where a server came
 * back without its last writes, a seat may have no reason to be free that Redis knows.
 */
async function operate(rig: ChaosRig, stores: Stores) {
  await untilSettled(rig, stores);
  return settleDoubts(stores);
}

/**
 * Compares the answers to clients with PostgreSQL, its changes, and Redis, once everything has settled. Where
 * PostgreSQL lost commits, its changes are known from then on only: sold seats must be their buyers' again at the end.
 */
export async function judge(rig: ChaosRig, ledger: Ledger, reader: FeedReader, fault: Fault): Promise<Verdict> {
  const mayForget = fault.mayForget === true;
  const losesCommits = fault.standby === 'asynchronous';
  const entries = [...ledger.accepted.values()];
  const addresses = { databaseUrl: rig.postgresProxy.url, redisUrl: rig.redisUrl, shards: rig.shards };
  const stores = await openStores(addresses, 'producer', 'chaos');
  try {
    const toldAndGone = await countGone(rig, entries);
    const isOperated = losesCommits || mayForget || fault.waitsForReplica === true;
    const { inDoubt, restored } = isOperated ? await operate(rig, stores) : { inDoubt: 0, restored: 0 };
    const sold = new Set(ledger.possessions.filter(isSold).map(({ bookingId }) => bookingId));
    const isKept = (id: string) => !losesCommits || sold.has(id);
    const { lost, changed, wrongAnswers } = await compareBookings(rig, entries, {
      mayForget,
      isKept,
      isExact: !losesCommits,
    });
    changed.push(...(await changedOutcomes(entries, stores)));
    const saved = await readIntervals(rig);
    const answered = possessionsOf(ledger);
    const unsaved = unsavedPossessions(losesCommits ? soldNow(answered) : answered, saved);
    await sql(rig, `UPDATE booking SET expires_at = now() WHERE status = 'PENDING'`);
    const leaked = await untilSettled(rig, stores);
    const late = await savedAfterEnd(rig);
    const { money, gone } = await judgeMoney(rig, ledger, { losesCommits });
    const withoutOutcome = entries.filter((entry) => entry.outcome === undefined);
    return {
      accepted: entries.length,
      outcomes: entries.length - withoutOutcome.length,
      unknown: withoutOutcome.filter(({ isUnknown }) => isUnknown).length,
      decidedAgain: mayForget ? changed.length : 0,
      mended: mendedIn(rig),
      toldAndGone: toldAndGone + gone,
      inDoubt,
      restored,
      soldTwice: [...overlaps(saved, 'PostgreSQL'), ...overlaps(answered, 'its buyers')],
      lost,
      wrongAnswers: [
        ...ledger.unexpected,
        ...(losesCommits ? [] : ledger.unknownBookings),
        ...wrongAnswers,
        ...(mayForget ? [] : changed),
        ...unsaved,
        ...late,
      ],
      leaked: [...leaked, ...(await leftInDoubt(rig)), ...(await keysOfEnded(rig))],
      payments: ledger.payments.length,
      paid: ledger.payments.filter(({ answers }) => answers.some(({ isPaid }) => isPaid)).length,
      money,
      ...(await judgeFeed(stores, reader, { mayExpire: fault.standby !== undefined })),
    };
  } finally {
    await stores.close();
  }
}
