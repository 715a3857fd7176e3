import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';

/** Milliseconds between two readings of a memory that may still change: Redis moves the entries of grown tables. */
const STEADY_MS = 200;

/** Keys that one SCAN, and one round trip after it, handles. */
const SCAN_KEYS = 1_000;

/** Milliseconds that a record of a refused request may live. */
export const REFUSED_MS = 600_000;

type MemoryStats = Map<string, number | MemoryStats>;

/** A reply of MEMORY STATS: names and values in turn, nested for each database. */
function statsOf(reply: readonly unknown[]): MemoryStats {
  const stats: MemoryStats = new Map();
  for (let i = 0; i < reply.length; i += 2) {
    const value = reply[i + 1];
    stats.set(String(reply[i]), Array.isArray(value) ? statsOf(value) : Number(value));
  }
  return stats;
}

/**
 * Bytes of all keys, their values, and the tables that hold them. `used_memory` has the buffers of clients, of scripts
 * and of the append-only file as well, which move.
 */
async function readDataBytes(redis: Redis): Promise<number> {
  const stats = statsOf((await redis.call('MEMORY', 'STATS')) as unknown[]);
  const database = stats.get('db.0');
  const tables = database instanceof Map ? [...database.values()].map(Number) : [];
  return tables.reduce((sum, bytes) => sum + bytes, Number(stats.get('dataset.bytes')));
}

/** The bytes of all keys, once they no longer change. */
export async function steadyDataBytes(redis: Redis): Promise<number> {
  let bytes = await readDataBytes(redis);
  for (;;) {
    await sleep(STEADY_MS);
    const before = bytes;
    bytes = await readDataBytes(redis);
    if (bytes === before) return bytes;
  }
}

/** Bytes of the append-only file. It is rewritten from 256 MB on: measures of it stay below that. */
export async function readLogBytes(redis: Redis): Promise<number> {
  return Number(/aof_current_size:(\d+)/.exec(await redis.info('persistence'))?.[1]);
}

/** Keys that live for ever or longer than a refused request may, with their bytes, and how many others there are. */
export async function readLastingKeys(redis: Redis): Promise<{ lasting: Map<string, number>; others: number }> {
  const lasting = new Map<string, number>();
  let others = 0;
  for await (const found of redis.scanStream({ count: SCAN_KEYS })) {
    const keys = found as string[];
    const lives = await redis.pipeline(keys.map((key) => ['pttl', key])).exec();
    const long = keys.filter((_key, i) => {
      const ms = Number(lives?.[i]?.[1]);
      return ms === -1 || ms > REFUSED_MS;
    });
    others += keys.length - long.length;
    const sizes = await redis.pipeline(long.map((key) => ['memory', 'usage', key, 'samples', '0'])).exec();
    for (const [i, key] of long.entries()) lasting.set(key, Number(sizes?.[i]?.[1]));
  }
  return { lasting, others };
}
