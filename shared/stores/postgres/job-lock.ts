import type { PrismaClient } from '../../platform/prisma.ts';

/**
 * Milliseconds that a lock lasts at most. Work that takes longer then runs concurrently with the next holder's, which
 * does no harm. PostgreSQL ends the lock as well: a frozen worker cannot release it.
 */
const LOCK_MS = 30_000;

/** Locks for scheduled work that one worker at a time should do. PostgreSQL releases a lock when its worker dies. */
export function createJobLock({ prisma }: { prisma: PrismaClient }) {
  return {
    /** Runs the work under the lock of this name, unless another worker has it. */
    async take(name: string, work: () => Promise<unknown>): Promise<void> {
      await prisma.$transaction(
        async (transaction) => {
          const [row] = await transaction.$queryRaw<{ isLocked: boolean }[]>`
            SELECT set_config('idle_in_transaction_session_timeout', ${String(LOCK_MS)}, true) AS bound,
              pg_try_advisory_xact_lock(hashtext('frontrow turn'), hashtext(${name})) AS "isLocked"`;
          if (row?.isLocked) await work();
        },
        { timeout: LOCK_MS, maxWait: 10_000 },
      );
    },
  };
}

export type JobLock = ReturnType<typeof createJobLock>;
