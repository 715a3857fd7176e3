import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import type { House } from '../../../shared/domain/house.ts';
import type { EventStore } from '../../../shared/stores/postgres/events.ts';
import { ApiError } from '../../http/errors.ts';

/**
 * The house of event 1, which all compat routes are about.
 *
 * @throws ApiError EVENT_UNKNOWN
 */
export async function defaultHouse(events: EventStore): Promise<House> {
  const house = await events.layout(DEFAULT_EVENT);
  if (house === undefined) throw new ApiError('EVENT_UNKNOWN');
  return house;
}
