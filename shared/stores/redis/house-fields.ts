import { MAX_SEATS_PER_REQUEST } from '../../contract/limits.ts';
import type { House, Zone } from '../../domain/house.ts';
import { shapesOf } from '../../domain/row-shape.ts';
import { shardOfEvent } from '../../domain/ticket-id.ts';
import type { RedisShards } from '../../platform/redis.ts';
import { redisOfEvent } from './connections.ts';
import { keysOf } from './keys.ts';

/** Keys that one command deletes: about a millisecond. */
const DELETE_KEYS = 1_000;

const bit = (on: boolean) => (on ? '1' : '0');

/** Whether a house has seats that are kept for people who need them. */
const hasAccessible = ({ zones }: House): boolean =>
  zones.some(({ plan }) => plan?.some(({ accessible = [] }) => accessible.length > 0));

/**
 * The fields of a house's hash on which the index of its rows depends, in the order in which lua/lib/house.lua reads
 * them. Those of the version before are the first three: the others are then '' and '0'.
 *
 * @param nowMs by Redis' clock: until when accessible seats are kept
 */
export function ruleFields(house: House, nowMs: number) {
  const { avoidSingles, maxSeats, accessibleUntil } = house.settings;
  const isKept = hasAccessible(house) && (accessibleUntil === null || nowMs < Date.parse(accessibleUntil));
  return {
    generation: String(house.generation),
    avoidSingles: bit(avoidSingles),
    maxSeats: String(maxSeats),
    tiers: house.tiers.size > 1 ? [...house.tiers.keys()].join(' ') : '',
    kept: bit(isKept),
  };
}

/** A zone as lua/lib/zones.lua reads it: its text, and its tier where the house has several. */
export function zoneFields({ tiers }: House, zone: Zone): { text: string; tier?: number } {
  const { firstRow, rows, seatsPerRow, isArea, capacity } = zone;
  const isShaped = shapesOf(zone).some((shape) => shape !== undefined);
  const more = isArea ? ` area ${capacity}` : isShaped ? ' shaped' : '';
  return { text: `${firstRow} ${rows} ${seatsPerRow}${more}`, ...(tiers.size > 1 && { tier: zone.tier }) };
}

/**
 * Deletes the shapes of rows, and the index of kinds of runs that only some rows have. A row of which nothing is
 * written there has no such run.
 *
 * @param tiersBefore those of the house that Redis has so far
 */
export async function deleteRareIndexes(
  deps: { redis: RedisShards; shards: number },
  house: House,
  tiersBefore: readonly string[] = [],
): Promise<void> {
  const { eventId } = house;
  const { shapesStem, fitsStem } = keysOf(shardOfEvent(eventId, deps.shards));
  const redis = redisOfEvent(deps, eventId);
  const sizes = Array.from({ length: MAX_SEATS_PER_REQUEST }, (_, i) => i + 1);
  const tiers = [...new Set([...house.tiers.keys(), ...tiersBefore].map(String))];
  const runs = tiers.flatMap((tier) => sizes.flatMap((size) => [`${tier}:${size}`, `${tier}:${size}n`]));
  const accessible = ['', ...tiers].flatMap((tier) =>
    sizes.flatMap((size) => sizes.slice(0, size).map((seats) => `${tier}a${seats}:${size}`)),
  );
  const keys = [`${shapesStem}${eventId}`, ...[...runs, ...accessible].map((kind) => `${fitsStem}${eventId}:${kind}`)];
  for (let at = 0; at < keys.length; at += DELETE_KEYS) await redis.unlink(keys.slice(at, at + DELETE_KEYS));
}
