import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { freePort } from '../../local/embedded/free-port.ts';
import { serverMessage } from '../../shared/contract/messages.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { shareWaited } from '../../shared/stores/redis/replicas.ts';
import { openSocket } from '../support/client.ts';
import { cleanUp, run, until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { useSystem } from '../support/system.ts';

const token = randomBytes(32).toString('hex');
const system = useSystem({ ZONES: 1, ROWS: 1 }, { redis: ownRedis });
const right = { appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction' };
const setRedis = (settings: Record<string, string>) =>
  system().redis.call('CONFIG', 'SET', ...Object.entries(settings).flat());
afterEach(() => setRedis(right));
afterAll(cleanUp);

/** Runs an API or worker process on the servers of this file. */
const runPart = (part: 'api/main' | 'workers/main', env: Record<string, string>) =>
  run(part, [], { DATABASE_URL: system().databaseUrl, REDIS_URL: system().redisUrl, ADMIN_TOKEN: token, ...env });

/** Runs an API process. @returns the servers' settings by state, its metrics and its output */
async function startApiProcess(env: Record<string, string> = {}) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const api = runPart('api/main', { PORT: String(port), ...env });
  await until(() => fetch(url).then(...[() => true, () => false]), 60_000, api.output);
  const socket = await openSocket(url);
  socket.send({ type: 'operate', token });
  async function settings(): Promise<Record<string, string[]>> {
    const message = serverMessage.parse(await socket.next());
    if (message.type !== 'overview') throw new Error('no overview');
    const byState: Record<string, string[]> = { right: [], wrong: [], unknown: [] };
    for (const { setting, state } of message.serverSettings ?? []) byState[state]?.push(setting);
    return byState;
  }
  let found = await settings();
  // A message comes each second, at first without settings.
  while (Object.values(found).flat().length === 0) found = await settings();
  const metrics = await (await fetch(`${url}/metrics`)).text();
  socket.close();
  api.kill('SIGTERM');
  const { output } = await api.ended;
  return { found, metrics, output };
}

/** Opens a connection that PostgreSQL takes for an asynchronous standby: it streams its log to it. */
async function connectStandby() {
  const connectionString = system().databaseUrl;
  const standby = await connectPostgres({ connectionString, replication: 'database' } as { connectionString: string });
  const { rows } = await standby.query('IDENTIFY_SYSTEM');
  // This query never returns: it fails when the test ends the connection.
  void standby.query(`START_REPLICATION PHYSICAL ${rows[0].xlogpos}`).catch(() => undefined);
  const admin = await connectPostgres({ connectionString });
  const streams = async () => {
    const { rows } = await admin.query("SELECT 1 FROM pg_stat_replication WHERE state IN ('streaming', 'catchup')");
    return rows.length > 0;
  };
  await until(streams, 10_000);
  return async () => {
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_replication');
    await admin.end();
  };
}

test('the embedded servers have no wrong setting', async () => {
  const { found, metrics, output } = await startApiProcess();
  expect(found).toMatchObject({ wrong: [], unknown: [] });
  expect(metrics.match(/^frontrow_server_setting_wrong\{.*\} 0$/gm)).toHaveLength(8);
  expect(output).not.toContain('may lose data');
});

test('settings that may lose data are logged, measured and shown to operators', async () => {
  await setRedis({ appendfsync: 'everysec', 'maxmemory-policy': 'allkeys-lru' });
  const { pathname } = new URL(system().databaseUrl);
  await system().prisma.$executeRawUnsafe(`ALTER DATABASE ${pathname.slice(1)} SET synchronous_commit = off`);
  const disconnectStandby = await connectStandby();
  const { found, metrics, output } = await startApiProcess();
  await disconnectStandby();
  await system().prisma.$executeRawUnsafe(`ALTER DATABASE ${pathname.slice(1)} RESET synchronous_commit`);
  const wrong = ['redis appendfsync', 'redis maxmemory-policy', 'postgres synchronous_commit'];
  expect(found.wrong).toEqual([...wrong, 'postgres asynchronous standbys']);
  for (const setting of found.wrong ?? []) {
    expect(metrics).toContain(`frontrow_server_setting_wrong{setting="${setting}"} 1`);
    expect(output).toContain(`"setting":"${setting}"`);
  }
  expect(output.match(/a server setting may lose data/g)).toHaveLength(4);
});

test('a server whose settings cannot be read is used, and its settings are unknown', async () => {
  await system().redis.call('ACL', 'SETUSER', 'buyer', 'on', '>secret', '~*', '&*', '+@all', '-config');
  const REDIS_URL = system().redisUrl.replace('redis://', 'redis://buyer:secret@');
  const { found } = await startApiProcess({ REDIS_URL });
  expect(found).toMatchObject({ wrong: [], unknown: ['redis appendfsync'] });
});

test('an API shows that workers wait for another number of replicas', async () => {
  expect(await shareWaited(system().redisShards, 1)).toEqual([0, 1]); // the API of this file waits for none
  const { found, output } = await startApiProcess();
  expect(found.wrong).toEqual(['REDIS_WAIT_REPLICAS']);
  expect(output).toContain('"setting":"REDIS_WAIT_REPLICAS","value":"0 and 1"');
  await system().redis.del('{s0}:replicas-waited');
});

test('in production no part starts on a Redis without an append-only file, unless a setting allows it', async () => {
  await setRedis({ appendonly: 'no' });
  const production = { NODE_ENV: 'production', AUTH_SECRET: randomBytes(32).toString('hex'), AUTH: 'on' };
  for (const part of ['api/main', 'workers/main'] as const) {
    const { code, output } = await runPart(part, production).ended;
    expect([part, code, output]).toEqual([part, 78, expect.stringContaining('ALLOW_REDIS_WITHOUT_AOF=true')]);
  }
  const { found } = await startApiProcess({ ...production, ALLOW_REDIS_WITHOUT_AOF: 'true' });
  expect(found.wrong).toEqual(['redis appendonly']);
});
