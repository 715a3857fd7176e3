import type { House } from '../../shared/domain/house.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import { ApiError } from '../http/errors.ts';

/**
 * The layout of an event, which its store caches.
 *
 * @throws ApiError EVENT_UNKNOWN
 */
export async function layoutOf(events: EventStore, eventId: number): Promise<House> {
  const house = await events.layout(eventId);
  if (house === undefined) throw new ApiError('EVENT_UNKNOWN');
  return house;
}
