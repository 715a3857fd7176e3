import type { EventStore } from '../shared/stores/postgres/events.ts';
import type { SeatStore } from '../shared/stores/seats.ts';

/** Ended events whose keys one run deletes: the next run continues after them. */
const EVENTS_AT_ONCE = 50;

type CloseDeps = { events: Pick<EventStore, 'endedOpen'>; seats: Pick<SeatStore, 'close'> };

/**
 * Deletes the keys of ended and cancelled events in Redis. An event that cannot be closed is tried once in each run and
 * holds up no other.
 *
 * @returns the function that runs it once
 * @throws from a run the first fault, after everything else is done
 */
export function createCloseEvents({ events, seats }: CloseDeps) {
  return async function closeEvents(): Promise<void> {
    const failed = new Map<number, unknown>();
    for (let closed = 0; closed < EVENTS_AT_ONCE; closed += 1) {
      const [eventId] = await events.endedOpen([...failed.keys()], 1);
      if (eventId === undefined) break;
      await seats.close(eventId).catch((fault: unknown) => failed.set(eventId, fault));
    }
    for (const fault of failed.values()) throw fault;
  };
}
