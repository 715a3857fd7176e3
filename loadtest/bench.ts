import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startNodePart } from '../local/node-part.ts';
import { ConfigError, readConfig } from '../shared/platform/config.ts';
import { freePort } from '../shared/platform/embedded/free-port.ts';
import { embeddedPostgres } from '../shared/platform/embedded/postgres.ts';
import { embeddedRedis } from '../shared/platform/embedded/redis.ts';
import { exitOnStartFault } from '../shared/platform/shutdown.ts';
import { prepareDatabase } from '../shared/stores/prepare.ts';
import { cpuSeconds } from './cpu.ts';
import { hammer } from './hammer.ts';
import { runHerd } from './herd-run.ts';
import { createRandom } from './random.ts';

const HELP = `npm run bench -- [options]

Measures Frontrow against a plain synchronous handler (Express, ioredis, Lua, nothing saved) on servers of its own, the same
wishes, connections and generator, in turn, several rounds.

  --rounds N        rounds                              (default 3)
  --requests N      requests of one contestant a round  (default 20000)
  --connections N   connections                         (default 256)
  --help`;

/** Large enough that nothing sells out in a round. */
const SIZE = { zones: 200, rows: 40, seatsPerRow: 65 };

type Load = { requests: number; connections: number; seed: number };

/** One contestant in one round. CPU is microseconds for each booking, by process. */
type Round = { bookings: number; seconds: number; cpuMicros: Record<string, number> };

type Contestant = { name: string; run: (load: Load) => Promise<Round> };

function readOptions() {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { rounds: text, requests: text, connections: text, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return undefined;
  const whole = (name: 'rounds' | 'requests' | 'connections', fallback: number): number => {
    const value = Number(values[name] ?? fallback);
    if (Number.isInteger(value) && value >= 1) return value;
    throw new ConfigError(`--${name}: a whole number from 1`);
  };
  return { rounds: whole('rounds', 3), requests: whole('requests', 20_000), connections: whole('connections', 256) };
}

/** Runs one contestant's load and takes the CPU of its processes before and after. */
async function measure(
  pids: Record<string, number>,
  load: () => Promise<{ bookings: number; seconds: number }>,
): Promise<Round> {
  const ownSeconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
  const look = () => [
    ...Object.entries(pids).map(([name, pid]) => [name, cpuSeconds(pid)] as const),
    ['generator', ownSeconds()] as const,
  ];
  const before = look();
  const { bookings, seconds } = await load();
  const after = new Map(look());
  const used = before.map(([name, start]) => [name, (((after.get(name) ?? 0) - start) / bookings) * 1e6] as const);
  return { bookings, seconds, cpuMicros: Object.fromEntries(used) };
}

/** Two seats in any row, the same for every contestant. */
function wishes(seed: number): () => { zone: number; row: number; count: number } {
  const random = createRandom(seed);
  return () => ({ zone: 1 + Math.floor(random() * SIZE.zones), row: 1 + Math.floor(random() * SIZE.rows), count: 2 });
}

async function startContestants(folder: string, stops: (() => Promise<void>)[]): Promise<Contestant[]> {
  const environment = process.env;
  const progress = (line: string) => console.error(line);
  const redisOf = async (name: string, durable: boolean) => {
    const port = await freePort();
    const redis = await embeddedRedis(
      {
        folder: join(folder, name),
        port,
        logFile: join(folder, `${name}.log`),
        environment,
        progress,
      },
      { durable },
    );
    const server = await redis.start();
    stops.unshift(() => server.stop(3_000));
    return { url: redis.url, pid: server.identity.pid };
  };
  const part = async <Ready>(module: string, env: NodeJS.ProcessEnv, args: string[] = []) => {
    const logFile = join(folder, `${module.replaceAll('/', '-')}.log`);
    const started = await startNodePart<Ready>(module, { environment: { ...environment, ...env }, logFile, args });
    stops.unshift(() => started.stop());
    return started;
  };

  const redis = await redisOf('redis', true);
  const postgres = await embeddedPostgres({
    folder: join(folder, 'postgres'),
    port: await freePort(),
    logFile: join(folder, 'postgres.log'),
    environment,
    progress,
  });
  const database = await postgres.start();
  stops.unshift(() => database.stop(3_000));
  const { zones: ZONES, rows: ROWS, seatsPerRow: SEATS_PER_ROW } = SIZE;
  await prepareDatabase(postgres.url, { ZONES, ROWS, SEATS_PER_ROW, AUTH: 'off' });
  const env = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, PORT: '0', EMBEDDED: 'true', LOG_LEVEL: 'warn' };
  const worker = await part('workers/main', env);
  const api = await part<{ port: number }>('api/main', env);
  const url = `http://127.0.0.1:${api.ready.port}`;

  const plainRedis = await redisOf('plain-redis', false);
  const plain = await part<{ port: number }>('loadtest/baselines/sync-lua', {}, [
    plainRedis.url,
    '0',
    String(SIZE.seatsPerRow),
  ]);

  return [
    {
      name: 'frontrow',
      run: ({ requests, connections, seed }) =>
        measure({ api: api.pid, worker: worker.pid, redis: redis.pid, postgres: database.identity.pid }, async () => {
          const wish = wishes(seed);
          const result = await runHerd({
            urls: [url],
            wish,
            requests,
            connections,
            poll: false,
            onProgress: () => undefined,
          });
          const booked = [...result.outcomes.values()].filter((view) => view.booking !== undefined);
          return { bookings: booked.length, seconds: result.settleSeconds };
        }),
    },
    {
      name: 'sync-lua',
      run: ({ requests, connections, seed }) =>
        measure({ api: plain.pid, redis: plainRedis.pid }, async () => {
          const wish = wishes(seed);
          const startedAt = performance.now();
          let bookings = 0;
          await hammer({
            urls: [`http://127.0.0.1:${plain.ready.port}`],
            path: '/reserve',
            requests,
            connections,
            bodyOf: () => JSON.stringify(wish()),
            onAnswer: ({ status }) => {
              if (status === 201) bookings += 1;
            },
          });
          return { bookings, seconds: (performance.now() - startedAt) / 1000 };
        }),
    },
  ];
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return void console.log(HELP);
  readConfig();
  const folder = mkdtempSync(join(tmpdir(), 'frontrow-bench-'));
  const stops: (() => Promise<void>)[] = [];
  try {
    const contestants = await startContestants(folder, stops);
    const rounds = new Map<string, Round[]>(contestants.map(({ name }) => [name, []]));
    for (const { run } of contestants) await run({ requests: 5_000, connections: options.connections, seed: 1 });
    for (let round = 1; round <= options.rounds; round += 1) {
      for (const { name, run } of contestants) {
        const result = await run({ requests: options.requests, connections: options.connections, seed: round });
        rounds.get(name)?.push(result);
        const cpu = Object.entries(result.cpuMicros)
          .map(([part, micros]) => `${part} ${micros.toFixed(0)}`)
          .join(', ');
        console.log(
          `round ${round}  ${name.padEnd(10)} ${(result.bookings / result.seconds).toFixed(0)} bookings/s   CPU µs: ${cpu}`,
        );
      }
    }
    const rate = (name: string) => median((rounds.get(name) ?? []).map(({ bookings, seconds }) => bookings / seconds));
    console.log(
      `\nmedian     frontrow ${rate('frontrow').toFixed(0)} bookings/s, each saved and followed to its outcome`,
    );
    console.log(`           sync-lua ${rate('sync-lua').toFixed(0)} bookings/s, nothing saved`);
    console.log(`ratio      ${(rate('frontrow') / rate('sync-lua')).toFixed(2)}`);
  } finally {
    for (const stop of stops) await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main().catch(exitOnStartFault);
