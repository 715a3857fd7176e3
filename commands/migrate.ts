import { parseArgs } from 'node:util';
import { readConfig } from '../shared/config.ts';
import { ConfigError } from '../shared/platform/config-error.ts';
import { exitOnStartFault } from '../shared/platform/shutdown.ts';
import { prepareDatabase } from '../shared/stores/prepare.ts';

const HELP = `npm run migrate

Prepares the database of DATABASE_URL for this version: applies migrations and creates the default event. Running it
again changes nothing. \`npm start\` does the same by itself.`;

async function main(): Promise<void> {
  if (parseArgs({ options: { help: { type: 'boolean', short: 'h' } } }).values.help) return void console.log(HELP);
  const config = readConfig();
  const { DATABASE_URL: databaseUrl } = config;
  if (databaseUrl === undefined)
    throw new ConfigError('DATABASE_URL must be set. `npm start` migrates servers of its own by itself.');
  const { applied, house } = await prepareDatabase(databaseUrl, config, (line) => console.error(line));
  console.log(`Migrations applied: ${applied.length === 0 ? 'none were due' : applied.join(', ')}`);
  console.log(
    `Event ${house.eventId}: ${house.zones.length} zones, ${house.totalRows} rows, ${house.totalSeats} seats`,
  );
}

await main().catch(exitOnStartFault);
