import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { isInstalled } from '../../loadtest/kit/processes.ts';
import type { Change } from '../../shared/contract/changes.ts';
import { noteChange } from '../../shared/stores/postgres/changes.ts';
import { send } from '../support/client.ts';
import { openEvents, openLines } from '../support/event-stream.ts';
import { expectDocumented } from '../support/openapi.ts';
import { cleanUp, dataFolder, until } from '../support/processes.ts';
import { startNginx } from '../support/proxies.ts';
import { asOperator, bearer, SERVER_SELLS } from '../support/selling-server.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem(SERVER_SELLS);

type Headers = Record<string, string>;
const get = (query: string, headers: Headers = asOperator, url = system().url) =>
  send(url, 'GET', `/api/feed${query}`, undefined, headers);

const opened: { close: () => void }[] = [];
afterEach(() => {
  for (const { close } of opened.splice(0)) close();
});
afterAll(cleanUp);

async function lines(query: string, headers: Headers = asOperator, url = system().url) {
  const stream = await openLines(`${url}/api/feed${query}`, headers);
  opened.push(stream);
  return stream;
}

async function events(query: string, lastId?: string, headers: Headers = asOperator, url = system().url) {
  const stream = await openEvents(`${url}/api/feed${query}`, headers, lastId);
  opened.push(stream);
  return stream;
}

/** Makes a change of its own transaction for each name. */
async function make(...names: string[]): Promise<void> {
  for (const name of names)
    await system().prisma.$transaction((transaction) => noteChange(transaction, 'seats.blocked', 1, { seats: [name] }));
}

/** The end of the feed. */
async function end(): Promise<string> {
  const { feed } = system();
  const { epoch, last } = await feed.end();
  return `${epoch}.${last}`;
}

const MADE = 'types=seats.blocked';
const nameOf = (change: Change) => (change.data as { seats: string[] }).seats[0];
const parsed = (text: string | undefined) => JSON.parse(text ?? '') as Change;

async function keyWith(scope: string) {
  const { body } = await send(system().url, 'POST', '/admin/keys', { name: scope, scopes: [scope] }, asOperator);
  return { id: Number(body.id), as: bearer(body.key) };
}

describe('an event stream', () => {
  test('has every change once, also for a client that connects again with its last id', async () => {
    const after = await end();
    const first = await events(`?${MADE}&after=${after}`);
    expect(first.headers.get('content-type')).toBe('text/event-stream');
    expect(first.headers.get('x-accel-buffering')).toBe('no');
    await make('1-1-1', '1-1-2', '1-1-3');
    const seen = [await first.next(), await first.next()];
    expect(Number(first.seen.retry)).toBeGreaterThan(0);
    first.close();
    await make('1-1-4');
    const second = await events(`?${MADE}&after=${after}`, first.seen.id);
    seen.push(await second.next(), await second.next());
    await make('1-1-5');
    seen.push(await second.next());
    const { changes } = (await get(`?${MADE}&after=${after}`)).body as { changes: Change[] };
    expect(changes.map(nameOf)).toEqual(['1-1-1', '1-1-2', '1-1-3', '1-1-4', '1-1-5']);
    expect(seen.map((event) => parsed(event?.data))).toEqual(changes);
    expect(seen.map((event) => [event?.id, event?.event])).toEqual(changes.map(({ cursor, type }) => [cursor, type]));
  });

  test('a client that lost it before the first event goes on at the place where it began', async () => {
    const first = await events(`?${MADE}&after=${await end()}`);
    const next = first.next();
    await until(async () => first.seen.id !== undefined, 20_000);
    first.close();
    await expect(next).rejects.toThrow();
    await make('1-2-1');
    const second = await events(`?${MADE}`, first.seen.id);
    expect(nameOf(parsed((await second.next())?.data))).toBe('1-2-1');
  });
});

describe('NDJSON', () => {
  test('has the same changes as the pages, one a line, and ends with the feed', async () => {
    await make('1-3-1', '1-3-2');
    const stream = await lines(`?${MADE}`);
    const { body } = await get(`?${MADE}&limit=1000`);
    const changes: unknown[] = [];
    for (let line = await stream.next(); line !== undefined; line = await stream.next()) {
      const change = JSON.parse(line) as Record<string, unknown>;
      expectDocumented('GET', '/api/feed', new Response('', { headers: stream.headers }), change);
      changes.push(change);
    }
    expect(changes).toEqual(body.changes);
  });

  test('with `wait` goes on with what comes, and ends once nothing came for so long', async () => {
    const after = await end();
    const following = await lines(`?${MADE}&after=${after}&wait=60`);
    await make('1-4-1');
    expect(nameOf(parsed(await following.next()))).toBe('1-4-1');
    await make('1-4-2');
    expect(nameOf(parsed(await following.next()))).toBe('1-4-2');
    const silent = await lines(`?${MADE}&after=${await end()}&wait=1`);
    expect(await silent.next()).toBeUndefined();
  });

  test('a client that does not read holds up no other read of its own, and misses nothing', async () => {
    const after = await end();
    await system().prisma.$executeRaw`
      INSERT INTO change_batch (type, event_id, count, data)
      SELECT 'seats.blocked', 1, 1, jsonb_build_array(jsonb_build_object('seats', ARRAY[n::text, repeat('x', 10000)]))
      FROM generate_series(1, 2000) AS n`;
    const { hostname, port } = new URL(system().url);
    const socket = connect(Number(port), hostname);
    const head = `GET /api/feed?after=${after} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n`;
    socket.write(`${head}accept: application/x-ndjson\r\nauthorization: ${asOperator.authorization}\r\n\r\n`);
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    socket.pause();
    for (let i = 0; i < 20; i += 1) expect((await get('?limit=1')).status).toBe(200);
    const received = [bytes];
    for await (const more of socket) received.push(more as Buffer);
    const text = String(Buffer.concat(received));
    const numbers = [...text.matchAll(/"seats":\["(\d+)"/g)].map(([, number]) => Number(number));
    expect(numbers).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
  });
});

const hasNginx = isInstalled('nginx');
if (!hasNginx) process.stderr.write('skipped without nginx: streams through it\n');

(hasNginx ? test : test.skip)('nginx passes each change on at once', async () => {
  const port = Number(new URL(system().url).port);
  const { url } = await startNginx(dataFolder(), [port, port], true);
  const after = await end();
  const following = await events(`?${MADE}&after=${after}`, undefined, asOperator, url);
  const waiting = await lines(`?${MADE}&after=${after}&wait=60`, asOperator, url);
  for (const name of ['1-6-1', '1-6-2']) {
    await make(name); // the streams stay open: a proxy that collects would keep it
    expect(nameOf(parsed((await following.next())?.data))).toBe(name);
    expect(nameOf(parsed(await waiting.next()))).toBe(name);
  }
});

describe('a cursor that has expired', () => {
  test('is refused with 410 before the first byte', async () => {
    const old = await end();
    await system().prisma.$executeRaw`UPDATE feed SET epoch = gen_random_uuid()`;
    await expect(lines(`?after=${old}`)).rejects.toThrow('410 CURSOR_EXPIRED');
    await expect(events(`?after=${old}`)).rejects.toThrow('410 CURSOR_EXPIRED');
    await expect(events(`?after=${await end()}`, old)).rejects.toThrow('410 CURSOR_EXPIRED');
  });

  test('later ends an event stream with an error, and cuts lines off', async () => {
    const after = await end();
    const [following, waiting] = [await events(`?after=${after}`), await lines(`?after=${after}&wait=60`)];
    await system().prisma.$executeRaw`UPDATE feed SET epoch = gen_random_uuid()`;
    const error = await following.next();
    expect(error?.event).toBe('error');
    expect(JSON.parse(error?.data ?? '')).toMatchObject({ status: 410, code: 'CURSOR_EXPIRED' });
    expect(await following.next()).toBeUndefined();
    await expect(waiting.next()).rejects.toThrow();
  });
});

describe('a stream ends', () => {
  test.each(['revoked', 'expired'])('within seconds once its key is %s', async (how) => {
    const key = await keyWith('read');
    const after = await end();
    const following = await events(`?after=${after}`, undefined, key.as);
    const waiting = await lines(`?after=${after}&wait=60`, key.as);
    if (how === 'revoked') await send(system().url, 'DELETE', `/admin/keys/${key.id}`, undefined, asOperator);
    else await system().prisma.apiKey.update({ where: { id: key.id }, data: { expiresAt: new Date(0) } });
    const error = await following.next();
    expect(JSON.parse(error?.data ?? '')).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    expect(await following.next()).toBeUndefined();
    await expect(waiting.next()).rejects.toThrow();
    await expect(events(`?after=${after}`, undefined, key.as)).rejects.toThrow('401 UNAUTHENTICATED');
  });

  test('when its process stops; its client goes on at another one, and a long poll is answered', async () => {
    const other = await system().anotherApi();
    const after = await end();
    const following = await events(`?${MADE}&after=${after}`, undefined, asOperator, other.url);
    const waiting = await lines(`?${MADE}&after=${after}&wait=60`, asOperator, other.url);
    const poll = get(`?${MADE}&after=${after}&wait=60`, asOperator, other.url);
    await make('1-5-1');
    expect(nameOf(parsed((await following.next())?.data))).toBe('1-5-1');
    expect(nameOf(parsed(await waiting.next()))).toBe('1-5-1');
    expect((await poll).body.changes).toHaveLength(1);
    const silent = get(`?after=${await end()}&wait=60`, asOperator, other.url);
    const closing = other.close();
    expect(await following.next()).toBeUndefined();
    expect(await waiting.next()).toBeUndefined();
    expect((await silent).body.changes).toEqual([]);
    await closing;
    await make('1-5-2');
    const second = await events(`?${MADE}`, following.seen.id);
    expect(nameOf(parsed((await second.next())?.data))).toBe('1-5-2');
  });
});

test('one client may have thirty open, which leaves its other reads and other clients alone', async () => {
  const [limited, key, another] = [
    await system().anotherApi({ RATE_LIMIT: 'on' }),
    await keyWith('read'),
    await keyWith('read'),
  ];
  const after = await end();
  const open = (as: Headers) => events(`?after=${after}`, undefined, as, limited.url);
  const streams = await Promise.all(Array.from({ length: 30 }, () => open(key.as)));
  await expect(open(key.as)).rejects.toThrow('429 RATE_LIMITED');
  const refused = await get('?limit=1', key.as, limited.url);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
  expect((await send(limited.url, 'GET', '/api/bookings', undefined, key.as)).status).toBe(200);
  await open(another.as);
  streams[0]?.close();
  await until(async () => (await get('?limit=1', key.as, limited.url)).status === 200, 20_000);
  for (const { close } of opened.splice(0)) close();
  await limited.close();
});

test('refuses by name what a stream does not take', async () => {
  const refusal = async (query: string, headers: Headers) =>
    (await get(query, { ...asOperator, ...headers })).body.detail;
  const asEvents = { accept: 'text/event-stream' };
  expect(await refusal('?limit=5', asEvents)).toBe('limit: a stream has no pages');
  expect(await refusal('?limit=5', { accept: 'application/x-ndjson' })).toBe('limit: a stream has no pages');
  expect(await refusal('', { ...asEvents, 'last-event-id': 'x' })).toContain('Last-Event-ID: ');
  const head = await fetch(`${system().url}/api/feed`, { method: 'HEAD', headers: { ...asOperator, ...asEvents } });
  expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
});
