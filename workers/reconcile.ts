import { type House, labelOf, type Seat, seatOf, type Zone } from '../shared/domain/house.ts';
import { shardOfEvent } from '../shared/domain/ticket-id.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { BookingStore, OwnedSeat } from '../shared/stores/postgres/bookings.ts';
import type { EventStore } from '../shared/stores/postgres/events.ts';
import type { TakenSeat } from '../shared/stores/redis/seat-bitmaps.ts';
import type { SeatDifferences } from '../shared/stores/redis/seat-differences.ts';
import type { TicketStore } from '../shared/stores/redis/tickets.ts';
import type { SeatStore } from '../shared/stores/seats.ts';
import { metrics } from '../shared/telemetry/metrics.ts';

/** Seats that one run compares: a fraction of a second of work. The next run continues after them. */
const SEATS_AT_ONCE = 20_000;

/** Milliseconds for which a difference must exist before it is corrected: work under way has ended by then. */
const MIN_AGE_MS = 15_000;

type ReconcileDeps = {
  seats: SeatStore;
  bookings: BookingStore;
  tickets: TicketStore;
  events: EventStore;
  seatDifferences: SeatDifferences;
  shards: number;
  log: Logger;
};

type RunOptions = { seatsAtOnce?: number; minAgeMs?: number };

/** Rows of a zone, from one to another, both included. */
type Rows = { eventId: number; zone: Zone; from: number; to: number };

/** A seat on which Redis and PostgreSQL differ. Redis gets the owner in PostgreSQL; without one the seat is freed. */
type Difference = { label: string; inRedis: TakenSeat | undefined; inPostgres: OwnedSeat | undefined };

/** A seat that only Redis has, with its owner there, whose ticket is not under way. */
type Orphan = { label: string; owner: string; userId: number | undefined };

/**
 * Compares Redis with PostgreSQL slice by slice and corrects differences that stay (I4): it sets seats that Redis lost,
 * frees seats that nobody owns, and recounts. It never touches a claim under way, whose ticket has no outcome yet, and
 * frees a seat only for the owner that it read. Where something changes in that very moment, its mistake is a
 * difference that a later run corrects.
 *
 * @returns the function that runs it once, which returns the number of corrected seats
 */
export function createReconcile(deps: ReconcileDeps) {
  return ({ seatsAtOnce = SEATS_AT_ONCE, minAgeMs = MIN_AGE_MS }: RunOptions = {}): Promise<number> =>
    reconcile(deps, seatsAtOnce, minAgeMs);
}

/** One run: the next slice of the rows of all events. */
async function reconcile(deps: ReconcileDeps, seatsAtOnce: number, minAgeMs: number): Promise<number> {
  const { events, seats, seatDifferences } = deps;
  const ids = await events.ids();
  const [lastEvent = 0, lastRow = 0] = ((await seatDifferences.place()) ?? '0:0').split(':').map(Number);
  let eventId = ids.includes(lastEvent) ? lastEvent : ids[0];
  let nextRow = eventId === lastEvent ? lastRow : 0; // of all rows of the house, from 0
  let compared = 0;
  let corrected = 0;
  for (let visited = 0; eventId !== undefined && visited <= ids.length && compared < seatsAtOnce; visited += 1) {
    const house = await events.layout(eventId);
    const isOpen = house !== undefined && (await seats.version(eventId)) > 0;
    for (const zone of isOpen ? house.zones : []) {
      if (nextRow >= zone.firstRow + zone.rows || compared >= seatsAtOnce) continue;
      const from = Math.max(1, nextRow - zone.firstRow + 1);
      const rowsLeft = Math.max(1, Math.floor((seatsAtOnce - compared) / zone.seatsPerRow));
      const to = Math.min(zone.rows, from - 1 + rowsLeft);
      corrected += await reconcileRows(deps, { eventId, zone, from, to }, minAgeMs);
      compared += (to - from + 1) * zone.seatsPerRow;
      nextRow = zone.firstRow + to;
    }
    if (isOpen && nextRow < (house as House).totalRows) break;
    eventId = ids[(ids.indexOf(eventId) + 1) % ids.length];
    nextRow = 0;
  }
  await seatDifferences.keepPlace(`${eventId ?? 0}:${nextRow}`);
  return corrected;
}

/** Corrects the differences that are old enough and records the others. @returns the number of corrected seats */
async function reconcileRows(deps: ReconcileDeps, rows: Rows, minAgeMs: number): Promise<number> {
  const { seatDifferences, seats, log } = deps;
  const { eventId, zone, from, to } = rows;
  const differences = await findDifferences(deps, rows);
  const orphans = await findOrphans(deps, eventId, differences);
  const doubtful = differences.filter(({ label, inPostgres }) => inPostgres !== undefined || orphans.has(label));

  const isHere = (seat: Seat) => seat.zone === zone.number && seat.row >= from && seat.row <= to;
  const recordedLabels = (await seatDifferences.labels(eventId)).filter((label) => isHere(seatOf(label)));
  const recorded = new Map<string, string | null>();
  for (const [i, record] of (await seatDifferences.read(eventId, recordedLabels)).entries())
    recorded.set(recordedLabels[i] ?? '', record);
  const { due, records } = splitByAge(doubtful, recorded, { nowMs: await seatDifferences.clockMs(), minAgeMs });

  const { mended, freed } = await correct(seats, eventId, due, orphans);
  const obsolete = recordedLabels.filter((label) => records[label] === undefined);
  await seatDifferences.write(eventId, records, obsolete);
  const recounted = await seats.recount(eventId, zone);
  if (due.length + recounted > 0) {
    log.warn({ eventId, zone: zone.number, mended, freed, recounted }, 'reconciled');
    metrics.seatsReconciled.inc({ how: 'mended' }, mended);
    metrics.seatsReconciled.inc({ how: 'freed' }, freed);
    metrics.seatsReconciled.inc({ how: 'recounted' }, recounted);
  }
  return due.length;
}

/** The differences in some rows. Redis is read first: a claim that is saved in between shows in PostgreSQL as well. */
async function findDifferences(deps: ReconcileDeps, { eventId, zone, from, to }: Rows): Promise<Difference[]> {
  const rows = Array.from({ length: to - from + 1 }, (_, i) => ({ zone, row: from + i }));
  const taken = await deps.seats.takenIn(eventId, rows);
  const owned = await deps.bookings.ownersInRows(eventId, zone.number, from, to);
  const inRedis = new Map(taken.map((seat) => [labelOf(seat.seat), seat]));
  const inPostgres = new Map(owned.map((seat) => [labelOf(seat), seat]));
  return [...new Set([...inRedis.keys(), ...inPostgres.keys()])]
    .map((label) => ({ label, inRedis: inRedis.get(label), inPostgres: inPostgres.get(label) }))
    .filter(
      (seat) => seat.inRedis?.owner !== seat.inPostgres?.bookingId || seat.inRedis?.status !== seat.inPostgres?.status,
    );
}

/** The orphans among some differences, by label. */
async function findOrphans(
  { tickets, shards }: ReconcileDeps,
  eventId: number,
  differences: readonly Difference[],
): Promise<Map<string, Orphan>> {
  const onlyInRedis = differences.filter(({ inPostgres }) => inPostgres === undefined);
  const owners = [...new Set(onlyInRedis.flatMap(({ inRedis }) => inRedis?.owner ?? []))];
  const read = owners.length === 0 ? [] : (await tickets.watch(shardOfEvent(eventId, shards), '', owners)).tickets;
  const ticketOf = new Map(owners.map((owner, i) => [owner, read[i]]));
  const orphans = new Map<string, Orphan>();
  for (const { label, inRedis } of onlyInRedis) {
    const owner = inRedis?.owner ?? ''; // a bit may be set without an owner
    const ticket = ticketOf.get(owner);
    const isUnderWay = ticket !== undefined && ticket.outcome === undefined;
    if (!isUnderWay) orphans.set(label, { label, owner, userId: ticket?.userId });
  }
  return orphans;
}

/**
 * Splits differences into those that have been the same for `minAgeMs`, and the records of the others. A record is the
 * time at which a difference was first seen, and both sides of it.
 */
export function splitByAge(
  differences: readonly Difference[],
  recorded: ReadonlyMap<string, string | null>,
  { nowMs, minAgeMs }: { nowMs: number; minAgeMs: number },
): { due: Difference[]; records: Record<string, string> } {
  const due: Difference[] = [];
  const records: Record<string, string> = {};
  for (const difference of differences) {
    const { label, inRedis, inPostgres } = difference;
    const sides = [inRedis?.owner, inRedis?.status, inPostgres?.bookingId, inPostgres?.status].join(' ');
    const [recordedSince, ...recordedSides] = (recorded.get(label) ?? '').split('|');
    const sinceMs = recordedSides.join('|') === sides ? Number(recordedSince) : nowMs;
    if (nowMs - sinceMs >= minAgeMs) due.push(difference);
    else records[label] = `${sinceMs}|${sides}`;
  }
  return { due, records };
}

/** Sets the seats that PostgreSQL has in Redis, and frees the orphans. @returns how many of both */
async function correct(
  seats: SeatStore,
  eventId: number,
  due: readonly Difference[],
  orphans: ReadonlyMap<string, Orphan>,
): Promise<{ mended: number; freed: number }> {
  const owned = due.flatMap(({ inPostgres }) => inPostgres ?? []);
  const freed = due.flatMap(({ label, inPostgres }) => (inPostgres === undefined ? (orphans.get(label) ?? []) : []));
  if (owned.length > 0) await seats.mend(eventId, owned);
  if (freed.length > 0) {
    const holdings = freed.map(({ label, owner, userId }) => ({ ticketId: owner, userId, seats: [label] }));
    await seats.release(eventId, holdings);
  }
  return { mended: owned.length, freed: freed.length };
}
