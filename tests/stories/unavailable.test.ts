import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { asApiError } from '../../api/http/errors.ts';
import { freePort } from '../../local/embedded/free-port.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { ConnectionFault, isUnavailable, REDIS_LATER } from '../../shared/platform/faults.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { openPrisma, type PrismaClient } from '../../shared/platform/prisma.ts';
import { connected, openRedis } from '../../shared/platform/redis.ts';
import { send } from '../support/client.ts';
import { newCluster } from '../support/databases.ts';
import { until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 2, ROWS: 2, SEATS_PER_ROW: 10, LOG_LEVEL: 'error' }, { redis: ownRedis });

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Opens a connection that changes Redis' settings. */
async function operatorOfRedis(): Promise<Redis> {
  const redis = new Redis(system().redisUrl);
  closing.push(() => redis.disconnect());
  await redis.ping();
  return redis;
}

/** Starts a TCP server that handles every connection with `meet`. @returns its port */
async function fakeServer(meet: (socket: Socket) => unknown): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    meet(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

const faultOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'there was none',
    (fault: unknown) => fault,
  );

describe('each answer of Redis that means "later" is a 503', () => {
  /** Brings Redis into a state. The result restores it. */
  type Case = [what: string, set: (redis: Redis) => Promise<() => Promise<unknown>>];
  const config =
    (...pairs: [name: string, value: string, before: string][]) =>
    async (redis: Redis) => {
      for (const [name, value] of pairs) await redis.config('SET', name, value);
      return async () => {
        for (const [name, , before] of pairs) await redis.config('SET', name, before);
      };
    };
  const cases: Case[] = [
    ['NOREPLICAS', config(['min-replicas-to-write', '3', '0'])],
    [
      'READONLY',
      async (redis) => {
        await redis.replicaof('127.0.0.1', 1);
        return () => redis.replicaof('NO', 'ONE');
      },
    ],
    [
      'MASTERDOWN',
      async (redis) => {
        await redis.config('SET', 'replica-serve-stale-data', 'no');
        await redis.replicaof('127.0.0.1', 1);
        return async () => {
          await redis.replicaof('NO', 'ONE');
          await redis.config('SET', 'replica-serve-stale-data', 'yes');
        };
      },
    ],
    [
      'BUSY',
      async (redis) => {
        await redis.config('SET', 'busy-reply-threshold', 1);
        const busy = await operatorOfRedis();
        // This script fails when the test kills it.
        const script = busy.eval('while true do end', 0).catch(() => undefined);
        await sleep(100);
        return async () => {
          await redis.script('KILL');
          await script;
          await redis.config('SET', 'busy-reply-threshold', 5_000);
        };
      },
    ],
    [
      'NOPERM',
      async (redis) => {
        await redis.call('ACL', 'SETUSER', 'default', '-@all', '+acl', '+config', '+ping', '+client', '+info');
        return () => redis.call('ACL', 'SETUSER', 'default', '+@all');
      },
    ],
    ['OOM', config(['maxmemory', '1', '0'])],
  ];

  const READS_FAIL = ['MASTERDOWN', 'BUSY', 'NOPERM'];

  test.each(cases)('%s', async (what, set) => {
    const { url } = system();
    const restore = await set(await operatorOfRedis());
    const answers = await Promise.all([
      send(url, 'POST', '/api/bookings', { userId: 1, eventId: 1, count: 1 }),
      send(url, 'POST', '/api/users/login', { email: 'a@b.test', password: 'a password' }),
      ...(READS_FAIL.includes(what)
        ? [send(url, 'GET', `/api/tickets/${newTicketId(0)}`), send(url, 'GET', '/api/seats/map?eventId=1')]
        : []),
    ]).finally(restore);
    // A node may know that Redis is full before it refuses a write: then it answers OVERLOADED.
    const code = expect.stringMatching(what === 'OOM' ? /^(UNAVAILABLE|OVERLOADED)$/ : /^UNAVAILABLE$/);
    for (const answer of answers) expect(answer).toMatchObject({ status: 503, body: { code } });
    await until(async () => (await send(url, 'POST', '/reserve', { zone: 1, count: 1 })).status === 201, 10_000);
  });

  test.each([
    ['refuses connections', async () => freePort()],
    ['stays silent', () => fakeServer(() => undefined)],
    ['closes connections', () => fakeServer((socket) => socket.destroy())],
  ])('a Redis that %s', async (_what, portOf) => {
    const timeouts = { CONNECT_TIMEOUT_MS: 200, REDIS_TIMEOUT_MS: 200 };
    const redis = openRedis(`redis://127.0.0.1:${await portOf()}`, 'producer', system().log, timeouts);
    closing.push(() => redis.disconnect());
    await sleep(50);
    const piped = redis.pipeline().get('key').exec();
    const faults = [
      await faultOf(redis.get('key')),
      await faultOf(redis.multi().get('key').exec()),
      (await piped)?.[0]?.[0],
    ];
    expect(faults.map((fault) => asApiError(fault))).toEqual(
      faults.map(() => expect.objectContaining({ code: 'UNAVAILABLE' })),
    );
  });

  /** A Redis that works except for reads of a value, alone or in a transaction. */
  const refusing = (code: string) =>
    fakeServer((socket) =>
      socket.on('data', (chunk) => {
        for (const [, name = ''] of String(chunk).matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
          if (name === 'info') socket.write('$9\r\nloading:0\r\n');
          else socket.write(['get', 'exec'].includes(name) ? `-${code} for some reason\r\n` : '+OK\r\n');
        }
      }),
    );

  test.each([...REDIS_LATER])('an answer that begins with %s', async (code) => {
    const redis = openRedis(`redis://127.0.0.1:${await refusing(code)}`, 'producer', system().log);
    closing.push(() => redis.disconnect());
    await connected(redis);
    expect(asApiError(await faultOf(redis.get('key'))).code).toBe('UNAVAILABLE');
    await connected(redis);
    expect(asApiError(await faultOf(redis.multi().get('key').exec())).code).toBe('UNAVAILABLE');
  });

  test('a command that takes too long, a connection that is lost under it, and one that is closed', async () => {
    const timeouts = { CONNECT_TIMEOUT_MS: 5_000, REDIS_TIMEOUT_MS: 300 };
    const redis = openRedis(system().redisUrl, 'producer', system().log, timeouts);
    closing.push(() => redis.disconnect());
    await connected(redis);
    const id = String(await redis.call('CLIENT', 'ID'));
    const lost = faultOf(redis.blpop('nothing', 0));
    const operator = await operatorOfRedis();
    await operator.call('CLIENT', 'KILL', 'ID', id);
    expect(await lost).toBeInstanceOf(ConnectionFault);
    await connected(redis);
    await operator.call('CLIENT', 'PAUSE', '600', 'ALL');
    expect(await faultOf(redis.get('key'))).toBeInstanceOf(ConnectionFault);
    redis.disconnect();
    expect(await faultOf(redis.get('key'))).toBeInstanceOf(ConnectionFault);
  });

  test('a transaction is refused for the reasons of its commands', async () => {
    const { redis } = system();
    expect(isUnavailable(await faultOf(redis.multi().call('NO.SUCH').exec()))).toBe(false);
    const operator = await operatorOfRedis();
    await operator.config('SET', 'maxmemory', '1');
    const full = await faultOf(redis.multi().set('key', 'value').exec());
    const both = await faultOf(redis.multi().set('key', 'value').call('NO.SUCH').exec());
    await operator.config('SET', 'maxmemory', '0');
    expect([isUnavailable(full), isUnavailable(both)]).toEqual([true, false]);
  });

  test('a defect of a script or a command is a 500', async () => {
    const { redis } = system();
    for (const work of [
      () => redis.eval('return nothing.at.all', 0),
      () => redis.call('NO.SUCH'),
      () => redis.lpush('{s0}:house:1', 'x'),
    ])
      expect(asApiError(await faultOf(work())).code).toBe('INTERNAL');
  });
});

describe('each answer of PostgreSQL that means "later" is a 503', () => {
  const SHORT = { CONNECT_TIMEOUT_MS: 300, DATABASE_TIMEOUT_MS: 300 };
  /** For cases that must fail by PostgreSQL's answer and not by a timeout, also on a busy machine. */
  const LONG = { CONNECT_TIMEOUT_MS: 30_000, DATABASE_TIMEOUT_MS: 30_000 };

  function open(change: (url: URL) => void = () => undefined, connections = 1, timeouts = SHORT): PrismaClient {
    const url = new URL(system().databaseUrl);
    change(url);
    const prisma = openPrisma(url.href, connections, timeouts);
    closing.push(() => prisma.$disconnect());
    return prisma;
  }

  /** A raw statement, one of Prisma's, and a transaction. */
  const works: ((prisma: PrismaClient) => Promise<unknown>)[] = [
    (prisma) => prisma.$queryRaw`SELECT 1 AS one`,
    (prisma) => prisma.event.findMany(),
    (prisma) => prisma.$transaction(async (transaction) => transaction.$executeRaw`SELECT 1 AS one`),
  ];

  /** PostgreSQL's error response to a new connection, in its protocol. */
  const refusal = (state: string, words: string) => (socket: Socket) =>
    socket.once('data', () => {
      const fields = Buffer.from(`SFATAL\0VFATAL\0C${state}\0M${words}\0\0`);
      const head = Buffer.from('E....');
      head.writeInt32BE(fields.length + 4, 1);
      socket.end(Buffer.concat([head, fields]));
    });

  const servers: [string, () => Promise<number>][] = [
    ['refuses connections', () => freePort()],
    ['stays silent', () => fakeServer(() => undefined)],
    ['closes connections', () => fakeServer((socket) => socket.destroy())],
    ['is starting up', () => fakeServer(refusal('57P03', 'the database system is starting up'))],
    ['is shutting down', () => fakeServer(refusal('57P03', 'the database system is shutting down'))],
    ['is in recovery', () => fakeServer(refusal('57P03', 'the database system is not yet accepting connections'))],
    ['has too many clients', () => fakeServer(refusal('53300', 'sorry, too many clients already'))],
    ['stands behind a PgBouncer that waits for it', () => fakeServer(refusal('08P01', 'query_wait_timeout'))],
    [
      'accepts no connections to this database',
      () => fakeServer(refusal('55000', 'database is not accepting connections')),
    ],
    ['refuses every login', () => fakeServer(refusal('28000', 'no pg_hba.conf entry for host'))],
  ];

  test.each(servers)('a PostgreSQL that %s', async (_what, portOf) => {
    const port = String(await portOf());
    const prisma = open((url) => {
      url.port = port;
    });
    for (const work of works) expect(asApiError(await faultOf(work(prisma))).code).toBe('UNAVAILABLE');
  });

  test.each([
    ['a wrong password', { password: 'wrong' }],
    ['no such user', { username: 'nobody' }],
    ['no such database', { pathname: '/nothing' }],
  ])('%s', async (_what, change) => {
    const prisma = open((url) => Object.assign(url, change));
    for (const work of works) expect(asApiError(await faultOf(work(prisma))).code).toBe('UNAVAILABLE');
  });

  /** Lets PostgreSQL itself raise an error with this code. */
  const raise = (prisma: PrismaClient, state: string) =>
    faultOf(prisma.$executeRawUnsafe(`DO $$ BEGIN RAISE EXCEPTION 'connection' USING ERRCODE = '${state}'; END $$`));

  test.each([
    ...['08006', '25006', '25P03', '26000', '28P01', '3D000', '40001', '40P01', '42501', '53100', '53200', '53300'],
    ...['53400', '55P03', '57014', '57P01', '57P02', '58030', 'F0000', 'XX000', 'XX001'],
  ])('SQLSTATE %s', async (state) => {
    const prisma = open(undefined, 1, LONG);
    expect(asApiError(await raise(prisma, state)).code).toBe('UNAVAILABLE');
    const client = await connectPostgres({ connectionString: system().databaseUrl });
    closing.push(() => client.end());
    const plain = client.query(`DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '${state}'; END $$`);
    expect(isUnavailable(await faultOf(plain))).toBe(true);
  });

  test.each(['22003', '23505', '23514', '42601', '42P01', '0A000', '21000'])('SQLSTATE %s is a 500', async (state) => {
    expect(asApiError(await raise(open(undefined, 1, LONG), state)).code).toBe('INTERNAL');
  });

  test('a statement that times out, an exhausted pool, a standby, a transaction that never begins', async () => {
    const prisma = open();
    const slow = () => faultOf(prisma.$queryRaw`SELECT pg_sleep(1)::text`);
    const faults = await Promise.all([slow(), slow(), slow()]);
    expect(faults.map((fault) => asApiError(fault).code)).toEqual(faults.map(() => 'UNAVAILABLE'));
    const standby = open((url) => url.searchParams.set('options', '-c default_transaction_read_only=on'));
    expect(asApiError(await faultOf(standby.event.deleteMany())).code).toBe('UNAVAILABLE');
    const late = Array.from({ length: 2 }, () =>
      faultOf(prisma.$transaction(() => sleep(250), { maxWait: 50, timeout: 100 })),
    );
    expect((await Promise.all(late)).map((fault) => asApiError(fault).code)).toEqual(['UNAVAILABLE', 'UNAVAILABLE']);
  });

  test('a server that is stopped, fast and at once, while statements are under way, and started again', async () => {
    const cluster = await newCluster();
    const embedded = await cluster.embed();
    let server = await embedded.start();
    closing.push(async () => {
      await server.stop(5_000);
      cluster.remove();
    });
    const prisma = openPrisma(embedded.url, 2, { CONNECT_TIMEOUT_MS: 1_000, DATABASE_TIMEOUT_MS: 20_000 });
    closing.push(() => prisma.$disconnect());
    for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
      const sleeping = faultOf(prisma.$queryRaw`SELECT pg_sleep(20)::text`);
      await until(async () => {
        type Row = { count: number };
        const [row] = await prisma.$queryRaw<Row[]>`
          SELECT count(*)::int AS count FROM pg_stat_activity
          WHERE query LIKE '%pg_sleep(20)%' AND wait_event = 'PgSleep'`;
        return row?.count === 1;
      }, 10_000);
      process.kill(server.identity.pid, signal);
      expect(asApiError(await sleeping).code).toBe('UNAVAILABLE');
      await server.exited;
      expect(asApiError(await faultOf(prisma.$queryRaw`SELECT 1 AS one`)).code).toBe('UNAVAILABLE');
      server = await embedded.start();
      await until(async () => {
        const answer = await faultOf(prisma.$queryRaw`SELECT 1 AS one`);
        if (answer !== 'there was none') expect(asApiError(answer).code).toBe('UNAVAILABLE');
        return answer === 'there was none';
      }, 20_000);
    }
  });
});

test('a defect whose message mentions connections is a 500, and the log has its type, message and stack', async () => {
  const { url, redis, logged } = system();
  const { multi } = redis;
  const broken = () => {
    throw new TypeError('connections: Connection is closed. timed out LOADING OOM');
  };
  Object.assign(redis, { multi: broken });
  const answer = await send(url, 'POST', '/api/users/login', { email: 'a@b.test', password: 'a password' });
  Object.assign(redis, { multi });
  expect(answer).toMatchObject({ status: 500, body: { code: 'INTERNAL' } });
  const lines = logged.map((line) => JSON.parse(line)).filter(({ code }) => code === 'INTERNAL');
  expect(lines.at(-1)).toMatchObject({
    msg: 'request failed',
    path: '/api/users/login',
    err: {
      type: 'TypeError',
      message: expect.stringContaining('connections'),
      stack: expect.stringMatching(/\n +at /),
    },
  });
});
