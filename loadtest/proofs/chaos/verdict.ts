import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import type { Outcome } from '../../../shared/contract/tickets.ts';
import { createLogger } from '../../../shared/platform/logger.ts';
import { connectPostgres, type QueryResultRow } from '../../../shared/platform/postgres.ts';
import { steadyAudit } from '../../../shared/stores/audit.ts';
import type { TicketStore } from '../../../shared/stores/redis/tickets.ts';
import { openStores } from '../../kit/stores.ts';
import type { Accepted, Ledger } from './ledger.ts';
import type { Rig } from './rig.ts';

/** Milliseconds that reconciling has for what a fault has left: a difference stands for 15 s before it is put right. */
const MEND_TIMEOUT_MS = 90_000;

/** Milliseconds by which PostgreSQL's clock and ours may be apart: both are this machine's, ours counts whole ones. */
const CLOCK_SLACK_MS = 5;

/** Tickets that one call looks at. */
const LOOKS_AT_ONCE = 500;

/** What the promises say of one run, each broken one in words. */
export type Verdict = {
  accepted: number;
  outcomes: number;
  /** Tickets without an outcome that the API no longer knew. */
  gone: number;
  /** Tickets whose outcome Redis had forgotten: their jobs came again, and ended otherwise. */
  decidedAgain: number;
  /** Seats that PostgreSQL refused or reconciling mended: Redis had been wrong, and nobody was told. */
  putRight: number;
  soldTwice: string[];
  lost: string[];
  notAsTold: string[];
  leaked: string[];
};

/** Notes every change of a seat, in the transaction that makes it. */
const NOTE_CHANGES = `
  CREATE TABLE seat_change (
    number bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(),
    label text NOT NULL, booking_id uuid NOT NULL, taken boolean NOT NULL
  );
  CREATE FUNCTION note_seat_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP <> 'INSERT' AND (TG_OP = 'DELETE' OR OLD.booking_id <> NEW.booking_id) THEN
      INSERT INTO seat_change (label, booking_id, taken)
      VALUES (concat_ws('-', OLD.zone, OLD.row, OLD.number), OLD.booking_id, false);
    END IF;
    IF TG_OP <> 'DELETE' AND (TG_OP = 'INSERT' OR OLD.booking_id <> NEW.booking_id) THEN
      INSERT INTO seat_change (label, booking_id, taken)
      VALUES (concat_ws('-', NEW.zone, NEW.row, NEW.number), NEW.booking_id, true);
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER note_seat_change AFTER INSERT OR UPDATE OR DELETE ON seat FOR EACH ROW EXECUTE FUNCTION note_seat_change();`;

/** Runs a statement on the rig's PostgreSQL, past the proxy. */
export async function sql<Row extends QueryResultRow>(rig: Rig, text: string): Promise<Row[]> {
  const client = await connectPostgres({ connectionString: rig.postgres.url, connectionTimeoutMillis: 5_000 });
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end().catch(() => undefined); // it has gone with its server
  }
}

/** Makes a rig's PostgreSQL note every change of a seat, and its holds last so many seconds. */
export async function prepareVerdict(rig: Rig, holdSeconds: number): Promise<void> {
  await sql(
    rig,
    `${NOTE_CHANGES} UPDATE event SET hold_seconds = ${holdSeconds}, max_hold_seconds = ${holdSeconds * 3}`,
  );
}

type Interval = { bookingId: string; from: number; until: number };

/** Who had each seat in PostgreSQL from when until when, by label, in order. */
async function readIntervals(rig: Rig): Promise<Map<string, Interval[]>> {
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

/** Seats whose intervals of ownership overlap: sold twice. */
function overlaps(intervals: ReadonlyMap<string, readonly Interval[]>, whose: string): string[] {
  return [...intervals].flatMap(([label, ofSeat]) => {
    const sorted = ofSeat.toSorted((a, b) => a.from - b.from);
    return sorted.flatMap((interval, i) => {
      const next = sorted[i + 1];
      if (next === undefined || interval.until <= next.from) return [];
      return [`${label}: ${interval.bookingId} and ${next.bookingId}, as ${whose} has it`];
    });
  });
}

/** Holds what clients were told against PostgreSQL, its changes, and Redis, once everything has come to rest. */
export async function judge(rig: Rig, ledger: Ledger, mayForget: boolean): Promise<Verdict> {
  const entries = [...ledger.accepted.values()];
  const lost: string[] = [];
  const changed: string[] = [];
  const notAsTold = [...ledger.strange];
  const log = createLogger({ LOG_LEVEL: 'warn' }, 'chaos');
  const servers = { databaseUrl: rig.postgresProxy.url, redisUrl: rig.redisProxy.url };
  const stores = await openStores(servers, 'producer', log);
  try {
    type Row = { id: string; status: string; seats: string[] };
    const rows = await sql<Row>(rig, 'SELECT id, status, seats FROM booking');
    const saved = new Map(rows.map((row) => [row.id, row]));
    for (const { ticketId, outcome, gone } of entries) {
      if (outcome === undefined) {
        if (!gone) lost.push(`${ticketId}: no outcome`);
        else if (!mayForget) lost.push(`${ticketId}: nobody knows it`);
        continue;
      }
      const row = saved.get(ticketId);
      if (outcome.booking === undefined) {
        const live = row !== undefined && row.status !== 'FAILED';
        if (live && outcome.kind === 'book') changed.push(`${ticketId}: told ${outcome.code}, is ${row.status}`);
        continue;
      }
      const { id, seats } = outcome.booking;
      const now = saved.get(id);
      if (now === undefined) lost.push(`${ticketId}: told ${outcome.status} ${id}, which is not there`);
      else if (now.seats.join() !== seats.join()) notAsTold.push(`${id}: told ${seats}, is ${now.seats}`);
    }

    changed.push(...(await changedOutcomes(entries, stores.tickets)));
    if (!mayForget) notAsTold.push(...changed);

    const intervals = await readIntervals(rig);
    const toldOf = new Map<string, Interval[]>();
    for (const { bookingId, seats, from, until } of ledger.possessions) {
      if (until <= from) continue; // told after it had run out
      for (const label of seats) {
        const told = { bookingId, from, until };
        toldOf.set(label, [...(toldOf.get(label) ?? []), told]);
        const really = intervals.get(label)?.some((had) => had.bookingId === bookingId && covers(had, told));
        if (!really) notAsTold.push(`${label}: its buyer had it from ${from} to ${until}, PostgreSQL says otherwise`);
      }
    }
    await sql(rig, `UPDATE booking SET expires_at = now() WHERE status = 'PENDING'`);
    const leaked = await settle(rig, async () => {
      const { differences } = await steadyAudit(DEFAULT_EVENT, stores);
      return differences.map(({ what, where }) => `${what}: ${where}`);
    });
    return {
      accepted: entries.length,
      outcomes: entries.filter((entry) => entry.outcome !== undefined).length,
      gone: entries.filter((entry) => entry.outcome === undefined && entry.gone).length,
      decidedAgain: mayForget ? changed.length : 0,
      putRight: putRightIn(rig),
      soldTwice: [...overlaps(intervals, 'PostgreSQL'), ...overlaps(toldOf, 'its buyers')],
      lost,
      notAsTold,
      leaked,
    };
  } finally {
    await stores.close();
  }
}

/** Tickets whose record says something else now than their clients were told. */
async function changedOutcomes(entries: readonly Accepted[], tickets: TicketStore): Promise<string[]> {
  const changed: string[] = [];
  const told = entries.filter((entry) => entry.outcome !== undefined);
  for (let from = 0; from < told.length; from += LOOKS_AT_ONCE) {
    const some = told.slice(from, from + LOOKS_AT_ONCE);
    const ids = some.map(({ ticketId }) => ticketId);
    const { tickets: looks } = await tickets.watch(0, '', ids);
    for (const [i, { ticketId, outcome }] of some.entries()) {
      const now = looks[i]?.outcome;
      if (now === undefined) continue;
      const { status } = JSON.parse(now) as Outcome;
      if (status !== outcome?.status) changed.push(`${ticketId}: told ${outcome?.status}, its ticket says ${status}`);
    }
  }
  return changed;
}

const covers = (had: Interval, told: Interval): boolean =>
  had.from <= told.from + CLOCK_SLACK_MS && had.until >= told.until - CLOCK_SLACK_MS;

/** What the workers' logs tell of seats that were put right. */
function putRightIn(rig: Rig): number {
  type Line = { msg: string; seats?: string[]; mended?: number; freed?: number };
  const lines = ['worker-1.log', 'worker-2.log'].flatMap((name) =>
    readFileSync(join(rig.folder, name), 'utf8').split('\n'),
  );
  const told = lines
    .filter((line) => /"msg":"(reconciled|claim lost)/.test(line))
    .map((line) => JSON.parse(line) as Line);
  return told.reduce((sum, { seats, mended = 0, freed = 0 }) => sum + (seats?.length ?? mended + freed), 0);
}

/** Waits until every hold has ended and Redis and PostgreSQL agree. Answers what is left after a while. */
async function settle(rig: Rig, audit: () => Promise<string[]>): Promise<string[]> {
  const deadline = performance.now() + MEND_TIMEOUT_MS;
  for (;;) {
    const overdue = await sql<{ id: string }>(
      rig,
      `SELECT id FROM booking
       WHERE status = 'PENDING' OR (status IN ('CANCELLED', 'EXPIRED', 'RETURNED') AND released_at IS NULL)`,
    );
    const left = [...overdue.map(({ id }) => `hold ${id} is overdue`), ...(await audit())];
    if (left.length === 0 || performance.now() > deadline) return left;
    await sleep(500);
  }
}
