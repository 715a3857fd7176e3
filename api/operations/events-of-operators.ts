import type { EventOfOperators } from '../../shared/contract/overview.ts';
import type { BusyEvents, OperatorsEvent } from '../../shared/stores/postgres/busy-events.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { SeatStore } from '../../shared/stores/seats.ts';
import { metrics } from '../../shared/telemetry/metrics.ts';
import type { WaitingRooms } from '../waiting-room/lines.ts';
import { eventSection, type GaugeValues, valuesOf } from './overview-sections.ts';

type EventsDeps = {
  busyEvents: BusyEvents;
  events: Pick<EventStore, 'layout'>;
  seats: Pick<SeatStore, 'countsByZone'>;
  waitingRooms: Pick<WaitingRooms, 'find' | 'longest'>;
};

/** Events with their seats and lines, for the operators' overview. */
export const createEventsOfOperators = (deps: EventsDeps) => ({
  /** The busiest events, and how many have not ended in all. */
  async busiest(limit: number): Promise<{ events: EventOfOperators[]; total: number }> {
    const { events, total } = await deps.busyEvents.busiest(deps.waitingRooms.longest(limit), limit);
    return { events: await sectionsOf(deps, events), total };
  },

  /** Events by number or by a part of the name. */
  find: async (text: string, limit: number): Promise<EventOfOperators[]> =>
    sectionsOf(deps, await deps.busyEvents.find(text, limit)),
});

export type EventsOfOperators = ReturnType<typeof createEventsOfOperators>;

async function sectionsOf(deps: EventsDeps, events: readonly OperatorsEvent[]): Promise<EventOfOperators[]> {
  const measured = await valuesOf(metrics.seats);
  return Promise.all(
    events.map(async (event) => {
      const section = eventSection(event, measured, deps.waitingRooms.find(event.id)?.state);
      const isCounted = section.seats !== undefined || ['ENDED', 'CANCELLED'].includes(section.status);
      return isCounted
        ? section
        : eventSection(event, await countsOf(deps, event.id), deps.waitingRooms.find(event.id)?.state);
    }),
  );
}

/** The counts of an event that the gauges leave out: they have the newest only. None where they cannot be read. */
async function countsOf({ events, seats }: EventsDeps, eventId: number): Promise<GaugeValues> {
  const zones = await events
    .layout(eventId)
    .then(async (house) => (house === undefined ? [] : [...(await seats.countsByZone(house)).values()]))
    .catch(() => []); // its shard, or PostgreSQL, is reported as unavailable
  if (zones.length === 0) return [];
  return (['available', 'held', 'sold', 'blocked'] as const).map((status) => ({
    labels: { event: String(eventId), status },
    value: zones.reduce((sum, zone) => sum + zone[status], 0),
  }));
}
