import type { Request } from 'express';
import { z } from 'zod';
import { eventId as eventNumber, inAddress } from '../../shared/contract/ids.ts';
import type { SeatWish } from '../../shared/contract/reserve.ts';
import type { House } from '../../shared/domain/house.ts';
import { wishProblem } from '../../shared/domain/wish-problem.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import { ApiError } from '../http/errors.ts';

/**
 * The layout of an event, which its store caches for a moment.
 *
 * @param when `now`: as PostgreSQL has it now. Else it may be some seconds old, and needs no PostgreSQL
 * @throws ApiError EVENT_UNKNOWN
 */
export async function layoutOf(events: EventStore, eventId: number, when?: 'now'): Promise<House> {
  const house = await events.layout(eventId, when === 'now' ? 0 : undefined);
  if (house === undefined) throw new ApiError('EVENT_UNKNOWN');
  return house;
}

/** @throws ApiError NO_SEATS where an event has none: it gets none later, so a cached house is enough */
export function requireSeats(house: House): void {
  if (house.totalSeats === 0) throw new ApiError('NO_SEATS');
}

/**
 * The layout of an event, which fits a wish. The cached one refuses none: the house may have become larger since.
 *
 * @throws ApiError EVENT_UNKNOWN, NO_SEATS, or INVALID_REQUEST where it does not, also as PostgreSQL has it now
 */
export async function layoutFor(events: EventStore, eventId: number, wish: SeatWish): Promise<House> {
  const cached = await layoutOf(events, eventId);
  requireSeats(cached);
  if (wishProblem(cached, wish) === undefined) return cached;
  const house = await layoutOf(events, eventId, 'now');
  const problem = wishProblem(house, wish);
  if (problem !== undefined) throw new ApiError('INVALID_REQUEST', problem);
  return house;
}

const eventParams = z.object({ id: inAddress(eventNumber) });

/** The number of the event that the path names. @throws ApiError EVENT_UNKNOWN */
export function numberOf(req: Request): number {
  const params = eventParams.safeParse(req.params);
  if (!params.success) throw new ApiError('EVENT_UNKNOWN');
  return params.data.id;
}

/**
 * The event that the path names, as it is now.
 *
 * @throws ApiError EVENT_UNKNOWN
 */
export async function houseOf(req: Request, events: EventStore): Promise<House> {
  const house = await events.readHouse(numberOf(req));
  if (house === undefined) throw new ApiError('EVENT_UNKNOWN');
  return house;
}
