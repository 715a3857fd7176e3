import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Redis } from 'ioredis';
import { ConfigError } from '../../shared/platform/config-error.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { openPrisma, type PrismaClient } from '../../shared/platform/prisma.ts';
import { connected, openRedis } from '../../shared/platform/redis.ts';
import { exitOnStartFault } from '../../shared/platform/shutdown.ts';
import { cpuSeconds, firstThreadSeconds, isThreadBusy, machineSeconds } from '../kit/cpu.ts';
import { allProcesses, type PartKind, partsOf } from '../kit/processes.ts';
import { median } from '../kit/statistics.ts';
import { findTarget, type Target } from '../kit/target.ts';
import { type Load, percent, verdictOf } from './diagnose/bottleneck.ts';
import { isCommitWait, lookAtPostgres, lookAtStatements, postgresBetween } from './diagnose/postgres.ts';
import { lookAtQueues, lookAtRedis, redisBetween } from './diagnose/redis.ts';

const HELP = `npm run diagnose -- [options]

Watches a running Frontrow, best while there is load, and says what saturates: the event loop of an API, the workers, Redis' thread,
PostgreSQL's commits, or the generator of the load, with the figures that show it. Changes nothing, and ends with 0.

  --seconds N       how long                                       (default 10)
  --url URL         the API's address (default: what runs on DATA_DIR)
                    PostgreSQL and Redis are those that run on DATA_DIR, else DATABASE_URL and REDIS_URL
  --help

Processes are seen where they run on DATA_DIR of this machine.`;

/** Milliseconds between two looks at what goes on at the moment. */
const LOOK_MS = 100;

/** Commands of Redis, and waits of PostgreSQL, that are told: the dearest. */
const MOST = 5;

/** What a generator of load is known by. */
const GENERATOR = /^\S*(node|python3?) .*(\bloadtest\/|locust|autocannon)|^\S*\b(k6|wrk)\b/;

function readOptions() {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { seconds: text, url: { ...text, multiple: true }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return undefined;
  const seconds = Number(values.seconds ?? 10);
  if (!(seconds >= 1 && seconds <= 3_600)) throw new ConfigError('--seconds: a number from 1 to 3600');
  return { seconds, urls: values.url };
}

/** What was seen in so many seconds. Shares are of one core, or of the time. */
type Seen = {
  seconds: number;
  parts: { kind: PartKind | 'generator'; pid: number; cores: number; loop: number }[];
  machine: number;
  redis: { busy: number; cpu: number; commands: { name: string; calls: number; micros: number }[] };
  postgres: { commits: number; walBytes: number; syncs: number | undefined };
  looks: Look[];
};

/** What goes on at one moment. */
type Look = { redisBusy: boolean } & Awaited<ReturnType<typeof lookAtStatements>> &
  Awaited<ReturnType<typeof lookAtQueues>>;

/** The processes to watch: the parts, and generators of load on this machine. */
const processesOf = ({ pid: starter }: Target) => [
  ...(starter === undefined ? [] : partsOf(starter)),
  ...allProcesses()
    .filter(({ pid, command }) => pid !== process.pid && GENERATOR.test(command))
    .map(({ pid }) => ({ kind: 'generator' as const, pid })),
];

/** Looks again and again for so long, and reads all counters before and after. */
async function watch(target: Target, seconds: number, servers: { redis: Redis; prisma: PrismaClient }): Promise<Seen> {
  const { redis, prisma } = servers;
  const counters = async () => ({ redis: await lookAtRedis(redis), postgres: await lookAtPostgres(prisma) });
  const processes = processesOf(target);
  const redisPid = processes.find(({ kind }) => kind === 'redis')?.pid;
  const cpu = () => processes.map(({ pid }) => ({ all: cpuSeconds(pid), loop: firstThreadSeconds(pid) }));
  await counters(); // what comes first takes long: connecting, preparing
  const before = await counters();
  const [cpuBefore, machineBefore] = [cpu(), machineSeconds()];
  const startedAt = performance.now();
  const looks: Look[] = [];
  while (performance.now() - startedAt < seconds * 1000) {
    looks.push({
      redisBusy: redisPid !== undefined && isThreadBusy(redisPid),
      ...(await lookAtStatements(prisma)),
      ...(await lookAtQueues(redis, target.shards)),
    });
    await sleep(LOOK_MS);
  }
  const took = (performance.now() - startedAt) / 1000;
  const [cpuAfter, machineAfter, after] = [cpu(), machineSeconds(), await counters()];
  // One that ended meanwhile has used nothing any more.
  const used = (now = 0, then = 0) => Math.max(0, now - then) / took;
  return {
    seconds: took,
    parts: processes.map((one, i) => ({
      ...one,
      cores: used(cpuAfter[i]?.all, cpuBefore[i]?.all),
      loop: used(cpuAfter[i]?.loop, cpuBefore[i]?.loop),
    })),
    machine: 1 - (machineAfter.idle - machineBefore.idle) / (machineAfter.all - machineBefore.all),
    redis: withLooks(redisBetween(before.redis, after.redis), looks),
    postgres: postgresBetween(before.postgres, after.postgres),
    looks,
  };
}

/** How busy Redis' thread was: as it tells itself; an older one does not, and is seen at work in some of the looks or not. */
function withLooks({ busy, cpu, commands }: ReturnType<typeof redisBetween>, looks: Look[]): Seen['redis'] {
  const seen = looks.filter(({ redisBusy }) => redisBusy).length / looks.length;
  return { busy: busy ?? Math.max(cpu, seen), cpu, commands };
}

const shareOfCommits = ({ looks }: Seen) =>
  looks.filter(({ waits }) => waits.some(isCommitWait)).length / Math.max(1, looks.length);

/** What can saturate, and how near each is to it. */
function loadsOf(seen: Seen): Load[] {
  const { parts, redis, looks } = seen;
  const single = parts.flatMap(({ kind, pid, loop }): Load[] => {
    const because = `process ${pid} uses ${percent(loop)} of a core in its first thread`;
    if (kind === 'api') return [{ what: 'the event loop of an API', share: loop, because }];
    if (kind === 'generator') return [{ what: 'the generator of the load', share: loop, because }];
    return [];
  });
  const workers = parts.filter(({ kind }) => kind === 'worker').map(({ loop }) => loop);
  const share = workers.reduce((sum, loop) => sum + loop, 0) / Math.max(1, workers.length);
  const commits = shareOfCommits(seen);
  return [
    ...single,
    { what: 'the workers', share, because: `${workers.length} of them use ${percent(share)} of a core each` },
    {
      what: "Redis' thread",
      share: redis.busy,
      because: `busy ${percent(redis.busy)} of the time; it uses ${percent(redis.cpu)} of a core, else it waits for its disk`,
    },
    {
      what: "PostgreSQL's commits",
      share: commits,
      because: `one waited for the disk in ${percent(commits)} of ${looks.length} looks`,
    },
  ];
}

/** How many tickets wait in the end, and by how many a second they became more: the last third of the looks against the first. */
function lineOf({ looks, seconds }: Seen): { tickets: number; growth: number } {
  const third = Math.max(1, Math.floor(looks.length / 3));
  const tickets = (some: Look[]) => median(some.map((look) => look.tickets));
  const [first, last] = [tickets(looks.slice(0, third)), tickets(looks.slice(-third))];
  return { tickets: last, growth: (last - first) / ((seconds * 2) / 3) };
}

/** The figures, one a line. */
function figuresOf(seen: Seen): string {
  const { parts, machine, redis, postgres, looks, seconds } = seen;
  const rate = (value: number) => (value / seconds).toFixed(0);
  const waits = new Map<string, number>();
  for (const wait of looks.flatMap((look) => look.waits)) waits.set(wait, (waits.get(wait) ?? 0) + 1);
  const { tickets, growth } = lineOf(seen);
  const lines: [string, string][] = [
    ...parts.map(({ kind, pid, cores, loop }): [string, string] => [
      `${kind} ${pid}`,
      `${percent(cores)} of a core${kind === 'postgres' ? '' : `, its first thread ${percent(loop)}`}`,
    ]),
    ['this machine', `${percent(machine)} of ${availableParallelism()} cores busy, with whatever it is`],
    ["Redis' thread", `busy ${percent(redis.busy)}, CPU ${percent(redis.cpu)}`],
    ...redis.commands
      .slice(0, MOST)
      .map(({ name, calls, micros }): [string, string] => [
        `  ${name}`,
        `${rate(calls)} calls/s, ${(micros / calls).toFixed(1)} µs each`,
      ]),
    [
      'PostgreSQL',
      `${rate(postgres.commits)} commits/s, ${rate(postgres.walBytes / 1024)} KiB of log/s` +
        (postgres.syncs === undefined ? '' : `, ${rate(postgres.syncs)} syncs/s`),
    ],
    ['  statements at a time', (looks.reduce((sum, { running }) => sum + running, 0) / looks.length).toFixed(1)],
    ...[...waits]
      .toSorted((a, b) => b[1] - a[1])
      .slice(0, MOST)
      .map(([wait, times]): [string, string] => [`  wait ${wait}`, `seen ${times} times in ${looks.length} looks`]),
    ['tickets that wait', `${tickets}, ${growth >= 0 ? '+' : ''}${growth.toFixed(0)} a second`],
    [
      'jobs',
      `${median(looks.map(({ waiting }) => waiting))} wait, ${median(looks.map(({ active }) => active))} are under way`,
    ],
  ];
  return lines.map(([name, value]) => `  ${name.padEnd(26)}${value}`).join('\n');
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return void console.log(HELP);
  const target = findTarget(options.urls);
  console.error(`  watching ${target.urls.join(', ')} for ${options.seconds} s`);
  const prisma = openPrisma(target.databaseUrl, 2);
  const redis = openRedis(target.redisUrl, 'producer', createLogger({ LOG_LEVEL: 'warn' }, 'diagnose'));
  try {
    await connected(redis);
    const seen = await watch(target, options.seconds, { redis, prisma });
    if (target.pid === undefined) console.log('  APIs and workers do not run on DATA_DIR: they are not seen.');
    console.log(`${figuresOf(seen)}\n\n${verdictOf(loadsOf(seen), seen.machine, lineOf(seen).growth)}`);
  } finally {
    redis.disconnect();
    await prisma.$disconnect();
  }
}

await main().catch(exitOnStartFault);
