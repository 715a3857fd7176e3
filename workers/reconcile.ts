import { houseState, isComparisonDue } from '../shared/domain/compared-house.ts';
import { DOUBT_OWNER, labelOf, type Seat, seatOf, type Zone } from '../shared/domain/house.ts';
import { shardOfEvent } from '../shared/domain/ticket-id.ts';
import { throwUnlessUnavailable } from '../shared/platform/faults.ts';
import type { OwnedSeat } from '../shared/stores/postgres/bookings.ts';
import type { EventStore } from '../shared/stores/postgres/events.ts';
import { isHeldByAnother, type TakenSeat } from '../shared/stores/redis/seat-bitmaps.ts';
import type { SeatDifferences } from '../shared/stores/redis/seat-differences.ts';
import { metrics } from '../shared/telemetry/metrics.ts';
import { type OrphanDeps, seatsUnderWay, settleOrphans } from './orphans.ts';

/** Seats that one run compares: a fraction of a second of work. The next run continues after them. */
const SEATS_AT_ONCE = 20_000;

/** Houses that one run visits at the most: one that needs no comparison costs two reads of Redis, all sent at once. */
const HOUSES_AT_ONCE = 500;

/**
 * Milliseconds for which a house is left alone that was equal and has not changed since. A difference that nobody
 * announced is found after them, and corrected within five minutes.
 */
const EQUAL_PAUSE_MS = 240_000;

/** Milliseconds for which a difference must exist before it is corrected: work under way has ended by then. */
const MIN_AGE_MS = 15_000;

type ReconcileDeps = OrphanDeps & { events: EventStore };

type RunOptions = { seatsAtOnce: number; minAgeMs: number; equalPauseMs: number };

/** The servers that a run compares, and the states of houses. */
type Run = {
  serverOf: Awaited<ReturnType<SeatDifferences['servers']>>;
  /** When PostgreSQL was started. */
  postgresStart: string;
  stateOf: (eventId: number) => Promise<HouseVersions>;
};

/** The version of a house in Redis, 0 where it is not open, and the state in which it was equal. */
type HouseVersions = { version: number; equal: string | null };

/**
 * An event and the row of its house, of all rows from 0, at which comparing continues. `began` is the state of the
 * house when its comparison began, empty once a difference was found.
 */
type Place = { eventId: number; row: number; began: string };

/** Rows of a zone, from one to another, both included. */
type Rows = { eventId: number; zone: Zone; from: number; to: number };

/** Compared and corrected seats of a house, and the place at which a run stopped; undefined at the end of the house. */
type Compared = { seats: number; corrected: number; stoppedAt?: Place };

/** A seat on which Redis and PostgreSQL differ. */
type Difference = { label: string; inRedis: TakenSeat | undefined; inPostgres: OwnedSeat | undefined };

/** A difference that has stood for long enough, and its record. */
type DueDifference = Difference & { record: string };

/**
 * Compares Redis with PostgreSQL slice by slice and corrects differences that stay (I4): it sets seats that Redis lost,
 * frees or blocks seats that nobody owns, and recounts. It never touches a claim under way, whose ticket has no outcome
 * yet. Where something changes in that very moment, its mistake is a difference that a later run corrects. A house that
 * was equal and has not changed since is left alone for a while.
 *
 * A shard that fails holds up no other.
 *
 * @returns the function that runs it once, which returns the number of corrected seats
 * @throws from a run the first fault, after everything else is done
 */
export function createReconcile(deps: ReconcileDeps) {
  const bookmark = createBookmark(deps);
  return (options: Partial<RunOptions> = {}): Promise<number> =>
    reconcile(deps, bookmark, {
      seatsAtOnce: SEATS_AT_ONCE,
      minAgeMs: MIN_AGE_MS,
      equalPauseMs: EQUAL_PAUSE_MS,
      ...options,
    });
}

/** The place that all workers share, in Redis' shard 0. While that is dead, each of them goes on from its own. */
function createBookmark({ seatDifferences }: Pick<ReconcileDeps, 'seatDifferences'>) {
  let own: string | null = null;
  return {
    read: (): Promise<string | null> =>
      seatDifferences.place().catch((fault: unknown) => {
        throwUnlessUnavailable(fault);
        return own;
      }),

    async keep({ eventId, row, began }: Place): Promise<void> {
      own = `${eventId}:${row}:${began}`;
      await seatDifferences.keepPlace(own).catch(throwUnlessUnavailable);
    },
  };
}

type Bookmark = ReturnType<typeof createBookmark>;

/** One run: the next slice of the rows of all houses that have to be compared. */
async function reconcile(deps: ReconcileDeps, { read, keep }: Bookmark, options: RunOptions): Promise<number> {
  const { events, seatDifferences, bookings } = deps;
  const ids = await events.runningIds();
  const [firstId] = ids;
  if (firstId === undefined) return 0;
  const startAfter = ({ eventId }: Place) => startOf(ids[ids.indexOf(eventId) + 1] ?? firstId);

  const [lastId = 0, row = 0, began = ''] = ((await read()) ?? '').split(':');
  const isKnown = ids.includes(Number(lastId));
  let place: Place = isKnown ? { eventId: Number(lastId), row: Number(row), began } : startOf(firstId);
  const at = ids.indexOf(place.eventId);
  const visited = [...ids.slice(at), ...ids.slice(0, at)].slice(0, HOUSES_AT_ONCE);
  const run: Run = {
    serverOf: await seatDifferences.servers(),
    postgresStart: await bookings.serverStart(),
    stateOf: await readStates(deps, visited),
  };
  let seatsLeft = options.seatsAtOnce;
  let corrected = 0;
  const visits = Math.min(ids.length + 1, HOUSES_AT_ONCE); // the first one again: its earlier rows come last
  const faults = new Map<number, unknown>();
  for (let visit = 0; visit < visits && seatsLeft > 0; visit += 1) {
    const shard = shardOfEvent(place.eventId, deps.shards);
    let compared: Compared = { seats: 0, corrected: 0 };
    try {
      if (!faults.has(shard)) compared = await reconcileHouse(deps, run, place, { ...options, seatsAtOnce: seatsLeft });
    } catch (fault) {
      faults.set(shard, fault);
    }
    seatsLeft -= compared.seats;
    corrected += compared.corrected;
    place = compared.stoppedAt ?? startAfter(place);
  }
  await keep(place);
  for (const fault of faults.values()) throw fault;
  return corrected;
}

/**
 * Reads the states of many houses at once.
 *
 * @returns a function that returns each of them; a house that is visited again is read anew
 */
async function readStates({ seats, seatDifferences }: ReconcileDeps, eventIds: readonly number[]) {
  const read = async (eventId: number): Promise<HouseVersions> => {
    const [version, equal] = await Promise.all([seats.version(eventId), seatDifferences.equalState(eventId)]);
    return { version, equal };
  };
  const early = new Map(eventIds.map((eventId) => [eventId, read(eventId)]));
  await Promise.allSettled(early.values());
  return (eventId: number): Promise<HouseVersions> => {
    const state = early.get(eventId) ?? read(eventId);
    early.delete(eventId);
    return state;
  };
}

const startOf = (eventId: number): Place => ({ eventId, row: 0, began: '' });

/**
 * Compares the rows of a house from a place on, unless it was equal and has not changed since.
 *
 * @returns compared and corrected seats, and the place at which it stopped; undefined at the end of the house
 */
async function reconcileHouse(
  deps: ReconcileDeps,
  { serverOf, postgresStart, stateOf }: Run,
  { eventId, ...place }: Place,
  { seatsAtOnce, minAgeMs, equalPauseMs }: RunOptions,
): Promise<Compared> {
  const { events, seatDifferences } = deps;
  const done = { seats: 0, corrected: 0 };
  const { version, equal } = await stateOf(eventId);
  if (version === 0) return done; // it is not open
  const server = await serverOf(eventId);
  let { row, began } = place;
  if (row === 0) {
    began = houseState(server.nowMs, version, `${server.run} ${postgresStart}`);
    if (!isComparisonDue(equal, began, equalPauseMs)) return done;
  }
  const house = await events.layout(eventId);
  if (house === undefined) return done;
  for (const zone of house.zones) {
    if (row >= zone.firstRow + zone.rows) continue;
    if (done.seats >= seatsAtOnce) return { ...done, stoppedAt: { eventId, row, began } };
    const from = row - zone.firstRow + 1;
    const rowsLeft = Math.max(1, Math.floor((seatsAtOnce - done.seats) / zone.seatsPerRow));
    const to = Math.min(zone.rows, from - 1 + rowsLeft);
    const { differences, corrected } = await reconcileRows(deps, { eventId, zone, from, to }, minAgeMs);
    if (differences > 0) began = '';
    done.corrected += corrected;
    done.seats += (to - from + 1) * zone.seatsPerRow;
    row = zone.firstRow + to;
  }
  if (row < house.totalRows) return { ...done, stoppedAt: { eventId, row, began } };
  if (began !== '') await seatDifferences.keepEqualState(eventId, began);
  return done;
}

/**
 * Records differences and corrects those that are old enough. Counters are checked with a zone's last row.
 *
 * @returns the number of differences, those of claims under way too, and of corrected seats
 */
async function reconcileRows(
  deps: ReconcileDeps,
  rows: Rows,
  minAgeMs: number,
): Promise<{ differences: number; corrected: number }> {
  const { seatDifferences, seats, log } = deps;
  const { eventId, zone, from, to } = rows;
  const { differences, hasDoubts } = await findDifferences(deps, rows);
  const doubtful = await withoutClaims(deps, eventId, differences);

  const isHere = (seat: Seat) => seat.zone === zone.number && seat.row >= from && seat.row <= to;
  const recordedLabels = (await seatDifferences.labels(eventId)).filter((label) => isHere(seatOf(label)));
  const recorded = new Map<string, string | null>();
  for (const [i, record] of (await seatDifferences.read(eventId, recordedLabels)).entries())
    recorded.set(recordedLabels[i] ?? '', record);
  const { due, records } = splitByAge(doubtful, recorded, {
    nowMs: await seatDifferences.clockMs(eventId),
    minAgeMs,
  });
  // A record that stands is not written again: that would revive one which a release has deleted meanwhile.
  const added = Object.entries(records).filter(([label, record]) => recorded.get(label) !== record);
  const obsolete = recordedLabels.filter((label) => records[label] === undefined);
  await seatDifferences.write(eventId, Object.fromEntries(added), obsolete);

  const { mended, freed, doubted } = await correct(deps, eventId, due);
  const recounted = to === zone.rows ? await seats.recount(eventId, zone) : 0;
  await countDoubts(deps, eventId, hasDoubts || doubted > 0);
  if (mended + freed + doubted + recounted > 0) {
    log.warn({ eventId, zone: zone.number, mended, freed, doubted, recounted }, 'reconciled');
    metrics.seatsReconciled.inc({ how: 'mended' }, mended);
    metrics.seatsReconciled.inc({ how: 'freed' }, freed);
    metrics.seatsReconciled.inc({ how: 'doubted' }, doubted);
    metrics.seatsReconciled.inc({ how: 'recounted' }, recounted);
  }
  return { differences: differences.length + recounted, corrected: mended + freed + doubted };
}

/** Keeps the number of an event's seats in doubt in Redis, where every API reads it. */
async function countDoubts({ blocks, seatDifferences }: ReconcileDeps, eventId: number, hasAny: boolean) {
  if (!hasAny && (await seatDifferences.inDoubt(eventId)) === 0) return;
  await seatDifferences.keepInDoubt(eventId, (await blocks.inDoubt(eventId)).length);
}

/**
 * The differences in some rows, and whether seats in them are in doubt. Redis is read first: a claim that is saved in
 * between shows in PostgreSQL as well.
 */
async function findDifferences(
  deps: ReconcileDeps,
  { eventId, zone, from, to }: Rows,
): Promise<{ differences: Difference[]; hasDoubts: boolean }> {
  const rows = Array.from({ length: to - from + 1 }, (_, i) => ({ zone, row: from + i }));
  const taken = await deps.seats.takenIn(eventId, rows);
  const owned = await deps.bookings.ownersInRows(eventId, zone.number, from, to);
  const inRedis = new Map(taken.map((seat) => [labelOf(seat.seat), seat]));
  const inPostgres = new Map(owned.map((seat) => [labelOf(seat), seat]));
  const differences = [...new Set([...inRedis.keys(), ...inPostgres.keys()])]
    .map((label) => ({ label, inRedis: inRedis.get(label), inPostgres: inPostgres.get(label) }))
    .filter(differs);
  return { differences, hasDoubts: owned.some(({ owner }) => owner === DOUBT_OWNER) };
}

function differs({ inRedis, inPostgres }: Difference): boolean {
  if (inRedis === undefined || inPostgres === undefined) return true;
  return inRedis.status !== inPostgres.status || isHeldByAnother(inRedis, inPostgres.owner);
}

/** These differences without seats whose claims are under way. */
async function withoutClaims(
  deps: ReconcileDeps,
  eventId: number,
  differences: readonly Difference[],
): Promise<readonly Difference[]> {
  if (differences.every(({ inPostgres }) => inPostgres !== undefined)) return differences;
  const underWay = await seatsUnderWay(deps, eventId);
  return differences.filter(({ label, inPostgres }) => inPostgres !== undefined || !underWay.has(label));
}

/**
 * Splits off the differences that have been the same for `minAgeMs`. The record of a difference is the time at which it
 * was first seen, and both sides of it.
 */
export function splitByAge(
  differences: readonly Difference[],
  recorded: ReadonlyMap<string, string | null>,
  { nowMs, minAgeMs }: { nowMs: number; minAgeMs: number },
): { due: DueDifference[]; records: Record<string, string> } {
  const due: DueDifference[] = [];
  const records: Record<string, string> = {};
  for (const difference of differences) {
    const { label, inRedis, inPostgres } = difference;
    const sides = [inRedis?.holder, inRedis?.status, inPostgres?.owner, inPostgres?.status].join(' ');
    const [recordedSince, ...recordedSides] = (recorded.get(label) ?? '').split('|');
    const sinceMs = recordedSides.join('|') === sides ? Number(recordedSince) : nowMs;
    const record = `${sinceMs}|${sides}`;
    records[label] = record;
    if (nowMs - sinceMs >= minAgeMs) due.push({ ...difference, record });
  }
  return { due, records };
}

/**
 * Sets the seats that PostgreSQL has in Redis, and settles those that only Redis has. A seat that Redis has as sold and
 * PostgreSQL as held stays as it is: PostgreSQL confirms first, so it has lost the confirmation that a client was told.
 * So does one that Redis has as held for another client, who was told that. The end of PostgreSQL's hold does not free
 * such a seat, and then it is in doubt.
 */
async function correct(
  deps: ReconcileDeps,
  eventId: number,
  due: readonly DueDifference[],
): Promise<{ mended: number; freed: number; doubted: number }> {
  const heldByOthers = due.filter(isHeldTwice);
  const lostHolds = heldByOthers.length > 0 ? await deps.orphans.lostHolds(eventId, heldByOthers) : new Set();
  const mendable = due.filter((difference) => !hasLostConfirmation(difference) && !lostHolds.has(difference.label));
  const owned = mendable.flatMap(({ inPostgres }) => inPostgres ?? []);
  if (owned.length > 0) await deps.seats.mend(eventId, owned);
  const onlyInRedis = due.filter(({ inPostgres }) => inPostgres === undefined);
  return { mended: owned.length, ...(await settleOrphans(deps, eventId, onlyInRedis)) };
}

const isHeldTwice = ({ inRedis, inPostgres }: Difference) =>
  inPostgres?.status === 'HELD' && inRedis !== undefined && isHeldByAnother(inRedis, inPostgres.owner);

const hasLostConfirmation = ({ inRedis, inPostgres }: Difference) =>
  inRedis?.status === 'SOLD' && inPostgres?.status === 'HELD';
