import type { PrismaClient } from '../../platform/prisma.ts';

/**
 * Commits a write that changes nothing. A commit waits for the synchronous standby, a read does not: after a crash or a
 * cancelled wait PostgreSQL may show a booking that the standby lacks. So what was read before a client is told of it
 * must be followed by a commit: the standby that got that has all that is older.
 */
export async function awaitStandby(prisma: PrismaClient): Promise<void> {
  await prisma.$executeRaw`SELECT pg_logical_emit_message(true, 'frontrow', '')`;
}
