import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';

/** A master, with a connection of an operator. */
type Master = { id: string; port: number; redis: Redis };

/** Keys that one MIGRATE takes, and milliseconds that it may take. */
const KEYS_AT_ONCE = 100;
const MIGRATE_TIMEOUT_MS = 5_000;

/** Whether a node can move a slot as one (CLUSTER MIGRATESLOTS, Valkey 9). */
export async function movesAsOne({ redis }: Master): Promise<boolean> {
  const [found] = (await redis.call('COMMAND', 'INFO', 'cluster|migrateslots')) as unknown[];
  return found !== null && found !== undefined;
}

/** Moves a slot as one: its master serves it until the other one has it. Resolves when the move has begun. */
export async function moveSlotAsOne(slot: number, from: Master, to: Master): Promise<void> {
  await from.redis.call('CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', slot, slot, 'NODE', to.id);
}

/**
 * Moves a slot key by key, as `redis-cli --cluster reshard` does. Meanwhile the slot's keys are on both masters, so
 * commands that need several of them are refused.
 *
 * @param options.masters all masters, which are told the slot's new one
 * @param options.heldMs milliseconds for which the slot stays in this state beside the time that its keys take
 */
export async function moveSlotByKeys(
  slot: number,
  options: { from: Master; to: Master; masters: readonly Master[]; heldMs: number; password: string },
): Promise<void> {
  const { from, to, masters, heldMs, password } = options;
  await to.redis.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
  await from.redis.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
  await sleep(heldMs);
  for (;;) {
    const keys = (await from.redis.call('CLUSTER', 'GETKEYSINSLOT', slot, KEYS_AT_ONCE)) as string[];
    if (keys.length === 0) break;
    const how = [MIGRATE_TIMEOUT_MS, 'AUTH', password, 'KEYS', ...keys];
    await from.redis.call('MIGRATE', '127.0.0.1', to.port, '', 0, ...how);
  }
  const others = masters.filter(({ id }) => id !== from.id && id !== to.id);
  for (const { redis } of [to, from, ...others]) await redis.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
}
