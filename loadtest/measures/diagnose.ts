import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { command, number, urls } from '../kit/command.ts';
import {
  allProcesses,
  cpuSeconds,
  firstThreadSeconds,
  isThreadBusy,
  machineSeconds,
  type PartKind,
  partsOf,
} from '../kit/processes.ts';
import { figureLines, percent } from '../kit/report.ts';
import { median, sumOf } from '../kit/statistics.ts';
import { openStores, type Stores } from '../kit/stores.ts';
import { createTally } from '../kit/tally.ts';
import { findTarget, type Target } from '../kit/target.ts';
import { bottleneckOf, type Load } from './diagnose/bottleneck.ts';
import {
  isCommitWait,
  type PostgresCounters,
  postgresBetween,
  readPostgres,
  readStatements,
} from './diagnose/postgres.ts';
import { type QueueSizes, type RedisUse, readQueues, readRedis, redisBetween } from './diagnose/redis.ts';

/** Milliseconds between two samples. */
const SAMPLE_MS = 100;

/** The most expensive commands of Redis and waits of PostgreSQL that are printed. */
const MAX_PRINTED = 5;

/** The command lines of generators of load. */
const GENERATOR = /^\S*(node|python3?) .*(\bloadtest\/|locust|autocannon)|^\S*\b(k6|wrk)\b/;

/** The state at one moment. */
type Sample = QueueSizes & { isRedisBusy: boolean; running: number; waits: string[] };

/** The use of a process: cores, and the share of a core that its first thread used. */
type ProcessUse = { kind: PartKind | 'generator'; pid: number; cores: number; firstThread: number };

/** Everything that was measured. Shares are of one core, or of the time. */
type Measured = {
  seconds: number;
  processes: ProcessUse[];
  machine: number;
  redis: RedisUse & { busy: number };
  postgres: PostgresCounters;
  samples: Sample[];
};

/** The processes to measure: the parts of the system, and generators of load on this machine. */
const processesOf = ({ pid: starter }: Target) => [
  ...(starter === undefined ? [] : partsOf(starter)),
  ...allProcesses()
    .filter(({ pid, command: line }) => pid !== process.pid && GENERATOR.test(line))
    .map(({ pid }) => ({ kind: 'generator' as const, pid })),
];

/** Takes samples for so many seconds, and reads all counters before and after. */
async function measure(target: Target, duration: number, { redis, prisma }: Stores): Promise<Measured> {
  const processes = processesOf(target);
  const redisPid = processes.find(({ kind }) => kind === 'redis')?.pid;
  const readServers = async () => ({ redis: await readRedis(redis), postgres: await readPostgres(prisma) });
  const readCpu = () => processes.map(({ pid }) => ({ all: cpuSeconds(pid), firstThread: firstThreadSeconds(pid) }));
  await readServers(); // the first reading takes long: it connects and prepares statements
  const serversBefore = await readServers();
  const [cpuBefore, machineBefore, startedAt] = [readCpu(), machineSeconds(), performance.now()];
  const samples: Sample[] = [];
  while (performance.now() - startedAt < duration * 1000) {
    samples.push({
      isRedisBusy: redisPid !== undefined && isThreadBusy(redisPid),
      ...(await readStatements(prisma)),
      ...(await readQueues(redis, target.shards)),
    });
    await sleep(SAMPLE_MS);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const [cpuAfter, machineAfter, serversAfter] = [readCpu(), machineSeconds(), await readServers()];
  // A process that has ended meanwhile reads 0.
  const share = (afterSeconds = 0, beforeSeconds = 0) => Math.max(0, afterSeconds - beforeSeconds) / seconds;
  const redisUse = redisBetween(serversBefore.redis, serversAfter.redis);
  // An older Redis does not report how busy it is. Samples of its thread do.
  const seenBusy = samples.filter(({ isRedisBusy }) => isRedisBusy).length / samples.length;
  return {
    seconds,
    processes: processes.map((part, i) => ({
      ...part,
      cores: share(cpuAfter[i]?.all, cpuBefore[i]?.all),
      firstThread: share(cpuAfter[i]?.firstThread, cpuBefore[i]?.firstThread),
    })),
    machine: 1 - (machineAfter.idle - machineBefore.idle) / (machineAfter.all - machineBefore.all),
    redis: { ...redisUse, busy: redisUse.busy ?? Math.max(redisUse.cpu, seenBusy) },
    postgres: postgresBetween(serversBefore.postgres, serversAfter.postgres),
    samples,
  };
}

/** The parts that can saturate, and how busy each is. */
function loadsOf({ processes, redis, samples }: Measured): Load[] {
  const threads = processes.flatMap(({ kind, pid, firstThread }): Load[] => {
    if (kind !== 'api' && kind !== 'generator') return [];
    const part = kind === 'api' ? 'the event loop of an API' : 'the generator of the load';
    return [
      {
        part,
        share: firstThread,
        because: `process ${pid} uses ${percent(firstThread)} of a core in its first thread`,
      },
    ];
  });
  const workers = processes.filter(({ kind }) => kind === 'worker').map(({ firstThread }) => firstThread);
  const workerShare = sumOf(workers) / Math.max(1, workers.length);
  const commitShare = samples.filter(({ waits }) => waits.some(isCommitWait)).length / Math.max(1, samples.length);
  const redisCpu = `it uses ${percent(redis.cpu)} of a core, else it waits for its disk`;
  return [
    ...threads,
    {
      part: 'the workers',
      share: workerShare,
      because: `${workers.length} of them use ${percent(workerShare)} of a core each`,
    },
    { part: "Redis' thread", share: redis.busy, because: `busy ${percent(redis.busy)} of the time; ${redisCpu}` },
    {
      part: "PostgreSQL's commits",
      share: commitShare,
      because: `one waited for the disk in ${percent(commitShare)} of ${samples.length} samples`,
    },
  ];
}

/** Tickets that wait at the end, and their growth in a second: the last third of the samples against the first. */
function backlogOf({ samples, seconds }: Measured): { tickets: number; growth: number } {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const ticketsIn = (part: Sample[]) => median(part.map(({ tickets }) => tickets));
  const [first, last] = [ticketsIn(samples.slice(0, third)), ticketsIn(samples.slice(-third))];
  return { tickets: last, growth: (last - first) / ((seconds * 2) / 3) };
}

/** The figures, one a line. */
function linesOf(measured: Measured): string {
  const { processes, machine, redis, postgres, samples, seconds } = measured;
  const rate = (value: number) => (value / seconds).toFixed(0);
  const waits = createTally();
  for (const wait of samples.flatMap((sample) => sample.waits)) waits.add(wait);
  const topWaits = [...waits.counts].toSorted((a, b) => b[1] - a[1]).slice(0, MAX_PRINTED);
  const { tickets, growth } = backlogOf(measured);
  const syncs = postgres.syncs === undefined ? '' : `, ${rate(postgres.syncs)} syncs/s`;
  const medianOf = (field: 'waiting' | 'active') => median(samples.map((sample) => sample[field]));
  return figureLines([
    ...processes.map(({ kind, pid, cores, firstThread }): [string, string] => {
      const thread = kind === 'postgres' ? '' : `, its first thread ${percent(firstThread)}`;
      return [`${kind} ${pid}`, `${percent(cores)} of a core${thread}`];
    }),
    ['this machine', `${percent(machine)} of ${availableParallelism()} cores busy, with any work`],
    ["Redis' thread", `busy ${percent(redis.busy)}, CPU ${percent(redis.cpu)}`],
    ...redis.commands.slice(0, MAX_PRINTED).map(({ name, calls, micros }): [string, string] => {
      return [`  ${name}`, `${rate(calls)} calls/s, ${(micros / calls).toFixed(1)} µs each`];
    }),
    ['PostgreSQL', `${rate(postgres.commits)} commits/s, ${rate(postgres.walBytes / 1024)} KiB of log/s${syncs}`],
    ['  statements at a time', (sumOf(samples.map(({ running }) => running)) / samples.length).toFixed(1)],
    ...topWaits.map(([wait, times]): [string, string] => {
      return [`  wait ${wait}`, `seen ${times} times in ${samples.length} samples`];
    }),
    ['tickets that wait', `${tickets}, ${growth >= 0 ? '+' : ''}${growth.toFixed(0)} a second`],
    ['jobs', `${medianOf('waiting')} wait, ${medianOf('active')} are active`],
  ]);
}

await command({
  name: 'diagnose',
  summary: `Measures a running system, best under load, and names the saturated part: the event loop of an API, the
workers, Redis' thread, PostgreSQL's commits, or the generator of the load, with the figures that show it. Changes
nothing.`,
  options: { seconds: number('seconds that it lasts', 10, { max: 3_600, isFraction: true }), url: urls() },
  notes: 'It finds processes that run on DATA_DIR of this machine.',
  async run({ seconds, url }) {
    const target = findTarget(url);
    console.error(`  watching ${target.urls.join(', ')} for ${seconds} s`);
    const stores = await openStores(target, 'producer', 'diagnose');
    try {
      const measured = await measure(target, seconds, stores);
      if (target.pid === undefined) console.log('  APIs and workers do not run on DATA_DIR: they are not measured.');
      const sentence = bottleneckOf(loadsOf(measured), measured.machine, backlogOf(measured).growth);
      console.log(`${linesOf(measured)}\n\n${sentence}`);
      return undefined;
    } finally {
      await stores.close();
    }
  },
});
