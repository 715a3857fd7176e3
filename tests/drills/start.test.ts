import { once } from 'node:events';
import { appendFileSync, chmodSync, existsSync, readdirSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { MAX_LOG_BYTES } from '../../commands/supervise/log-files.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { send } from '../support/client.ts';
import {
  cleanUp,
  dataFolder,
  descendants,
  isRunning,
  npmStart,
  run,
  startFrontrow,
  until,
} from '../support/processes.ts';

afterEach(cleanUp);

const reserve = (url: string, body: object) =>
  send(url, 'POST', '/reserve?wait=20', body).catch(() => ({ status: 0, body: {} }));
const occupied = async (url: string, row: string) => (await send(url, 'GET', `/occupancy/${row}`)).body.occupied;

type Started = Awaited<ReturnType<typeof startFrontrow>>;

const operate = ({ url }: Started, headers?: Record<string, string>) =>
  send(url, 'POST', '/api/events', { name: 'Gala', zones: [{ rows: 1, seatsPerRow: 1 }] }, headers);

function withoutPassword(url: string): string {
  const without = new URL(url);
  without.password = '';
  return without.href;
}

/** Sends a command to a server. @throws Error where it refuses the connection */
async function enter(url: string): Promise<void> {
  if (url.startsWith('postgres')) return (await connectPostgres({ connectionString: url })).end();
  const redis = new Redis(url, { retryStrategy: () => null });
  redis.on('error', () => undefined); // the caller tests for it
  await redis.ping().finally(() => redis.disconnect());
}

/** The paths in a folder that other users can open: no folder above them is closed. */
function openFilesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if ((statSync(path).mode & 0o077) === 0) return [];
    return entry.isDirectory() ? [path, ...openFilesIn(path)] : [path];
  });
}

test('npm start becomes ready, refuses a second start on its data, books, stops and starts again', async () => {
  const folder = dataFolder();
  const first = await startFrontrow(folder, {}, npmStart);
  expect(first.output()).toContain(`curl -X POST ${first.url}/reserve -H 'content-type: application/json'`);
  expect(first.output()).toContain(folder);
  const { code, output } = await run('local/main', [], { DATA_DIR: folder }).ended;
  expect(code).toBe(78);
  expect(output).toContain('already runs');
  expect(await reserve(first.url, { zone: 1, row: 1, count: 2 })).toMatchObject({
    status: 200,
    body: { zone: 1, row: 1, seatsCount: 2 },
  });
  expect([await operate(first), await operate(first, first.asOperator)]).toMatchObject([
    { status: 401 },
    { status: 201 },
  ]);
  expect(first.output()).toContain(`${first.url}/admin#token=${first.adminToken}\n`);
  const commands = descendants(first.pid);
  const processes = [...commands.keys()];
  const secrets = [first.databaseUrl, first.redisUrl].map((url) => new URL(url).password);
  for (const secret of [...secrets, first.adminToken]) expect([...commands.values()].join('\n')).not.toContain(secret);
  for (const url of [first.redisUrl, first.databaseUrl]) await expect(enter(withoutPassword(url))).rejects.toThrow();
  expect(openFilesIn(folder)).toEqual([]);
  expect(processes.length).toBeGreaterThanOrEqual(4);

  const log = join(folder, 'logs', 'redis.log');
  appendFileSync(log, Buffer.alloc(MAX_LOG_BYTES, 'x')); // as if it had logged for long
  await until(() => statSync(log).size < MAX_LOG_BYTES && existsSync(`${log}.old`), 10_000, first.output);

  const stopAt = performance.now();
  first.kill('SIGTERM');
  await until(() => !processes.some(isRunning), 10_000, first.output);
  expect(performance.now() - stopAt).toBeLessThan(10_000);
  await first.ended;

  for (const part of ['redis', 'logs']) chmodSync(join(folder, part), 0o755); // as an older version created them
  const second = await startFrontrow(folder);
  expect(openFilesIn(folder)).toEqual([]);
  expect(new URL(second.redisUrl).password).toBe(secrets[1]);
  expect(second.adminToken).not.toBe(first.adminToken);
  expect(await occupied(second.url, '1/1')).toBe(2);
  expect(await reserve(second.url, { zone: 1, row: 1, count: 2 })).toMatchObject({ status: 200 });
  expect(await occupied(second.url, '1/1')).toBe(4);
  // Compat clients send no token.
  expect(await send(second.url, 'POST', '/initialize')).toMatchObject({ status: 201 });
  expect(await send(second.url, 'POST', '/clear')).toMatchObject({ status: 201 });
  expect(await send(second.url, 'POST', '/clear', undefined, { via: '1.1 proxy' })).toMatchObject({ status: 409 });
});

test('invalid settings end the start with a list of all problems', async () => {
  const folder = dataFolder();
  const { code, output } = await run('local/main', [], { DATA_DIR: folder, PORT: 'x', WORKERS: '0' }).ended;
  expect(code).toBe(78);
  expect(output).toContain('PORT:');
  expect(output).toContain('WORKERS:');
});

test('a part that cannot start ends the start with a remedy and leaves no process', async () => {
  const folder = dataFolder();
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const { code, output } = await run('local/main', [], { DATA_DIR: folder, PORT: String(port) }).ended;
  expect(code).toBe(1);
  expect(output).toContain(`Port ${port} is in use. Set PORT`);
  expect(existsSync(join(folder, 'lock.json'))).toBe(false);
  other.close();
});

test.each(['api/main', 'workers/main'])('%s alone names the settings that it needs', async (part) => {
  const { code, output } = await run(part, [], {}).ended;
  expect(code).toBe(78);
  expect(output).toContain('DATABASE_URL and REDIS_URL');
});

test.each([
  ['local/main', {}],
  ['api/main', { DATABASE_URL: 'postgresql://127.0.0.1:1/none', REDIS_URL: 'redis://127.0.0.1:1' }],
])('%s does not start in production without secrets; it names them and how to make them', async (part, env) => {
  const production = { ...env, DATA_DIR: dataFolder(), NODE_ENV: 'production', AUTH_SECRET: 'x'.repeat(32) };
  const { code, output } = await run(part, [], production).ended;
  expect(code).toBe(78);
  expect(output).toContain('ADMIN_TOKEN: missing');
  expect(output).toContain('AUTH_SECRET: too easy to guess');
  expect(output).toContain('openssl rand -base64 32');
  expect(output).not.toContain('x'.repeat(32));
});
