import type { SystemRecord } from '../../domain/system-record.ts';
import type { PrismaClient } from '../../platform/prisma.ts';

/** Reads the system of this database. The first process records its number of shards. */
export async function readSystem(prisma: PrismaClient, shards: number): Promise<SystemRecord> {
  await prisma.$executeRaw`UPDATE system SET shards = ${shards}::int WHERE shards IS NULL`;
  const [system] = await prisma.$queryRaw<SystemRecord[]>`SELECT id::text, shards FROM system`;
  if (system === undefined) throw new Error('the table "system" has no row: its migration creates one');
  return system;
}

/** Records another number of shards. */
export const writeShards = (prisma: PrismaClient, shards: number): Promise<unknown> =>
  prisma.$executeRaw`UPDATE system SET shards = ${shards}::int`;
