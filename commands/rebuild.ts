import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { newTicketId } from '../shared/domain/ticket-id.ts';
import { exitOnStartFault } from '../shared/platform/shutdown.ts';
import { openStores } from './stores.ts';

const HELP = `npm run rebuild [-- --event N]

Rebuilds the house of one event, or of all, in Redis from PostgreSQL. It may run at any time: requests wait for a
moment, and no accepted request is lost.

Without DATABASE_URL and REDIS_URL it uses the system that runs on DATA_DIR.`;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { event: { type: 'string' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help) return void console.log(HELP);
  const stores = await openStores('rebuild');
  try {
    const by = { name: 'npm run rebuild', address: hostname().slice(0, 64) };
    for (const eventId of await stores.eventsOf(values.event)) {
      await stores.trail.write({ id: newTicketId(0), act: 'rebuild', by, eventId });
      const started = performance.now();
      const house = await stores.seats.rebuild(eventId);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`Event ${eventId}: ${house.totalRows} rows, ${house.totalSeats} seats, in ${seconds} s`);
    }
  } finally {
    await stores.close();
  }
}

await main().catch(exitOnStartFault);
