import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from './logger.ts';
import type { Loops } from './loops.ts';
import type { PrismaClient } from './prisma.ts';
import type { RedisShards } from './redis.ts';
import { serverMetrics } from './server-metrics.ts';

/*
 * Processes run on machines whose clocks differ. A time that one process stores and another reads is a time of Redis'
 * clock, one for all; holds are judged by PostgreSQL's.
 */

/** Milliseconds between two measurements, and that one may take: the server's time lies somewhere within it. */
const MEASURE_MS = 10_000;
const MAX_ROUND_TRIP_MS = 1_000;

/** Milliseconds by which this process' clock may be off before it is logged and before HTTP's Date is corrected. */
const TOLERATED_MS = 1_000;

/** Milliseconds that a stop waits for a measurement under way. */
const STOP_MS = 500;

/** Milliseconds since 1970 by Redis' clock. */
export async function redisClockMs(redis: Redis): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

async function postgresClockMs(prisma: PrismaClient): Promise<number> {
  type Row = { ms: number };
  const [row] = await prisma.$queryRaw<Row[]>`
    SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`;
  return row?.ms ?? Number.NaN;
}

/** A reading of a server's clock, and its time by this process' monotonic clock. */
type Reading = { serverMs: number; atMs: number };

/** The last reading of Redis' clock; undefined before the first one. */
let lastRead: Reading | undefined;

/**
 * Milliseconds since 1970 by Redis' clock, as this process last read it: right to half of a round trip, without a call.
 * Before the first measurement it is this process' own clock.
 */
export const sharedNowMs = (): number =>
  lastRead === undefined ? Date.now() : Math.round(lastRead.serverMs + performance.now() - lastRead.atMs);

/** HTTP's Date where this process' clock is off: pages count down by it. Undefined where Node's own is right. */
export function correctedDate(): string | undefined {
  const nowMs = sharedNowMs();
  return Math.abs(nowMs - Date.now()) > TOLERATED_MS ? new Date(nowMs).toUTCString() : undefined;
}

/** A reading of a server's clock: its time, the monotonic time of the reading, and how far this process is ahead. */
async function measure(readMs: () => Promise<number>) {
  const startedAtMs = performance.now();
  const serverMs = await readMs();
  const roundTripMs = performance.now() - startedAtMs;
  if (roundTripMs > MAX_ROUND_TRIP_MS) return undefined;
  const atMs = startedAtMs + roundTripMs / 2;
  return { serverMs, atMs, aheadMs: Date.now() - roundTripMs / 2 - serverMs, errorMs: roundTripMs / 2 };
}

/**
 * Measures at once, and every ten seconds, how far this process' clock is ahead of that of each Redis and of
 * PostgreSQL. A difference is logged when it is first seen, and shown as a metric.
 *
 * @returns the function that ends it
 */
export function watchClock(deps: { redis: RedisShards; prisma: PrismaClient; loops: Loops; log: Logger }) {
  const { redis, prisma, loops, log } = deps;
  const off = new Set<string>();

  async function compare(server: string, readMs: () => Promise<number>): Promise<Reading | undefined> {
    const measured = await measure(readMs);
    if (measured === undefined) return undefined;
    const { serverMs, atMs, aheadMs, errorMs } = measured;
    serverMetrics.clockSkew.set({ server }, aheadMs / 1000);
    const aheadSeconds = Math.round(aheadMs) / 1000;
    const isOff = Math.abs(aheadMs) > TOLERATED_MS + errorMs;
    const reading = { serverMs, atMs };
    if (isOff === off.has(server)) return reading;
    if (isOff) off.add(server);
    else off.delete(server);
    if (isOff) log.warn({ server, aheadSeconds }, 'the clock of this process differs from that of a server');
    else log.info({ server, aheadSeconds }, 'the clock of this process agrees with that of a server again');
    return reading;
  }

  /** The time of processes is that of the first shard's server, or of the next one that answers. */
  async function compareRedis(): Promise<void> {
    const readings = await Promise.allSettled(
      redis.servers().map((server, i) => {
        const name = i === 0 ? 'redis' : `redis of shard ${server.shards[0]}`;
        return compare(name, () => redisClockMs(server.redis));
      }),
    );
    const [read] = readings.flatMap((reading) => (reading.status === 'fulfilled' ? (reading.value ?? []) : []));
    lastRead = read ?? lastRead;
  }

  async function compareAll(): Promise<void> {
    // A server that does not answer is reported elsewhere: here the last measurement stays.
    await Promise.allSettled([compareRedis(), compare('postgres', () => postgresClockMs(prisma))]);
  }

  const first = compareAll();
  const noteFault = (fault: Error) => log.warn({ err: fault }, 'comparing clocks failed');
  const stop = loops.repeat('clocks compared', MEASURE_MS, compareAll, noteFault, { isVital: false });
  return {
    async stop(): Promise<void> {
      const ended = Promise.all([first, stop()]);
      await Promise.race([ended, sleep(STOP_MS, undefined, { ref: false })]); // a server may not answer
    },
  };
}
