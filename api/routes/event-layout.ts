import type { Request } from 'express';
import { z } from 'zod';
import { eventId as eventNumber, inAddress } from '../../shared/contract/ids.ts';
import type { SeatWish } from '../../shared/contract/reserve.ts';
import type { House } from '../../shared/domain/house.ts';
import { wishProblem } from '../../shared/domain/wish-problem.ts';
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

/** Milliseconds for which a house that does not fit a wish is not read again: its zones or prices may have changed. */
const REREAD_MS = 1_000;

/**
 * The layout of an event, which fits a wish.
 *
 * @throws ApiError EVENT_UNKNOWN, or INVALID_REQUEST where it does not, also as PostgreSQL has it now
 */
export async function layoutFor(events: EventStore, eventId: number, wish: SeatWish): Promise<House> {
  const house = await layoutOf(events, eventId);
  if (wishProblem(house, wish) === undefined) return house;
  const newest = (await events.layout(eventId, REREAD_MS)) ?? house;
  const problem = wishProblem(newest, wish);
  if (problem !== undefined) throw new ApiError('INVALID_REQUEST', problem);
  return newest;
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
