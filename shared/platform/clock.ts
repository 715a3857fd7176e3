import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from './logger.ts';
import type { Loops } from './loops.ts';
import type { PrismaClient } from './prisma.ts';
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

/** The last reading of Redis' clock, and its time by this process' monotonic clock; undefined before the first one. */
let lastRead: { redisMs: number; atMs: number } | undefined;

/**
 * Milliseconds since 1970 by Redis' clock, as this process last read it: right to half of a round trip, without a call.
 * Before the first measurement it is this process' own clock.
 */
export const sharedNowMs = (): number =>
  lastRead === undefined ? Date.now() : Math.round(lastRead.redisMs + performance.now() - lastRead.atMs);

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
 * Measures at once, and every ten seconds, how far this process' clock is ahead of Redis' and of PostgreSQL's. A
 * difference is logged when it is first seen, and shown as a metric.
 *
 * @returns the function that ends it
 */
export function watchClock(deps: { redis: Redis; prisma: PrismaClient; loops: Loops; log: Logger }) {
  const { redis, prisma, loops, log } = deps;
  const off = new Set<string>();

  async function compare(server: 'redis' | 'postgres', readMs: () => Promise<number>): Promise<void> {
    const measured = await measure(readMs);
    if (measured === undefined) return;
    const { serverMs, atMs, aheadMs, errorMs } = measured;
    if (server === 'redis') lastRead = { redisMs: serverMs, atMs };
    serverMetrics.clockSkew.set({ server }, aheadMs / 1000);
    const aheadSeconds = Math.round(aheadMs) / 1000;
    const isOff = Math.abs(aheadMs) > TOLERATED_MS + errorMs;
    if (isOff === off.has(server)) return;
    if (isOff) off.add(server);
    else off.delete(server);
    if (isOff) log.warn({ server, aheadSeconds }, 'the clock of this process differs from that of a server');
    else log.info({ server, aheadSeconds }, 'the clock of this process agrees with that of a server again');
  }

  async function compareBoth(): Promise<void> {
    // A server that does not answer is reported elsewhere: here the last measurement stays.
    await Promise.allSettled([
      compare('redis', () => redisClockMs(redis)),
      compare('postgres', () => postgresClockMs(prisma)),
    ]);
  }

  const first = compareBoth();
  const noteFault = (fault: Error) => log.warn({ err: fault }, 'comparing clocks failed');
  const stop = loops.repeat('clocks compared', MEASURE_MS, compareBoth, noteFault, { isVital: false });
  return {
    async stop(): Promise<void> {
      const ended = Promise.all([first, stop()]);
      await Promise.race([ended, sleep(STOP_MS, undefined, { ref: false })]); // a server may not answer
    },
  };
}
