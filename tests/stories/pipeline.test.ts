import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { pipelineView } from '../../shared/contract/pipeline.ts';
import { newTicketId, shardOfTicket } from '../../shared/domain/ticket-id.ts';
import { type Client, connectPostgres } from '../../shared/platform/postgres.ts';
import { keysOf, keysOfQueue } from '../../shared/stores/redis/keys.ts';
import { SCHEDULES } from '../../shared/stores/redis/pipeline.ts';
import { openSocket, send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ SHARDS: 2, ZONES: 1, ROWS: 4, SEATS_PER_ROW: 20 }, { redis: ownRedis });

const reserve = (query = '') => send(system().url, 'POST', `/reserve${query}`, { count: 1 });
const ready = async () => (await send(system().url, 'GET', '/readyz')).status;

async function pipeline() {
  const { status, body } = await send(system().url, 'GET', '/healthz/pipeline');
  return { answer: status, ...pipelineView.parse(body) };
}

/** Waits until the pipeline reports exactly these kinds of problems, for as long as they may take to show. */
async function shows(...codes: string[]): Promise<void> {
  let last: unknown;
  const areShown = async () => {
    const { problems } = await pipeline();
    last = problems;
    return [...new Set(problems.map(({ code }) => code))].join() === codes.join();
  };
  await until(areShown, 15_000, () => JSON.stringify(last));
  expect((await pipeline()).answer).toBe(codes.length === 0 ? 200 : 503);
}

/** Runs commands on a separate connection. */
async function withRedis(act: (redis: Redis) => Promise<unknown>): Promise<void> {
  const redis = new Redis(system().redisUrl);
  await act(redis).finally(() => redis.disconnect());
}

async function withPostgres(database: string, act: (client: Client) => Promise<unknown>): Promise<void> {
  const url = new URL(system().databaseUrl);
  url.pathname = `/${database}`;
  const client = await connectPostgres({ connectionString: url.href });
  await act(client).finally(() => client.end());
}

test('a healthy node is ready and reports no problem', async () => {
  await shows();
  expect(await pipeline()).toMatchObject({ redisUp: true, postgresUp: true, workersAlive: 1, stalledLoops: [] });
  expect((await pipeline()).queues).toHaveLength(4);
});

test('without workers a node is ready, accepts, and reports it; accepted requests are booked later', async () => {
  await system().stopWorkers();
  const { status, body } = await reserve();
  expect(status).toBe(201);
  await shows('no_worker');
  expect(await ready()).toBe(200);
  await system().resumeWorkers();
  await shows();
  const { body: ticket } = await send(system().url, 'GET', `/api/tickets/${body.ticketId}?wait=20`);
  expect(ticket.status).toBe('booked');
});

test('without workers no surface sends an estimate, and each one gives the reason', async () => {
  const { url } = system();
  await send(url, 'PUT', '/api/events/1/waiting-room', { mode: 'off' });
  const { body: event } = await send(url, 'POST', '/api/events', {
    name: 'A line',
    zones: [{ rows: 2, seatsPerRow: 5 }],
  });
  await send(url, 'PUT', `/api/events/${event.id}/waiting-room`, { mode: 'on', paused: true });
  const { body: joined } = await send(url, 'POST', `/api/events/${event.id}/waiting-room`, {});
  await system().stopWorkers();
  await shows('no_worker');
  const stopped = {
    stopped: true,
    message: 'Booking is paused: nothing is being booked right now. Your request is kept.',
  };
  await until(async () => (await reserve()).body.stopped === true, 10_000);
  const compat = (await reserve()).body;
  const held = (await send(url, 'POST', '/api/bookings', { eventId: 1, userId: 1, count: 1 })).body;
  const polled = (await send(url, 'GET', `/api/tickets/${held.ticketId}`)).body;
  const socket = await openSocket(url);
  socket.send({ type: 'subscribe', ticketId: held.ticketId });
  for (const answer of [compat, held, polled, await socket.next()]) {
    expect(answer).toMatchObject({ status: 'queued', ...stopped });
    expect(answer).not.toHaveProperty('etaSeconds');
  }
  socket.close();
  const visitor = { 'x-visitor-token': String(joined.visitorToken) };
  const place = (await send(url, 'GET', `/api/events/${event.id}/waiting-room`, undefined, visitor)).body;
  expect(place).toMatchObject({ status: 'waiting', stopped: true, message: expect.stringContaining('no worker') });
  expect(place).not.toHaveProperty('wait');
  await system().resumeWorkers();
  await until(async () => (await reserve()).body.etaSeconds !== undefined, 10_000);
});

test('without PostgreSQL a node is ready, and reports it', async () => {
  const database = new URL(system().databaseUrl).pathname.slice(1);
  await withPostgres('postgres', async (client) => {
    await client.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`);
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [database]);
    await until(async () => (await pipeline()).problems.some(({ code }) => code === 'postgres_down'), 15_000);
    expect(await ready()).toBe(200);
    const { status, body } = await reserve();
    expect(status).toBe(201);
    const ticket = async () => (await send(system().url, 'GET', `/api/tickets/${body.ticketId}`)).body;
    await until(async () => (await ticket()).stopped === true, 20_000);
    expect(await ticket()).not.toHaveProperty('etaSeconds');
    await client.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`);
  });
  await shows();
});

test('a node is not ready while its Redis takes no writes: read-only, full or paused', async () => {
  const outages: [begin: (redis: Redis) => Promise<unknown>, end: (redis: Redis) => Promise<unknown>][] = [
    [(redis) => redis.call('REPLICAOF', '127.0.0.1', '1'), (redis) => redis.call('REPLICAOF', 'NO', 'ONE')],
    [(redis) => redis.config('SET', 'maxmemory', '1'), (redis) => redis.config('SET', 'maxmemory', '0')],
    [(redis) => redis.call('CLIENT', 'PAUSE', '60000', 'WRITE'), (redis) => redis.call('CLIENT', 'UNPAUSE')],
  ];
  for (const [begin, end] of outages) {
    await withRedis(async (redis) => {
      await begin(redis);
      await until(async () => (await ready()) === 503, 15_000);
      await until(async () => (await pipeline()).problems.some(({ code }) => code.startsWith('redis')), 15_000);
      await end(redis);
    });
    await until(async () => (await ready()) === 200, 15_000);
    await shows();
  }
});

test('a paused queue of any kind is reported, and the node is ready', async () => {
  for (const queue of ['control', 'booking'] as const) {
    const { meta } = keysOfQueue(1, queue);
    await system().redis.hset(meta, 'paused', 1);
    await shows('queue_paused');
    expect((await pipeline()).problems[0]?.message).toContain(`${queue} queue of shard 1`);
    expect(await ready()).toBe(200);
    await system().redis.hdel(meta, 'paused');
    await shows();
  }
});

test('an expiry that does not run is reported even if every worker is alive', async () => {
  const database = new URL(system().databaseUrl).pathname.slice(1);
  await withPostgres(database, async (holder) => {
    await holder.query(`SELECT pg_advisory_lock(hashtext('frontrow turn'), hashtext('expire'))`);
    await holder.query(`
      INSERT INTO booking (id, event_id, status, seats, expires_at)
      VALUES ('${newTicketId(0)}', 1, 'PENDING', '{}', clock_timestamp())`);
    await system().redis.hset(keysOf(0).progress, 'expire', 1);
    await shows('schedule_stopped');
    expect((await pipeline()).problems[0]?.message).toContain('"expire"');
    expect(await ready()).toBe(200);
  });
  await shows();
});

test('schedules of the version before, which are jobs, are removed', async () => {
  const queue = new Queue('control', { connection: system().redis, prefix: keysOf(0).tag });
  for (const name of ['expire', 'sweep', 'reconcile'])
    await queue.upsertJobScheduler(name, { every: 500 }, { name, data: {}, opts: { removeOnComplete: true } });
  await until(async () => (await queue.getJobSchedulersCount()) === 0, 15_000);
  await until(async () => (await queue.getJobCountByTypes('waiting', 'active', 'delayed', 'failed')) === 0, 15_000);
  await queue.close();
  await shows();
});

test('turns that Redis would keep for an hour, because its clock was set back, end soon', async () => {
  const turns = SCHEDULES.map(({ name, everyMs }) => ({ key: `${keysOf(0).turnStem}${name}`, everyMs }));
  const { redis } = system();
  for (const { key } of turns) await redis.set(key, '1', 'PX', 3_600_000);
  for (const { key, everyMs } of turns) await until(async () => (await redis.pttl(key)) <= everyMs, 15_000);
});

test('a stalled loop of a worker is reported', async () => {
  const { workersStalled } = keysOf(0);
  await system().redis.zadd(workersStalled, Date.now() + 60_000, 'worker 7 visitors admitted');
  await shows('loop_stalled');
  expect((await pipeline()).stalledLoops).toEqual(['worker 7 visitors admitted']);
  await system().redis.zrem(workersStalled, 'worker 7 visitors admitted');
  await shows();
});

test('an unreadable job is set aside, blocks nothing, and runs once a newer worker can read it', async () => {
  await system().stopWorkers();
  const { body } = await reserve();
  const shard = shardOfTicket(String(body.ticketId), 2) ?? 0;
  const { jobStem, waiting, delayed, unreadable } = keysOfQueue(shard, 'booking');
  const [jobId = ''] = await system().redis.lrange(waiting, 0, -1);
  const data = String(await system().redis.hget(`${jobStem}${jobId}`, 'data'));
  const { requests } = JSON.parse(data) as { requests: object[] };
  const ofTomorrow = { requests: requests.map((request) => ({ ...request, ofTomorrow: true })) };
  await system().redis.hset(`${jobStem}${jobId}`, 'data', JSON.stringify(ofTomorrow));
  await system().resumeWorkers();
  await shows('job_unreadable');
  expect(await ready()).toBe(200);
  expect(await system().redis.llen(waiting)).toBe(0);
  expect(await system().redis.zcard(delayed)).toBe(0);
  expect(await reserve('?wait=20')).toMatchObject({ status: 200 });
  const setAsideAt = await system().redis.zscore(unreadable, jobId);
  await sleep(3_000);
  expect(await system().redis.zscore(unreadable, jobId)).toBe(setAsideAt); // no worker retries it in a loop
  const ticket = async () => (await send(system().url, 'GET', `/api/tickets/${body.ticketId}?wait=15`)).body;
  expect(await system().outcomesOf([String(body.ticketId)])).toEqual([undefined]);

  await system().stopWorkers();
  await system().redis.hset(`${jobStem}${jobId}`, 'data', data); // as a newer worker would read it
  await system().resumeWorkers();
  expect((await ticket()).status).toBe('booked');
  await shows();
});
