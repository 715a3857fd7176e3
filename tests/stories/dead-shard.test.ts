import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { shardOfEvent } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { keysOf } from '../../shared/stores/redis/keys.ts';
import { createReconcile } from '../../workers/reconcile.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { useSystem } from '../support/system.ts';
import { setRoom, visitorAt } from '../support/visitors.ts';

const SHARDS = 3;

/** A shard that does not die: work on all shards comes to the dead one first. */
const WELL = 2;

const system = useSystem({ SHARDS, ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 }, { redis: ownRedis });

const post = (path: string, body: unknown, headers?: Record<string, string>) =>
  send(system().url, 'POST', path, body, headers);

/** BullMQ pauses so long after a check for stalled jobs that failed, also where its worker is closed meanwhile. */
const CHECK_PAUSE_MS = 5_000;
afterAll(() => sleep(CHECK_PAUSE_MS)); // the process of this file ends after it

/** Each hold has another buyer, unless one is named: a buyer whose holds lapse has to wait. */
let buyers = 0;
const nextBuyer = () => {
  buyers += 1;
  return buyers;
};
const hold = (eventId: number, { url = system().url, headers = {}, userId = nextBuyer() } = {}) =>
  send(url, 'POST', '/api/bookings?wait=5', { eventId, userId, count: 1 }, headers);
const statusOf = async (id: unknown) => (await send(system().url, 'GET', `/api/bookings/${id}`)).body.status;
const expireNow = (ids: unknown[]) =>
  system().prisma.$executeRaw`UPDATE booking SET expires_at = now() - interval '1 s' WHERE id = ANY(${ids}::uuid[])`;

/** Refuses every command on keys of a shard, as a Redis that is gone would fail it. */
const kill = (dead: number) => {
  const others = Array.from({ length: SHARDS }, (_, shard) => shard).filter((shard) => shard !== dead);
  return system().redis.call('ACL', 'SETUSER', 'default', 'resetkeys', ...others.map((shard) => `~{s${shard}}*`));
};
const revive = () => system().redis.call('ACL', 'SETUSER', 'default', 'allkeys');

/** One event in each shard. That of the well one was created last. */
const events: number[] = [];
beforeAll(async () => {
  while (Object.keys(events).length < SHARDS) {
    const { body } = await post('/api/events', { name: 'Another', zones: [{ rows: 4, seatsPerRow: 10 }] });
    const shard = shardOfEvent(Number(body.id), SHARDS);
    if (shard !== WELL || Object.keys(events).length === SHARDS - 1) events[shard] = Number(body.id);
  }
});

describe.each([
  ['shard 1', 1],
  ['shard 0, which has what all share', 0],
])('%s is dead', (_name, DEAD) => {
  test('it costs its own events only, which go on once it is back', async () => {
    const [dead = 0, well = 0] = [events[DEAD], events[WELL]];
    const [lapsing, stranded] = [(await hold(well)).body.id, (await hold(dead)).body.id];
    await kill(DEAD);
    try {
      const held = await hold(well);
      expect(held).toMatchObject({ status: 201, body: { status: 'PENDING' } });
      expect(await post(`/api/bookings/${held.body.id}/confirm?wait=5`, { userId: buyers })).toMatchObject({
        status: 200,
      });
      expect(await hold(dead)).toMatchObject({ status: 503 });
      expect(await send(system().url, 'GET', `/api/seats/map?eventId=${dead}`)).toMatchObject({ status: 503 });
      expect(await send(system().url, 'GET', `/api/seats/map?eventId=${well}`)).toMatchObject({ status: 200 });

      await expireNow([stranded]);
      await expireNow([lapsing]);
      await until(async () => (await statusOf(lapsing)) === 'EXPIRED', 10_000);
      const later = (await hold(well)).body.id;
      await expireNow([later]); // while seats of the dead shard cannot be freed
      await until(async () => (await statusOf(later)) === 'EXPIRED', 10_000);
      await until(async () => (await auditEvent(well, system())).differences.length === 0, 10_000);

      const ready = await send(system().url, 'GET', '/readyz');
      expect(ready).toMatchObject({ status: 200, body: { status: 'ok', notWritable: [DEAD] } });
      const seats = ['1-4-10'];
      for (const act of ['block', 'unblock'])
        expect(await post(`/api/events/${well}/${act}`, { seats })).toMatchObject({
          status: 200,
          body: { changed: 1 },
        });
      const countTry = () => system().users.countLogin('anna@example.org', 'one', 9);
      expect([await countTry(), await countTry()]).toMatchObject([{ ofEmail: 1 }, { ofClient: 2, ofEmail: 2 }]);
      await system().users.forgetLogins('anna@example.org', 'one');
      const { problems } = (await send(system().url, 'GET', '/healthz/pipeline')).body;
      expect(problems).toContainEqual({
        code: 'redis_not_writable',
        message: expect.stringContaining(`shard ${DEAD}`),
      });
      expect(problems).toHaveLength(1);
    } finally {
      await revive();
    }
    await until(async () => (await hold(dead)).status === 201, 20_000);
    await until(async () => (await auditEvent(dead, system())).differences.length === 0, 20_000);
    expect(await statusOf(stranded)).toBe('EXPIRED');
  });

  test('a worker and an API that start work for the other shards, and for it once it is back', async () => {
    const [dead = 0, well = 0] = [events[DEAD], events[WELL]];
    for (const event of [dead, well]) await setRoom(system().url, { mode: 'on', challenge: 'off' }, event);
    await kill(DEAD);
    let api: Awaited<ReturnType<ReturnType<typeof system>['anotherApi']>> | undefined;
    try {
      await system().stopWorkers();
      await system().resumeWorkers();
      api = await system().anotherApi();
      const { url } = api;
      const visitor = visitorAt(url, well);
      await visitor.join();
      const headers = await visitor.admitted();
      const held = await hold(well, { url, headers });
      expect(held).toMatchObject({ status: 201, body: { status: 'PENDING' } });
      await expireNow([held.body.id]);
      await until(async () => (await statusOf(held.body.id)) === 'EXPIRED', 10_000);
      expect(await send(url, 'GET', '/readyz')).toMatchObject({ status: 200 });
      await revive();
      await visitorAt(url, dead).join();
      for (const event of [dead, well]) await setRoom(system().url, { mode: 'off' }, event);
      await until(async () => (await hold(dead, { url })).status === 201, 20_000);
      const facts = async () => (await send(url, 'GET', '/healthz/pipeline')).body;
      await until(async () => (await facts()).workersAlive === 1, 10_000);
      await until(async () => (await facts()).status === 'ok', 10_000);
    } finally {
      await revive();
      await api?.close();
    }
  });

  test('I5: a key leads to one ticket, and another request with it is refused', async () => {
    const well = events[WELL] ?? 0;
    const other = events.find((_event, shard) => shard !== WELL && shard !== DEAD) ?? 0;
    const keys = Array.from({ length: 6 }, () => ({ 'idempotency-key': randomUUID() })); // their homes are all shards
    const earlier = await hold(other, { headers: keys[0], userId: 1 });
    await kill(DEAD);
    try {
      expect(await hold(well, { headers: keys[0], userId: 1 })).toMatchObject({ status: 422 });
      expect((await hold(other, { headers: keys[0], userId: 1 })).body.id).toBe(earlier.body.id);
      for (const headers of keys.slice(1)) {
        const held = await hold(well, { headers, userId: 1 });
        expect(held).toMatchObject({ status: 201 });
        expect((await hold(well, { headers, userId: 1 })).body.id).toBe(held.body.id);
        expect(await hold(other, { headers, userId: 1 })).toMatchObject({
          status: 422,
          body: { code: 'IDEMPOTENCY_MISMATCH' },
        });
      }
      const refused = await post(
        '/api/bookings?wait=5',
        { eventId: well, userId: 999_999, count: 1 },
        { 'idempotency-key': randomUUID() },
      );
      expect(refused).toMatchObject({ status: 404 });
    } finally {
      await revive();
    }
  });

  test('sweeping and reconciling go on in the other shards', async () => {
    const [dead = 0, well = 0] = [events[DEAD], events[WELL]];
    const sold = (await hold(well)).body;
    const queue = new Queue('control', { connection: system().redis, prefix: keysOf(WELL).tag });
    const reconcile = createReconcile({ ...system(), shards: SHARDS });
    await kill(DEAD);
    try {
      await queue.add('expire', {}, { delay: 3_600_000, removeOnComplete: true }); // as by a clock that is ahead
      await until(async () => (await queue.getDelayedCount()) === 0, 10_000);
      await system().redis.setbit(`{s${WELL}}:seats:${well}:1:${sold.row}`, Number(sold.startIndex), 0);
      const isDead = (fault: Error) => expect(fault.message).toContain('NOPERM');
      for (let runs = 0; runs < 6; runs += 1) await reconcile({ minAgeMs: 0, equalPauseMs: 0 }).catch(isDead);
      expect((await auditEvent(well, system())).differences).toEqual([]);
    } finally {
      await revive();
      await queue.close();
    }
    await until(async () => (await auditEvent(dead, system())).differences.length === 0, 20_000);
  });
});
