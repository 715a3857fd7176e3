import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { defaults } from '../../shared/config.ts';
import type { ErrorCode } from '../../shared/contract/codes.ts';
import { rejectedOutcome } from '../../shared/contract/tickets.ts';
import { writeOutcome } from '../../shared/domain/outcome-text.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { connectedShards, type RedisShards } from '../../shared/platform/redis.ts';
import { openShards } from '../../shared/stores/redis/connections.ts';
import { openReplicas, type Replicas } from '../../shared/stores/redis/replicas.ts';
import { type Reply, send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { startReplicatedRedis } from '../support/replicated-redis.ts';
import { useSystem } from '../support/system.ts';
import { newEvent, setRoom } from '../support/visitors.ts';

/*
 * A master of Redis fails, and a replica is promoted that has missed its last writes. Only replicas that were waited
 * for keep what was accepted.
 */

type Redis = Awaited<ReturnType<typeof startReplicatedRedis>>;

const p50 = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length / 2] ?? 0;

/** A system on a Redis with replicas, whose requests wait for so many of them. */
function useReplicatedSystem(waitReplicas: number) {
  let redis: Redis | undefined;
  const start = async () => {
    redis = await startReplicatedRedis();
    return redis.server;
  };
  const system = useSystem({ REDIS_WAIT_REPLICAS: waitReplicas, ZONES: 2, ROWS: 4 }, { redis: start });
  return { system, redis: () => redis as Redis };
}

/** Repeats a request while it is answered with 503: on a busy machine a replica may acknowledge too late. */
async function served(request: () => Promise<Reply>): Promise<Reply> {
  let reply = await request();
  await until(async () => {
    if (reply.status === 503) reply = await request();
    return reply.status !== 503;
  }, 60_000);
  return reply;
}

function buyersAt({ system }: ReturnType<typeof useReplicatedSystem>) {
  const hold = (key: string, wait = 0, url = system().url) =>
    send(url, 'POST', `/api/bookings?wait=${wait}`, { eventId: 1, userId: 1, count: 1 }, { 'idempotency-key': key });
  const newKeys = (count: number) => Array.from({ length: count }, () => randomUUID());
  const ticketOf = ({ body }: Reply) => String(body.ticketId);

  /** Sends requests, which have to be accepted. */
  async function acceptAll(keys: readonly string[], url = system().url): Promise<Reply[]> {
    const replies = await Promise.all(keys.map((key) => served(() => hold(key, 0, url))));
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 202));
    return replies;
  }

  /** How many accepted tickets Redis does not know. */
  async function gone(replies: readonly Reply[]): Promise<number> {
    const accepted = replies.filter(({ status }) => status === 202).map(ticketOf);
    if (accepted.length === 0) return 0;
    const { tickets } = await system().tickets.watch(0, '', accepted);
    return tickets.filter((ticket) => ticket === undefined).length;
  }
  return { hold, acceptAll, newKeys, gone };
}

describe('a connection that waits for replicas', () => {
  const log = createLogger({ LOG_LEVEL: 'silent' }, 'test');
  const config = { ...defaults, REDIS_WAIT_REPLICAS: 1 };
  let redis: Redis;
  let replicas: Replicas;
  let other: RedisShards;

  beforeEach(async () => {
    redis = await startReplicatedRedis();
    const redisUrl = redis.server.url;
    other = openShards({ redisUrl, shards: 1, role: 'worker', log });
    replicas = openReplicas({ config, redisUrl, role: 'worker', redis: other, log });
    await connectedShards(replicas.redis);
  });

  afterEach(async () => {
    replicas.close();
    other.disconnect();
    await redis.server.release();
  });

  test('confirms nothing where the connection is a new one since the writes: another master may answer', async () => {
    const replica = await redis.addReplica();
    const confirm = replicas.begin(0);
    await replicas.redis.of(0).set('seat', 'taken');
    await confirm();
    await redis.promote(replica);
    await redis.addReplica();
    await until(() => replicas.redis.of(0).status === 'ready', 60_000);
    await expect(confirm()).rejects.toThrow('the connection to Redis was lost meanwhile');
    const isCopied = () =>
      replicas
        .begin(0)()
        .then(
          () => true,
          () => false,
        );
    await until(isCopied, 60_000); // once the new replica has synced
  });

  test('waits also for what another connection wrote: a repeated request finds its ticket', async () => {
    const replica = await redis.addReplica();
    await replicas.begin(0)();
    await redis.cutOff(replica);
    await other.of(0).set('ticket', 'written by another process');
    const confirm = replicas.begin(0);
    expect(await replicas.redis.of(0).get('ticket')).not.toBeNull();
    await expect(confirm()).rejects.toThrow('0 of 1 replicas acknowledged');
  });
});

describe('a replica that missed the last writes is promoted', () => {
  describe('REDIS_WAIT_REPLICAS=0', () => {
    const used = useReplicatedSystem(0);
    const { acceptAll, newKeys, gone } = buyersAt(used);

    test('what was accepted meanwhile is gone', async () => {
      const replica = await used.redis().addReplica();
      await used.system().stopWorkers();
      await used.redis().cutOff(replica);
      const replies = await acceptAll(newKeys(20));
      await used.redis().promote(replica);
      await until(async () => used.system().redis.status === 'ready', 60_000);
      expect(await gone(replies)).toBe(20);
    });
  });

  describe('REDIS_WAIT_REPLICAS=1', () => {
    const used = useReplicatedSystem(1);
    const { hold, acceptAll, newKeys, gone } = buyersAt(used);

    test('nothing that was accepted is gone, and refused requests are booked once under their keys', async () => {
      const { system, redis } = used;
      const replica = await redis().addReplica();
      await system().stopWorkers();
      const before = await acceptAll(newKeys(10));

      await redis().cutOff(replica);
      const keys = newKeys(20);
      const refused = await Promise.all(keys.map((key) => hold(key)));
      for (const { status, body } of refused) expect([status, body.code]).toEqual([503, 'NOT_REPLICATED']);

      await redis().promote(replica);
      const next = await redis().addReplica();
      await until(async () => system().redis.status === 'ready', 60_000);
      expect(await gone(before)).toBe(0);
      await system().resumeWorkers();
      for (const key of keys) expect(await served(() => hold(key, 20))).toMatchObject({ status: 201 });
      await until(async () => (await system().prisma.booking.count()) === 30, 60_000);
      await redis().cutOff(next);
    });

    test('while no replica follows, requests and joins are refused and outcomes wait; then all goes on', async () => {
      const { system, redis } = used;
      const event = await newEvent(system().url);
      await setRoom(system().url, { mode: 'on' }, event);
      const join = () => send(system().url, 'POST', `/api/events/${event}/waiting-room`);
      const replica = await redis().addReplica();
      await until(async () => (await join()).status === 201, 60_000);
      const saved = new Set((await system().prisma.booking.findMany()).map(({ id }) => id));
      const newBookings = async () => (await system().prisma.booking.findMany()).filter(({ id }) => !saved.has(id));

      await redis().cutOff(replica);
      const [key] = newKeys(1) as [string];
      const refused = await hold(key);
      expect(refused).toMatchObject({ status: 503, body: { code: 'NOT_REPLICATED' } });
      expect(refused.body.detail).toMatch(/may still be booked.*Idempotency-Key/);
      expect(await join()).toMatchObject({ status: 503, body: { code: 'NOT_REPLICATED' } });

      // It is saved, and nobody learns of it: the master that takes over may decide otherwise.
      await until(async () => (await newBookings()).length === 1, 60_000);
      const [booking] = await newBookings();
      await sleep(1_500);
      expect(await system().outcomesOf([String(booking?.id)])).toEqual([undefined]);

      await redis().follow(replica);
      expect(await served(() => hold(key, 20))).toMatchObject({ status: 201, body: { id: booking?.id } });
      expect(await served(join)).toMatchObject({ status: 201 });
    });

    test('a change keeps the outcome that replicas have, although its job runs again on another state', async () => {
      const { tickets, outcomesOf } = used.system();
      await used.redis().addReplica();
      const ticketId = newTicketId(0);
      await tickets.accept(0, 'node', [{ ticketId, kind: 'extend' }], { maxQueued: 1_000, fresh: true });
      const refused = (code: ErrorCode) => new Map([[ticketId, writeOutcome(rejectedOutcome('extend', { code }))]]);
      await tickets.confirmChanges(0, refused('ALREADY_CONFIRMED'));
      const again = await tickets.confirmChanges(0, refused('HOLD_EXPIRED'));
      expect(await outcomesOf([ticketId])).toEqual([undefined]);
      await tickets.settle(0, again);
      expect(await outcomesOf([ticketId])).toMatchObject([{ code: 'ALREADY_CONFIRMED' }]);
    });

    test('a request that waits for a replica is accepted; prints how long both kinds take', async () => {
      await used.redis().addReplica();
      await used.system().stopWorkers();
      const without = await used.system().anotherApi();
      const timesMs: Record<'with' | 'without', number[]> = { with: [], without: [] };
      for (let pair = 0; pair < 300; pair += 1) {
        for (const [name, url] of [
          ['with', used.system().url],
          ['without', without.url],
        ] as const) {
          const startedAt = performance.now();
          await acceptAll(newKeys(1), url);
          timesMs[name].push(performance.now() - startedAt);
        }
      }
      await without.close();
      const [waited, unwaited] = [p50(timesMs.with), p50(timesMs.without)];
      process.stderr.write(`accepting, p50: ${unwaited.toFixed(1)} ms, with a replica ${waited.toFixed(1)} ms\n`);
    });
  });
});
