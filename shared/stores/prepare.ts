import { DEFAULT_EVENT } from '../contract/ids.ts';
import type { House } from '../domain/house.ts';
import type { Config } from '../platform/config.ts';
import { migrate } from '../platform/migrate.ts';
import { openPrisma } from '../platform/prisma.ts';
import { createEventStore } from './events.ts';
import { closeDemoPassword, ensureDemoUsers } from './users.ts';

/**
 * Brings a database to what this version needs: its migrations, and the default event with its users. Where people log in on
 * servers of one's own none of them can: the whole world knows the first one's password. Running it again
 * changes nothing.
 */
export async function prepareDatabase(
  databaseUrl: string,
  config: Pick<Config, 'ZONES' | 'ROWS' | 'SEATS_PER_ROW' | 'AUTH' | 'DATABASE_URL'>,
  progress: (line: string) => void = () => undefined,
): Promise<{ applied: string[]; house: House }> {
  const applied = await migrate(databaseUrl, { progress });
  const prisma = openPrisma(databaseUrl, 1);
  try {
    const events = createEventStore({ prisma });
    const { ZONES: zones, ROWS: rows, SEATS_PER_ROW: seatsPerRow } = config;
    const house = await events.ensure(DEFAULT_EVENT, 'Frontrow Live', { zones, rows, seatsPerRow });
    if (config.AUTH === 'off' || config.DATABASE_URL === undefined) await ensureDemoUsers(prisma);
    else await closeDemoPassword(prisma);
    return { applied, house };
  } finally {
    await prisma.$disconnect();
  }
}
