import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { newTicketId } from '../shared/domain/ticket-id.ts';
import { exitOnStartFault } from '../shared/platform/shutdown.ts';
import { openStores } from './stores.ts';

const HELP = `npm run rebuild [-- --event N]

Rebuilds the house of one event, or of all, in Redis from PostgreSQL. It may run at any time: requests wait for a
moment, and no accepted request is lost. A seat that Redis has as taken and PostgreSQL does not is blocked as in doubt,
unless it is certain that it is not sold: npm run settle-doubt.

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
      const { length: inDoubt } = await stores.blocks.inDoubt(eventId);
      const doubts = inDoubt === 0 ? '' : ` ${inDoubt} of them in doubt,`;
      console.log(`Event ${eventId}: ${house.totalRows} rows, ${house.totalSeats} seats,${doubts} in ${seconds} s`);
    }
  } finally {
    await stores.close();
  }
}

await main().catch(exitOnStartFault);
