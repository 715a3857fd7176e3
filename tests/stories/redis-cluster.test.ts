import { beforeAll, expect, test } from '@jest/globals';
import type { RedisCluster } from '../../loadtest/kit/redis-cluster.ts';
import { settings } from '../../shared/config.ts';
import { groupBy } from '../../shared/domain/group-by.ts';
import { shardOfEvent } from '../../shared/domain/ticket-id.ts';
import { connectedShards } from '../../shared/platform/redis.ts';
import { openShards } from '../../shared/stores/redis/connections.ts';
import { keysOf } from '../../shared/stores/redis/keys.ts';
import { requireUsableRedis } from '../../shared/telemetry/server-settings.ts';
import { openSocket, type Reply, send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { ownCluster } from '../support/redis-cluster.ts';
import { useSystem } from '../support/system.ts';
import { setRoom, visitorAt } from '../support/visitors.ts';

const SHARDS = 6;
const EVENTS = 12;

let cluster: RedisCluster;

const system = useSystem(
  { SHARDS, AUTH: 'off' },
  {
    async redis() {
      const server = await ownCluster();
      cluster = server.cluster;
      return server;
    },
  },
);

/** Events, by shard: each has one. */
const eventIn: number[] = [];

beforeAll(async () => {
  for (let i = 0; i < EVENTS; i += 1) {
    const zones = [{ rows: 20, seatsPerRow: 50, price: 100 }];
    const { body } = await send(system().url, 'POST', '/api/events', { name: `Event ${i}`, zones });
    eventIn[shardOfEvent(Number(body.id), SHARDS)] = Number(body.id);
  }
  expect(Object.keys(eventIn)).toHaveLength(SHARDS);
});

let buyer = 0;
function book(shard: number, headers: Record<string, string> = {}): Promise<Reply> {
  buyer += 1;
  const body = { eventId: eventIn[shard], userId: headers['idempotency-key'] === undefined ? buyer : 1, count: 2 };
  return send(system().url, 'POST', '/api/bookings?wait=20', body, headers);
}

const tagOf = (shard: number): string => keysOf(shard).tag;

/** The shards by their masters. */
async function shardsByMaster(): Promise<Map<string, number[]>> {
  const byMaster = new Map<string, number[]>();
  for (let shard = 0; shard < SHARDS; shard += 1) {
    const { id } = await cluster.masterOf(tagOf(shard));
    byMaster.set(id, [...(byMaster.get(id) ?? []), shard]);
  }
  return byMaster;
}

const isBooked = async (shard: number): Promise<boolean> => (await book(shard)).status === 201;

test('each master has two of six shards, and events of all are sold', async () => {
  expect([...(await shardsByMaster()).values()].map((shards) => shards.length)).toEqual([2, 2, 2]);
  for (let shard = 0; shard < SHARDS; shard += 1) expect(await isBooked(shard)).toBe(true);
  const { body } = await send(system().url, 'GET', '/healthz/pipeline');
  expect(body).toMatchObject({ status: 'ok', notWritable: [] });
});

test('connections are bounded: one of each role to the master of a shard, one for each of its queues', async () => {
  const names: string[] = [];
  for (const { redis } of cluster.nodes) {
    const clients = String(await redis.client('LIST'));
    names.push(...[...clients.matchAll(/ name=(frontrow-\w+|\{s)/g)].map(([, name = '']) => name));
  }
  const counts = Object.fromEntries([...groupBy(names, (name) => name)].map(([name, { length }]) => [name, length]));
  const roles = { 'frontrow-producer': SHARDS, 'frontrow-subscriber': SHARDS, 'frontrow-worker': SHARDS };
  expect(counts).toEqual({ ...roles, '{s': 2 * SHARDS });
});

test('a key that was used in one shard is refused in another, and repeated it answers the same', async () => {
  const key = { 'idempotency-key': 'a key of more than sixteen characters' };
  const first = await book(1, key);
  const repeated = await book(1, key);
  expect([first.status, repeated.status, repeated.body.id]).toEqual([201, 201, first.body.id]);
  expect((await book(4, key)).body.code).toBe('IDEMPOTENCY_MISMATCH');
});

test('a socket gets outcomes and seats of every shard', async () => {
  for (let shard = 0; shard < SHARDS; shard += 1) {
    const socket = await openSocket(system().url);
    socket.send({ type: 'watch', eventId: eventIn[shard] });
    expect(await socket.next()).toMatchObject({ type: 'watching', eventId: eventIn[shard] });
    expect(await isBooked(shard)).toBe(true);
    expect(await socket.next()).toMatchObject({ type: 'seats', eventId: eventIn[shard] });
    socket.close();
  }
});

test('while no server has shard 0, holds of the others expire, visitors are admitted, processes start', async () => {
  const master = await cluster.masterOf(tagOf(0));
  const replica = cluster.nodes[cluster.nodes.indexOf(master) + 3] as (typeof cluster.nodes)[number];
  const dead = (await shardsByMaster()).get(master.id) ?? [];
  const living = [0, 1, 2, 3, 4, 5].find((shard) => !dead.includes(shard)) as number;
  const held = (await book(living)).body.id;
  for (const node of [replica, master]) await cluster.kill(node);

  const { prisma, url } = system();
  await prisma.$executeRaw`UPDATE booking SET expires_at = now() - interval '1 s' WHERE id = ${held}::uuid`;
  const statusOf = async (id: unknown) => (await send(url, 'GET', `/api/bookings/${id}`)).body.status;
  await until(async () => (await statusOf(held)) === 'EXPIRED', 60_000);
  await setRoom(url, { mode: 'on', challenge: 'off' }, eventIn[living]);
  const visitor = visitorAt(url, eventIn[living] as number);
  await visitor.join();
  await visitor.admitted();
  await setRoom(url, { mode: 'off' }, eventIn[living]);
  const other = await system().anotherApi();
  const wish = { eventId: eventIn[living], userId: 1_000, count: 1 };
  expect((await send(other.url, 'POST', '/api/bookings?wait=20', wish)).status).toBe(201);
  await other.close();

  // Some of these keys are bound in a shard that is dead, too. A refusal shortens how long they are remembered.
  const [taken = ''] = (await book(living)).body.seats as string[];
  const refused = await Promise.all(
    Array.from({ length: 12 }, (_, i) => {
      const again = { eventId: eventIn[living], userId: 2_000 + i, seatNumber: taken };
      return send(url, 'POST', '/api/bookings?wait=20', again, {
        'idempotency-key': `key number ${i} of a refused one`,
      });
    }),
  );
  expect(refused.map(({ body }) => body.code)).toEqual(refused.map(() => 'SEAT_TAKEN'));
  // After more than ten seconds the API is ready: the loops of its own turn. Those of workers wait for the shard.
  const { stalledLoops } = (await send(url, 'GET', '/healthz/pipeline')).body;
  expect((stalledLoops as string[]).filter((loop) => !/worker of/.test(loop))).toEqual([]);

  for (const node of [master, replica]) await cluster.restart(node);
  await cluster.untilWhole();
  for (const shard of dead) await until(() => isBooked(shard), 60_000);
});

test('a master that dies costs its shards alone, until its replica rules; live seats go on there too', async () => {
  const master = await cluster.masterOf(tagOf(0));
  const dead = (await shardsByMaster()).get(master.id) ?? [];
  const living = [0, 1, 2, 3, 4, 5].filter((shard) => !dead.includes(shard));
  expect(dead).toHaveLength(2);
  const socket = await openSocket(system().url);
  socket.send({ type: 'watch', eventId: eventIn[dead[1] as number] });
  await socket.next();

  await cluster.kill(master);
  expect((await book(dead[1] as number)).body.code).toBe('UNAVAILABLE');
  for (const shard of living) expect(await isBooked(shard)).toBe(true);
  const login = { email: 'nobody@example.com', password: 'wrong-password' };
  expect((await send(system().url, 'POST', '/api/users/login', login)).status).toBe(401); // counted in shard 1
  expect((await send(system().url, 'GET', '/readyz')).status).toBe(200);

  for (const shard of dead) await until(() => isBooked(shard), 60_000);
  const seen: unknown[] = [];
  await until(async () => {
    seen.push((await socket.next()).type);
    return seen.includes('seats') || seen.includes('reload');
  }, 60_000);
  socket.close();
  await cluster.restart(master);
  await cluster.untilWhole();
  for (let shard = 0; shard < SHARDS; shard += 1) await until(() => isBooked(shard), 60_000);
});

test('while a slot moves its shard answers later at the most, the others as ever, and then all as before', async () => {
  const moving = cluster.moveSlotOf(tagOf(2), 2_000).catch((fault: unknown) => fault);
  let isMoved = false;
  void moving.then(() => {
    isMoved = true;
  });
  const answers = new Set<unknown>();
  while (!isMoved) {
    const [moved, other] = await Promise.all([book(2), book(3)]);
    answers.add(moved.status === 201 ? 'booked' : moved.body.code);
    expect(other.status).toBe(201);
  }
  expect(['as one', 'key by key']).toContain(await moving);
  for (const answer of answers) expect(['booked', 'UNAVAILABLE', undefined]).toContain(answer);
  await until(() => isBooked(2), 60_000);
  const channels = async () =>
    (await (await cluster.masterOf(tagOf(2))).redis.pubsub('SHARDCHANNELS')) as readonly string[];
  await until(async () => (await channels()).includes(keysOf(2).rooms), 60_000);
  const audit = await send(system().url, 'POST', `/admin/audit?eventId=${eventIn[2]}`);
  expect(audit.body.events).toMatchObject([{ eventId: eventIn[2], differences: 0 }]);
});

test('a node of a cluster is no single server; its address names neither Sentinels nor a database', async () => {
  const { log } = system();
  const alone = openShards({ redisUrl: cluster.url.replace(/\?.*/, ''), shards: 1, role: 'worker', log });
  await connectedShards(alone);
  await expect(requireUsableRedis(settings.parse({}), alone)).rejects.toThrow('Add `?cluster` to the address.');
  alone.disconnect();
  const opening = (address: string) => () => openShards({ redisUrl: address, shards: 1, role: 'worker', log });
  const both = opening('redis://a:1?cluster=b:2&sentinels=c:3');
  expect(both).toThrow('REDIS_URL: name Sentinels or a cluster, not both');
  expect(opening('redis://a:1/2?cluster')).toThrow('REDIS_URL: a cluster has database 0 only');
});
