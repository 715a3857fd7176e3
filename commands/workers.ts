import { mkdirSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Config, readConfig } from '../shared/config.ts';
import { MAX_WORKERS } from '../shared/contract/limits.ts';
import type { RequestedWorkers } from '../shared/contract/workers.ts';
import { newTicketId } from '../shared/domain/ticket-id.ts';
import { ConfigError } from '../shared/platform/config-error.ts';
import { createLogger } from '../shared/platform/logger.ts';
import { openPrisma } from '../shared/platform/prisma.ts';
import { connectedShards } from '../shared/platform/redis.ts';
import { findRunning } from '../shared/platform/running-system.ts';
import { exitOnStartFault } from '../shared/platform/shutdown.ts';
import { createTrailStore } from '../shared/stores/postgres/trail.ts';
import { openShards } from '../shared/stores/redis/connections.ts';
import { createWorkersStore, type WorkersBounds } from '../shared/stores/redis/workers.ts';
import { keepLogsShort } from './supervise/log-files.ts';
import { startNodePart } from './supervise/node-part.ts';
import { startPool } from './supervise/pool.ts';
import { onEnding } from './supervise/stop-signals.ts';
import { createSupervisor } from './supervise/supervisor.ts';

const HELP = `npm run workers -- [options]

Runs worker processes and restarts those that end. POST /admin/workers, or this command once more, changes their number
at any time: where a supervisor runs already, as npm start does, it takes the new number, and this command ends.

  --processes N   the number of workers             (default WORKERS)
  --auto          as many workers as the load needs
  --min N         with --auto: at least this number (default 1)
  --max N         with --auto: at most this number  (default: the cores of this machine)
  --help

Without DATABASE_URL and REDIS_URL it uses the system that runs on DATA_DIR. Logs are in DATA_DIR. Ctrl-C stops all in
order.`;

const report = (line: string) => process.stderr.write(`${line}\n`);

function readOptions(fallback: number): { processes: RequestedWorkers; bounds: WorkersBounds } | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: { processes: text, auto: flag, min: text, max: text, help: { ...flag, short: 'h' } },
  });
  if (values.help) return undefined;
  const whole = (name: 'processes' | 'min' | 'max', byDefault: number): number => {
    const value = Number(values[name] ?? byDefault);
    if (Number.isInteger(value) && value >= 1 && value <= MAX_WORKERS) return value;
    throw new ConfigError(`--${name}: a whole number from 1 to ${MAX_WORKERS}`);
  };
  if (values.auto && values.processes !== undefined) throw new ConfigError('Either --processes or --auto.');
  const processes = values.auto ? 'auto' : whole('processes', fallback);
  const min = whole('min', 1);
  const bounds = { min, max: whole('max', Math.max(min, Math.min(availableParallelism(), MAX_WORKERS))) };
  if (bounds.max < min) throw new ConfigError('--max: not less than --min');
  return { processes, bounds };
}

/** Writes the requested number into the audit trail, as the API does for an operator's request. */
async function noteNumber(config: Config, databaseUrl: string, before: RequestedWorkers, processes: RequestedWorkers) {
  const prisma = openPrisma(databaseUrl, 1, config);
  const by = { name: 'npm run workers', address: hostname().slice(0, 64) };
  try {
    const changed = { before: { processes: before }, after: { processes } };
    await createTrailStore({ prisma }).write({ id: newTicketId(0), act: 'setWorkers', by }, changed);
  } finally {
    await prisma.$disconnect();
  }
}

async function main(): Promise<void> {
  process.umask(0o077); // its logs are for their user alone
  const config = readConfig();
  const options = readOptions(config.WORKERS);
  if (options === undefined) return void console.log(HELP);
  const running = findRunning(config.DATA_DIR);
  const databaseUrl = config.DATABASE_URL ?? running?.databaseUrl;
  const redisUrl = config.REDIS_URL ?? running?.redisUrl;
  if (databaseUrl === undefined || redisUrl === undefined)
    throw new ConfigError('Set DATABASE_URL and REDIS_URL, or start everything with `npm start`.');
  const logs = join(resolve(config.DATA_DIR), 'logs');
  mkdirSync(logs, { recursive: true });
  const supervisor = createSupervisor(report);
  const environment = { ...process.env, DATABASE_URL: databaseUrl, REDIS_URL: redisUrl };

  const stopping = new AbortController();
  const end = (): void => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    void supervisor.stop([], []).then(() => process.exit(0));
  };
  onEnding(end); // before anything is started
  const log = createLogger(config, 'supervisor');
  const redis = openShards({ redisUrl, shards: config.SHARDS, role: 'worker', log });
  await connectedShards(redis);
  if (stopping.signal.aborted) return;
  await keepLogsShort(logs, report);
  const workers = createWorkersStore({ redis, shards: config.SHARDS });
  await noteNumber(config, databaseUrl, (await workers.view()).asked, options.processes);
  const pool = await startPool({
    ...options,
    supervisor,
    workers,
    startWorker: (name) =>
      startNodePart('workers/main', { environment, logFile: join(logs, `${name.replace(' ', '-')}.log`) }),
    force: false,
    stopping: stopping.signal,
    report,
  });
  if (!pool.leader) {
    console.log('A supervisor runs already: it adjusts the number of its workers.');
    end();
  } else if (!stopping.signal.aborted) {
    process.send?.('ready');
    console.log('The workers run. Ctrl-C stops them.');
  }
}

await main().catch(exitOnStartFault);
