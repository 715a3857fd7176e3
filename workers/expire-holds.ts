import { groupBy } from '../shared/domain/group-by.ts';
import type { HoldStore } from '../shared/stores/postgres/holds.ts';
import type { GivingBooking, ReleaseStore } from '../shared/stores/postgres/releases.ts';
import type { SeatStore } from '../shared/stores/seats.ts';
import { metrics } from '../shared/telemetry/metrics.ts';

/** Tries of a release, each of which fails only where the house was restored meanwhile. */
const MAX_TRIES = 5;

/**
 * Frees in Redis the seats that bookings gave up in PostgreSQL, which records which were freed: a worker that dies in
 * between leaves the rest to the next run. Freeing twice does nothing, and neither does a worker that was stopped at
 * any of these steps: the epoch of the house is read before PostgreSQL, so what PostgreSQL answers is true for that
 * opening of the house or a later one, and a later one refuses it.
 */
export function createReleaseSeats({ releases, seats }: ReleaseDeps) {
  async function releaseInEvent(eventId: number, ids: readonly string[]): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const epoch = await seats.epoch(eventId);
      if (epoch === undefined) {
        if (await releases.deleteOfEnded(eventId, ids)) return;
        continue; // it goes on
      }
      const given = await releases.ofBookings(ids);
      const freed = await seats.release(eventId, epoch, given);
      if (freed !== undefined) return releases.deleteFreed(given);
    }
    throw new Error(`the house of event ${eventId} was restored ${MAX_TRIES} times during a release`);
  }

  return async function releaseSeats(giving: readonly GivingBooking[]): Promise<void> {
    for (const [eventId, ofEvent] of groupBy(giving, (booking) => booking.eventId))
      await releaseInEvent(
        eventId,
        ofEvent.map(({ id }) => id),
      );
  };
}

type ReleaseDeps = { releases: ReleaseStore; seats: SeatStore };

type ExpireDeps = { holds: HoldStore; releases: ReleaseStore; releaseSeats: ReleaseSeats };

export type ReleaseSeats = ReturnType<typeof createReleaseSeats>;

/**
 * Expires holds and frees the seats that bookings gave up, until none is due. An event whose seats cannot be freed
 * is tried once and holds up no other.
 *
 * @throws the first fault, after everything else is done
 */
export function createExpire({ holds, releases, releaseSeats }: ExpireDeps) {
  /** Frees what is due, except of events in `failed`, to which it adds those that fail. */
  async function releaseAll(failed: Map<number, unknown>): Promise<void> {
    for (;;) {
      const giving = await releases.findGiving([...failed.keys()]);
      if (giving.length === 0) return;
      for (const [eventId, ofEvent] of groupBy(giving, (booking) => booking.eventId))
        await releaseSeats(ofEvent).catch((fault: unknown) => failed.set(eventId, fault));
    }
  }

  return async function expire(): Promise<void> {
    const failed = new Map<number, unknown>();
    let expired: number;
    do {
      await releases.adopt();
      await releaseAll(failed);
      expired = await holds.expire();
      metrics.holdsExpired.inc(expired);
    } while (expired > 0);
    for (const fault of failed.values()) throw fault;
  };
}
