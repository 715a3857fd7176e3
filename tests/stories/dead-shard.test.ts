import { beforeAll, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { shardOfEvent } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { keysOf } from '../../shared/stores/redis/keys.ts';
import { createReconcile } from '../../workers/reconcile.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { useSystem } from '../support/system.ts';

const SHARDS = 3;

/** The shard that dies, and one that does not: work on all shards comes to the dead one first. */
const [DEAD, WELL] = [1, 2];

const system = useSystem({ SHARDS, ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 }, { redis: ownRedis });

const post = (path: string, body: unknown) => send(system().url, 'POST', path, body);
const hold = (eventId: number) => post('/api/bookings?wait=5', { eventId, userId: 1, count: 1 });
const statusOf = async (id: unknown) => (await send(system().url, 'GET', `/api/bookings/${id}`)).body.status;
const expireNow = (ids: unknown[]) =>
  system().prisma.$executeRaw`UPDATE booking SET expires_at = now() - interval '1 s' WHERE id = ANY(${ids}::uuid[])`;

/** Refuses every command on keys of the dead shard, as a Redis that is gone would fail it. */
const kill = () => system().redis.call('ACL', 'SETUSER', 'default', 'resetkeys', '~{s0}*', `~{s${WELL}}*`);
const revive = () => system().redis.call('ACL', 'SETUSER', 'default', 'allkeys');

/** One event in each shard. That of the dead one was created before that of the other. */
const events: number[] = [];
beforeAll(async () => {
  while (events[DEAD] === undefined || events[WELL] === undefined) {
    const { body } = await post('/api/events', { name: 'Another', zones: [{ rows: 2, seatsPerRow: 10 }] });
    const shard = shardOfEvent(Number(body.id), SHARDS);
    if (shard !== WELL || events[DEAD] !== undefined) events[shard] = Number(body.id);
  }
});

test('a dead shard costs its own events only, which go on once it is back', async () => {
  const [dead = 0, well = 0] = [events[DEAD], events[WELL]];
  const [lapsing, stranded] = [(await hold(well)).body.id, (await hold(dead)).body.id];
  await kill();
  try {
    const held = await hold(well);
    expect(held).toMatchObject({ status: 201, body: { status: 'PENDING' } });
    expect(await post(`/api/bookings/${held.body.id}/confirm?wait=5`, { userId: 1 })).toMatchObject({ status: 200 });
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

    expect(await send(system().url, 'GET', '/readyz')).toMatchObject({ status: 200 });
    const { problems } = (await send(system().url, 'GET', '/healthz/pipeline')).body;
    expect(problems).toContainEqual({ code: 'redis_not_writable', message: expect.stringContaining(`shard ${DEAD}`) });
    expect(JSON.stringify(problems)).not.toMatch(/redis_down|shard 0|no_worker/);
  } finally {
    await revive();
  }
  await until(async () => (await hold(dead)).status === 201, 20_000);
  await until(async () => (await auditEvent(dead, system())).differences.length === 0, 20_000);
  expect(await statusOf(stranded)).toBe('EXPIRED');
});

test('sweeping and reconciling go on in the other shards', async () => {
  const [dead = 0, well = 0] = [events[DEAD], events[WELL]];
  const sold = (await hold(well)).body;
  const queue = new Queue('control', { connection: system().redis, prefix: keysOf(WELL).tag });
  const reconcile = createReconcile({ ...system(), shards: SHARDS });
  await kill();
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
