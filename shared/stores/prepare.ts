import type { Config } from '../config.ts';
import { DEFAULT_EVENT } from '../contract/ids.ts';
import type { House } from '../domain/house.ts';
import { migrate } from '../platform/migrate.ts';
import { openPrisma } from '../platform/prisma.ts';
import { createEventStore } from './postgres/events.ts';
import { closeDemoPassword, ensureDemoUsers } from './postgres/users.ts';

/**
 * Prepares a database for this version: migrations, and the default event with its users. The password of the first
 * user is public, so it is removed in production, on any servers, and where users log in on external servers. A second
 * run changes nothing.
 */
export async function prepareDatabase(
  databaseUrl: string,
  config: Pick<Config, 'ZONES' | 'ROWS' | 'SEATS_PER_ROW' | 'AUTH' | 'DATABASE_URL' | 'NODE_ENV'>,
  progress: (line: string) => void = () => undefined,
): Promise<{ applied: string[]; house: House }> {
  const applied = await migrate(databaseUrl, { progress });
  const prisma = openPrisma(databaseUrl, 1);
  try {
    const events = createEventStore({ prisma });
    const { ZONES: zones, ROWS: rows, SEATS_PER_ROW: seatsPerRow } = config;
    const house = await events.ensure(DEFAULT_EVENT, 'Frontrow Live', { zones, rows, seatsPerRow });
    const isDemo = config.AUTH === 'off' || config.DATABASE_URL === undefined;
    const hasPassword = isDemo && config.NODE_ENV !== 'production';
    if (isDemo) await ensureDemoUsers(prisma, { hasPassword });
    if (!hasPassword) await closeDemoPassword(prisma);
    return { applied, house };
  } finally {
    await prisma.$disconnect();
  }
}
