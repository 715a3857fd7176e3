import type { Request } from 'express';
import { z } from 'zod';
import { eventId as eventNumber, inAddress } from '../../shared/contract/ids.ts';
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

const eventParams = z.object({ id: inAddress(eventNumber) });

/**
 * The event that the path names, as it is now.
 *
 * @throws ApiError EVENT_UNKNOWN
 */
export async function houseOf(req: Request, events: EventStore): Promise<House> {
  const params = eventParams.safeParse(req.params);
  const house = params.success ? await events.readHouse(params.data.id) : undefined;
  if (house === undefined) throw new ApiError('EVENT_UNKNOWN');
  return house;
}
