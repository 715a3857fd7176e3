import { parseArgs } from 'node:util';
import { exitOnStartFault } from '../shared/platform/shutdown.ts';
import { steadyAudit } from '../shared/stores/audit.ts';
import { openStores } from './stores.ts';

const HELP = `npm run audit [-- --event N]

Compares PostgreSQL with Redis seat by seat, for one event or for all; in Redis also the counters with the bits, in
PostgreSQL bookings with seats and buyers. It may run at any time, also under load: it reads seats that change again. It
prints the numbers that it compared and every difference, and exits with 1 where there is one.

Without DATABASE_URL and REDIS_URL it uses the system that runs on DATA_DIR.`;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { event: { type: 'string' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help) return void console.log(HELP);
  const stores = await openStores('audit');
  try {
    let found = 0;
    for (const eventId of await stores.eventsOf(values.event)) {
      const { seatsInPostgres, seatsInRedis, bookings, differences, hasEnded } = await steadyAudit(eventId, stores);
      const inRedis = hasEnded ? 'none in Redis because it has ended' : `${seatsInRedis} in Redis`;
      const compared = `${seatsInPostgres} seats in PostgreSQL, ${inRedis}, ${bookings} live bookings`;
      console.log(`Event ${eventId}: ${compared}: ${differences.length} differences`);
      for (const { what, where } of differences) console.log(`  ${what}: ${where}`);
      found += differences.length;
    }
    process.exitCode = found === 0 ? 0 : 1;
  } finally {
    await stores.close();
  }
}

await main().catch(exitOnStartFault);
