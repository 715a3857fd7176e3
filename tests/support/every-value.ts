import type { Redis } from 'ioredis';
import type { PrismaClient } from '../../shared/platform/prisma.ts';

type Stores = { prisma: PrismaClient; redis: Redis };

/** The tables that have a text in some column of some row. */
async function tablesWith(text: string, { prisma }: Stores): Promise<string[]> {
  const tables = await prisma.$queryRaw<{ name: string }[]>`
    SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name`;
  const found: string[] = [];
  for (const { name } of tables) {
    const [row] = await prisma.$queryRawUnsafe<{ count: bigint }[]>(
      `SELECT count(*) FROM "${name}" AS one WHERE position($1 IN one::text) > 0`,
      text,
    );
    if (row !== undefined && row.count > 0n) found.push(name);
  }
  return found;
}

/** Reads a whole value of Redis, of any type, as text. */
async function contentOf(redis: Redis, key: string): Promise<string> {
  const reads: Record<string, () => Promise<unknown>> = {
    string: () => redis.get(key),
    hash: () => redis.hgetall(key),
    list: () => redis.lrange(key, 0, -1),
    set: () => redis.smembers(key),
    zset: () => redis.zrange(key, '0', '-1'),
    stream: () => redis.xrange(key, '-', '+'),
  };
  const type = await redis.type(key);
  if (type === 'none') return ''; // it has expired meanwhile
  const read = reads[type];
  if (read === undefined) throw new Error(`${key} is a ${type}, which is not searched`);
  return JSON.stringify(await read());
}

/** The tables of PostgreSQL and the keys of Redis that have a text somewhere, without characters that JSON escapes. */
export async function placesWith(text: string, stores: Stores): Promise<string[]> {
  const found = await tablesWith(text, stores);
  for (const key of await stores.redis.keys('*'))
    if (key.includes(text) || (await contentOf(stores.redis, key)).includes(text)) found.push(key);
  return found;
}
