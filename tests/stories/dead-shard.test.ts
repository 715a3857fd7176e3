import { beforeAll, expect, test } from '@jest/globals';
import { shardOfEvent } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { useSystem } from '../support/system.ts';

const SHARDS = 2;
const system = useSystem({ SHARDS, ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 }, { redis: ownRedis });

const post = (path: string, body: unknown) => send(system().url, 'POST', path, body);
const hold = (eventId: number) => post('/api/bookings?wait=5', { eventId, userId: 1, count: 1 });
const statusOf = async (id: unknown) => (await send(system().url, 'GET', `/api/bookings/${id}`)).body.status;
const expireNow = (ids: unknown[]) =>
  system().prisma.$executeRaw`UPDATE booking SET expires_at = now() - interval '1 s' WHERE id = ANY(${ids}::uuid[])`;

/** Refuses every command on keys of shard 1, as a Redis that is gone would fail it. */
const kill = () => system().redis.call('ACL', 'SETUSER', 'default', 'resetkeys', '~{s0}*');
const revive = () => system().redis.call('ACL', 'SETUSER', 'default', 'allkeys');

/** One event in each shard. */
const events: number[] = [];
beforeAll(async () => {
  while (events[0] === undefined || events[1] === undefined) {
    const { body } = await post('/api/events', { name: 'Another', zones: [{ rows: 2, seatsPerRow: 10 }] });
    events[shardOfEvent(Number(body.id), SHARDS)] = Number(body.id);
  }
});

test('a dead shard costs its own events only, which go on once it is back', async () => {
  const [well = 0, dead = 0] = events;
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
    expect(problems).toContainEqual({ code: 'redis_not_writable', message: expect.stringContaining('shard 1') });
    expect(JSON.stringify(problems)).not.toMatch(/redis_down|shard 0|no_worker/);
  } finally {
    await revive();
  }
  await until(async () => (await hold(dead)).status === 201, 20_000);
  await until(async () => (await auditEvent(dead, system())).differences.length === 0, 20_000);
  expect(await statusOf(stranded)).toBe('EXPIRED');
});
