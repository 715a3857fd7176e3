import { type House, labelOf, type Seat, seatOf, type Zone } from '../shared/domain/house.ts';
import { shardOfEvent } from '../shared/domain/ticket-id.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { BookingStore, OwnedSeat } from '../shared/stores/postgres/bookings.ts';
import type { EventStore } from '../shared/stores/postgres/events.ts';
import type { TakenSeat } from '../shared/stores/redis/seat-bitmaps.ts';
import type { SuspectStore } from '../shared/stores/redis/seat-differences.ts';
import type { SeatStore } from '../shared/stores/redis/seats.ts';
import type { TicketStore } from '../shared/stores/redis/tickets.ts';
import { metrics } from '../shared/telemetry/metrics.ts';

/** Seats that one run compares: a fraction of a second of work. The next run goes on where this one stopped. */
const SEATS_AT_ONCE = 20_000;

/** How long a difference must have stood before it is put right: what is under way is over by then. */
const MIN_AGE_MS = 15_000;

/** One seat on which Redis and PostgreSQL disagree. Where PostgreSQL has an owner, Redis is to learn it; else the seat is free. */
type Difference = { label: string; inRedis: TakenSeat | undefined; inPostgres: OwnedSeat | undefined };

/**
 * Holds Redis against PostgreSQL in both directions, slice by slice, and puts right what stays different (I4): it sets what
 * PostgreSQL has and Redis lost, frees what Redis has and nobody owns, and counts anew. A claim under way (its ticket has no outcome yet)
 * is never touched, and each seat is freed only for the owner that was seen. A mistake it makes (something changes in the very
 * moment) is a difference that a later run puts right.
 */
export function createReconcile(deps: {
  seats: SeatStore;
  bookings: BookingStore;
  tickets: TicketStore;
  events: EventStore;
  suspects: SuspectStore;
  shards: number;
  log: Logger;
}) {
  const { seats, bookings, tickets, events, suspects, shards, log } = deps;

  /** Redis is read first: a claim that is saved in between shows in PostgreSQL as well. */
  async function compare(eventId: number, zone: Zone, from: number, to: number): Promise<Difference[]> {
    const rows = Array.from({ length: to - from + 1 }, (_, i) => ({ zone, row: from + i }));
    const taken = await seats.takenIn(eventId, rows);
    const owned = await bookings.ownersInRows(eventId, zone.number, from, to);
    const inRedis = new Map(taken.map((seat) => [labelOf(seat.seat), seat]));
    const inPostgres = new Map(owned.map((seat) => [labelOf(seat), seat]));
    return [...new Set([...inRedis.keys(), ...inPostgres.keys()])]
      .map((label) => ({ label, inRedis: inRedis.get(label), inPostgres: inPostgres.get(label) }))
      .filter(
        ({ inRedis: one, inPostgres: other }) => one?.owner !== other?.bookingId || one?.status !== other?.status,
      );
  }

  /** Of seats that only Redis has, those whose ticket is not under way, with its user. */
  async function orphansOf(eventId: number, differences: readonly Difference[]) {
    const alone = differences.filter(({ inPostgres }) => inPostgres === undefined);
    const owners = [...new Set(alone.flatMap(({ inRedis }) => inRedis?.owner ?? []))];
    const looks = owners.length === 0 ? [] : (await tickets.watch(shardOfEvent(eventId, shards), '', owners)).tickets;
    const byOwner = new Map(owners.map((owner, i) => [owner, looks[i]]));
    return alone.flatMap(({ label, inRedis }) => {
      const ticket = byOwner.get(inRedis?.owner ?? '');
      const underWay = ticket !== undefined && ticket.outcome === undefined;
      return underWay ? [] : [{ label, owner: inRedis?.owner ?? '', userId: ticket?.userId }];
    });
  }

  /** Puts right what has been different for `minAgeMs`, remembers what has not been yet. Answers how many seats were changed. */
  async function reconcileRows(
    house: House,
    zone: Zone,
    { from, to, minAgeMs }: { from: number; to: number; minAgeMs: number },
  ): Promise<number> {
    const { eventId } = house;
    const differences = await compare(eventId, zone, from, to);
    const orphans = new Map((await orphansOf(eventId, differences)).map((orphan) => [orphan.label, orphan]));
    const doubtful = differences.filter(({ label, inPostgres }) => inPostgres !== undefined || orphans.has(label));
    const here = (seat: Seat) => seat.zone === zone.number && seat.row >= from && seat.row <= to;
    const before = (await suspects.labels(eventId)).filter((label) => here(seatOf(label)));
    const known = new Map<string, string | null>();
    for (const [i, seen] of (await suspects.read(eventId, before)).entries()) known.set(before[i] ?? '', seen);

    const now = await suspects.clockMs();
    const kept: Record<string, string> = {};
    const due: Difference[] = [];
    for (const difference of doubtful) {
      const { label, inRedis, inPostgres } = difference;
      const what = [inRedis?.owner, inRedis?.status, inPostgres?.bookingId, inPostgres?.status].join(' ');
      const [since, ...rest] = (known.get(label) ?? '').split('|');
      const sinceMs = rest.join('|') === what ? Number(since) : now;
      if (now - sinceMs >= minAgeMs) due.push(difference);
      else kept[label] = `${sinceMs}|${what}`;
    }
    const mends = due.flatMap(({ inPostgres }) => inPostgres ?? []);
    const frees = due.flatMap(({ label, inPostgres }) => (inPostgres === undefined ? (orphans.get(label) ?? []) : []));
    if (mends.length > 0) await seats.mend(eventId, mends);
    if (frees.length > 0) {
      const holdings = frees.map(({ label, owner, userId }) => ({ ticketId: owner, userId, seats: [label] }));
      await seats.release(eventId, holdings);
    }
    await suspects.write(
      eventId,
      kept,
      before.filter((label) => kept[label] === undefined),
    );
    const recounted = await seats.recount(eventId, zone);
    if (due.length + recounted > 0) {
      log.warn({ eventId, zone: zone.number, mended: mends.length, freed: frees.length, recounted }, 'reconciled');
      metrics.seatsReconciled.inc({ how: 'mended' }, mends.length);
      metrics.seatsReconciled.inc({ how: 'freed' }, frees.length);
      metrics.seatsReconciled.inc({ how: 'recounted' }, recounted);
    }
    return due.length;
  }

  /** One run: the next slice of all events' rows. Answers how many seats were put right. */
  return async function reconcile({ seatsAtOnce = SEATS_AT_ONCE, minAgeMs = MIN_AGE_MS } = {}): Promise<number> {
    const ids = await events.ids();
    const [lastEvent = 0, lastRow = 0] = ((await suspects.place()) ?? '0:0').split(':').map(Number);
    let eventId = ids.includes(lastEvent) ? lastEvent : ids[0];
    let at = eventId === lastEvent ? lastRow : 0;
    let compared = 0;
    let changed = 0;
    for (let visited = 0; eventId !== undefined && visited <= ids.length && compared < seatsAtOnce; visited += 1) {
      const house = await events.layout(eventId);
      const open = house !== undefined && (await seats.version(eventId)) > 0;
      for (const zone of open ? house.zones : []) {
        if (at >= zone.firstRow + zone.rows || compared >= seatsAtOnce) continue;
        const from = Math.max(1, at - zone.firstRow + 1);
        const to = Math.min(zone.rows, from - 1 + Math.max(1, Math.floor((seatsAtOnce - compared) / zone.seatsPerRow)));
        changed += await reconcileRows(house as House, zone, { from, to, minAgeMs });
        compared += (to - from + 1) * zone.seatsPerRow;
        at = zone.firstRow + to;
      }
      if (open && at < house.totalRows) break;
      eventId = ids[(ids.indexOf(eventId) + 1) % ids.length];
      at = 0;
    }
    await suspects.keepPlace(`${eventId ?? 0}:${at}`);
    return changed;
  };
}
