import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { MAX_SHARDS } from '../shared/contract/limits.ts';
import { newTicketId } from '../shared/domain/ticket-id.ts';
import { ConfigError } from '../shared/platform/config-error.ts';
import { exitOnStartFault } from '../shared/platform/shutdown.ts';
import { changeShards } from '../shared/stores/change-shards.ts';
import { createTrailStore } from '../shared/stores/postgres/trail.ts';
import { openServers } from './stores.ts';

const HELP = `npm run shards -- --to N

Changes the number of shards of a system that stands still. Before: pause sales, wait until the queues are empty, stop
every API and worker. It records the number in PostgreSQL and Redis. The waiting rooms of events that get another shard
move there; their houses are deleted from Redis, and workers restore them from PostgreSQL. After: set SHARDS=N for every
part and start them. Where it was interrupted, run it again. docs/deploy.md has the steps, and what is forgotten.

It needs DATABASE_URL and REDIS_URL: the servers of \`npm start\` run only together with its API and workers.`;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { to: { type: 'string' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help) return void console.log(HELP);
  const to = Number(values.to);
  if (!Number.isInteger(to) || to < 1 || to > MAX_SHARDS)
    throw new ConfigError(`--to: a whole number from 1 to ${MAX_SHARDS}`);
  const { prisma, redis, config, close } = await openServers('shards');
  try {
    const { from, moved, deleted } = await changeShards({ prisma, redis }, { configured: config.SHARDS, to });
    const by = { name: 'npm run shards', address: hostname().slice(0, 64) };
    const changed = { before: { shards: from }, after: { shards: to } };
    await createTrailStore({ prisma }).write({ id: newTicketId(0), act: 'setShards', by }, changed);
    console.log(`Shards: ${to}, before: ${from}. Keys in Redis: ${moved} moved, ${deleted} deleted.`);
    console.log(`Set SHARDS=${to} for every part, and start them.`);
  } finally {
    await close();
  }
}

await main().catch(exitOnStartFault);
