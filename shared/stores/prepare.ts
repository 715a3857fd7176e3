import { DEFAULT_EVENT } from '../contract/ids.ts';
import type { House } from '../domain/house.ts';
import type { Config } from '../platform/config.ts';
import { migrate } from '../platform/migrate.ts';
import { openPrisma } from '../platform/prisma.ts';
import { createEventStore } from './events.ts';

/** Users that a fresh database starts with. */
const DEMO_USERS = 100;

/** Brings a database to what this version needs: its migrations, and the default event. Running it again changes nothing. */
export async function prepareDatabase(
  databaseUrl: string,
  { ZONES: zones, ROWS: rows, SEATS_PER_ROW: seatsPerRow }: Pick<Config, 'ZONES' | 'ROWS' | 'SEATS_PER_ROW'>,
): Promise<{ applied: string[]; house: House }> {
  const applied = await migrate(databaseUrl);
  const prisma = openPrisma(databaseUrl, 1);
  try {
    const events = createEventStore({ prisma });
    const house = await events.ensure(DEFAULT_EVENT, 'Frontrow Live', { zones, rows, seatsPerRow });
    await events.ensureUsers(DEMO_USERS);
    return { applied, house };
  } finally {
    await prisma.$disconnect();
  }
}
