import type { PrismaClient } from '../../platform/prisma.ts';

/**
 * The longest that one turn may last. Work that continues after it runs beside the next turn's, which does no harm.
 * PostgreSQL ends the turn too: a worker that is frozen in it cannot.
 */
const TURN_MS = 30_000;

/** Turns at work that any worker may do and that one at a time should: PostgreSQL knows whose it is, and ends it with its owner. */
export function createTurns({ prisma }: { prisma: PrismaClient }) {
  return {
    /** Does the work unless somebody else is at it. */
    async take(name: string, work: () => Promise<unknown>): Promise<void> {
      await prisma.$transaction(
        async (transaction) => {
          const [row] = await transaction.$queryRaw<{ mine: boolean }[]>`
            SELECT set_config('idle_in_transaction_session_timeout', ${String(TURN_MS)}, true) AS bound,
              pg_try_advisory_xact_lock(hashtext('frontrow turn'), hashtext(${name})) AS mine`;
          if (row?.mine) await work();
        },
        { timeout: TURN_MS, maxWait: 10_000 },
      );
    },
  };
}
