import { groupBy } from '../shared/domain/group-by.ts';
import type { HoldStore, Release } from '../shared/stores/postgres/holds.ts';
import type { SeatStore } from '../shared/stores/seats.ts';
import { metrics } from '../shared/telemetry/metrics.ts';

/**
 * Frees in Redis the seats of bookings that ended in PostgreSQL. PostgreSQL records which were freed, so a worker that
 * dies between the two leaves them to the next sweep; freeing twice does nothing, because only their owner's seats are
 * freed.
 */
export function createReleaseSeats({ holds, seats }: { holds: HoldStore; seats: SeatStore }) {
  return async function releaseSeats(releases: readonly Release[]): Promise<void> {
    for (const [eventId, ofEvent] of groupBy(releases, ({ eventId }) => eventId)) await seats.release(eventId, ofEvent);
    await holds.markReleased(releases);
  };
}

export type ReleaseSeats = ReturnType<typeof createReleaseSeats>;

/** Expires holds and frees the seats of all bookings that ended, until none is due. */
export function createExpire({ holds, releaseSeats }: { holds: HoldStore; releaseSeats: ReleaseSeats }) {
  async function releaseAll(): Promise<void> {
    for (;;) {
      const releases = await holds.readUnreleased();
      if (releases.length === 0) return;
      await releaseSeats(releases);
    }
  }

  return async function expire(): Promise<void> {
    let expired: number;
    do {
      await releaseAll();
      expired = await holds.expire();
      metrics.holdsExpired.inc(expired);
    } while (expired > 0);
    await releaseAll();
  };
}
