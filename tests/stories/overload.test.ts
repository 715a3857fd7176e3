import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, expect, jest, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createIntake } from '../../api/tickets/intake.ts';
import { freePort } from '../../local/embedded/free-port.ts';
import { createShardMeter } from '../../shared/domain/drain.ts';
import { groupBy } from '../../shared/domain/group-by.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import type { JobQueue } from '../../shared/queues/queue.ts';
import { openSocket, send } from '../support/client.ts';
import { emptyDatabase } from '../support/databases.ts';
import { cleanUp, run, until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 20, MAX_QUEUED: 5 });
afterAll(cleanUp);

/** The path of a ticket with a valid id. */
const TICKET = `/api/tickets/${newTicketId(0)}`;

const reserve = (headers?: Record<string, string>, query = '') =>
  send(system().url, 'POST', `/reserve${query}`, { zone: 1, row: 1, count: 1 }, headers);

/** Kills every connection of this file's system to Redis. @returns their number */
async function breakConnections(): Promise<number> {
  const killer = new Redis(system().redisUrl);
  let broken = 0;
  for (const type of ['normal', 'pubsub'] as const)
    broken += Number(await killer.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes'));
  killer.disconnect();
  return broken;
}

test('a full queue refuses before it accepts, with a Retry-After', async () => {
  await system().stopWorkers();
  const queued = await Promise.all(Array.from({ length: 5 }, () => reserve()));
  expect(queued.map((reply) => reply.status)).toEqual([201, 201, 201, 201, 201]);
  const refused = await reserve();
  expect(refused).toMatchObject({ status: 409, body: { code: 'OVERLOADED' } });
  expect(refused.headers.get('retry-after')).toBe('1');
  await system().resumeWorkers();
  const last = await send(system().url, 'GET', `/api/tickets/${queued[4]?.body.ticketId}?wait=20`);
  expect(last.body.status).toBe('booked');
  expect(await reserve({}, '?wait=20')).toMatchObject({ status: 200 });
});

test('a repeated key enqueues its request once', async () => {
  await system().stopWorkers();
  const headers = { 'idempotency-key': randomUUID() };
  for (let times = 0; times < 10; times += 1) await reserve(headers);
  expect(await system().redis.llen('{s0}:booking:wait')).toBe(1);
  await system().resumeWorkers();
  expect(await reserve(headers, '?wait=20')).toMatchObject({ status: 200 });
});

test('a key that comes twice in one batch is enqueued once, and accepted although its record fails', async () => {
  const add = jest.fn<JobQueue['add']>();
  const noteQueued = () => Promise.reject(new Error('Redis went away'));
  const intake = createIntake({
    job: 'book',
    tickets: { ...system().tickets, noteQueued },
    replicated: system().replicated,
    queues: [{ add } as unknown as JobQueue],
    node: 'node',
    meters: [createShardMeter({ deepAbove: 5 })],
    maxQueued: 5,
    isFull: () => false,
    remember: () => undefined,
    log: createLogger({ LOG_LEVEL: 'silent' }, 'test'),
  });
  const request = {
    eventId: 1,
    wish: { count: 1 },
    hold: false,
    idempotency: { digest: randomUUID(), fingerprint: '' },
  };
  const submit = () => intake.submit(0, 'book', request, request.idempotency);
  const [first, second] = await Promise.all([submit(), submit()]);
  expect(first).toMatchObject({ isReplay: false });
  expect(second).toEqual({ ...first, isReplay: true });
  expect(add).toHaveBeenCalledTimes(1);
  expect(add).toHaveBeenCalledWith(
    'book',
    { ledger: true, requests: [{ ticketId: first.ticketId, ...request }] },
    expect.anything(),
    undefined,
  );
});

test('a request whose API died before enqueueing it is enqueued when its key is repeated, twice too', async () => {
  const { tickets } = system();
  const idempotency = { digest: randomUUID(), fingerprint: 'same' };
  const accept = async () => {
    const accepted = await tickets.accept(0, 'node', [{ ticketId: newTicketId(0), kind: 'book', idempotency }], {
      maxQueued: 5,
      fresh: true,
    });
    return accepted === 'overloaded' ? accepted : accepted.tickets[0];
  };
  const first = await accept();
  expect(first).toMatchObject({ enqueue: true });
  expect(await accept()).toEqual(first);
  expect(await accept()).toEqual(first);
  if (typeof first !== 'object') throw new Error('not accepted');
  await tickets.noteQueued(0, [first.ticketId, newTicketId(0)]);
  expect(await accept()).toEqual({ ...first, enqueue: false });
});

test('a ticket that was never enqueued does not make the pipeline look stuck', async () => {
  await system().redis.incr('{s0}:sequence');
  expect(await send(system().url, 'GET', '/healthz/pipeline')).toMatchObject({ status: 200, body: { problems: [] } });
});

test('peers that reset in the middle of an upgrade do not end the process', async () => {
  const { port, hostname } = new URL(system().url);
  for (let times = 0; times < 100; times += 1) {
    await new Promise<void>((resolve) => {
      const peer = connect(Number(port), hostname, () => {
        peer.write('GET /elsewhere HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
        setImmediate(() => peer.resetAndDestroy());
      });
      peer.on('error', () => undefined);
      peer.on('close', () => resolve());
    });
  }
  expect(await send(system().url, 'GET', '/healthz')).toMatchObject({ status: 200 });
});

test('a client that offers an upgrade other than WebSocket, as Java does, is served', async () => {
  const { port, hostname } = new URL(system().url);
  const offer =
    'host: localhost\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n';
  const content = 'content-type: application/json\r\ncontent-length: 11\r\n\r\n{"count":1}';
  const requests = [`POST /reserve HTTP/1.1\r\n${offer}${content}`, `GET /healthz HTTP/1.1\r\n${offer}\r\n`];
  const peer = connect(Number(port), hostname);
  let answers = '';
  for (const request of [...requests, ...requests]) {
    peer.write(request);
    const [answer] = await once(peer, 'data');
    answers += String(answer).slice(0, 13);
  }
  peer.destroy();
  expect(answers).toBe('HTTP/1.1 201 HTTP/1.1 200 '.repeat(2));
});

test('a socket gets its outcome although every connection to Redis broke while it waited', async () => {
  await system().stopWorkers();
  const { ticketId } = (await reserve()).body;
  const socket = await openSocket(system().url);
  socket.send({ type: 'subscribe', ticketId });
  expect(await socket.next()).toMatchObject({ status: 'queued' });
  expect(await breakConnections()).toBeGreaterThan(2);
  await system().resumeWorkers();
  expect(await socket.next()).toMatchObject({ ticketId, status: 'booked' });
  socket.close();
});

test('in an outage each kind of fault is logged once a second, and every fault is counted', async () => {
  const [DATABASE_URL, redis] = [await emptyDatabase(), await ownRedis()];
  const PORT = String(await freePort());
  const url = `http://127.0.0.1:${PORT}`;
  const env = { DATABASE_URL, REDIS_URL: redis.url, PORT, RATE_LIMIT: 'off' };
  expect((await run('commands/migrate', [], env).ended).code).toBe(0);
  const api = run('api/main', [], env);
  await until(() => fetch(url).then(...[() => true, () => false]), 60_000, api.output);
  await redis.stop();
  let failed = 0;
  const enough = performance.now() + 3_000;
  const ENOUGH_FAILED = 50;
  const client = async (method: string, path: string) => {
    while (performance.now() < enough || failed <= ENOUGH_FAILED) {
      const { body } = await send(url, method, path, method === 'POST' ? { count: 1 } : undefined);
      if (body.requestId !== undefined) failed += 1; // the log must have a line for such an answer
    }
  };
  await Promise.all(
    Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? client('POST', '/reserve') : client('GET', TICKET))),
  );
  api.kill('SIGTERM');
  const { output } = await api.ended;
  type Line = {
    time: number;
    level: number;
    msg: string;
    route?: string;
    role?: string;
    queue?: string;
    fault?: string;
    repeats?: number;
  };
  const lines = output
    .trim()
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));
  const requests = lines.filter(({ msg }) => msg === 'request failed');
  expect(requests.reduce((sum, { repeats = 1 }) => sum + repeats, 0)).toBe(failed);
  const kinds = groupBy(lines, (one) => [one.level, one.msg, one.route, one.role, one.queue, one.fault].join());
  const seconds = ((lines.at(-1)?.time ?? 0) - (lines[0]?.time ?? 0)) / 1000;
  for (const [kind, ofKind] of kinds) expect([kind, ofKind.length <= seconds + 2]).toEqual([kind, true]);
});
