import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { parse } from 'yaml';
import { freePort } from '../../local/embedded/free-port.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { connected, openRedis } from '../../shared/platform/redis.ts';
import { projectRoot } from '../../shared/platform/root.ts';
import { send } from '../support/client.ts';
import { emptyDatabase } from '../support/databases.ts';
import { cleanUp, dataFolder, launch, until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';

type Instruction = { stage: number; word: string; argument: string };

/** The Dockerfile's instructions, each with the number of its stage. */
function readDockerfile(): Instruction[] {
  const text = readFileSync(join(projectRoot, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
  let stage = -1;
  return [...text.matchAll(/^([A-Z]+) (.*)$/gm)].map(([, word = '', argument = '']) => {
    if (word === 'FROM') stage += 1;
    return { stage, word, argument };
  });
}

const dockerfile = readDockerfile();
const last = dockerfile.at(-1)?.stage ?? 0;
const compose = parse(readFileSync(join(projectRoot, 'docker-compose.yml'), 'utf8'), { merge: true });

/** Copies the packages that `npm ci --workspaces=false --omit=dev --omit=optional` installs. */
function copyPackages(folder: string): void {
  const { packages } = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8'));
  for (const [path, entry] of Object.entries<Record<string, unknown>>(packages)) {
    if (!path.startsWith('node_modules/') || entry.link || entry.dev || entry.devOptional || entry.optional) continue;
    const home = join(projectRoot, path);
    const filter = (file: string) => !relative(home, file).split('/').includes('node_modules');
    cpSync(home, join(folder, path), { recursive: true, filter });
  }
}

/** Builds a folder with the image's files, by the Dockerfile. */
function ship(): string {
  const folder = dataFolder();
  copyPackages(folder);
  for (const { word, argument } of dockerfile)
    if (word === 'RUN' && argument.startsWith('find ')) execFileSync('sh', ['-c', argument], { cwd: folder });
  for (const { stage, word, argument } of dockerfile) {
    if (stage !== last || word !== 'COPY') continue;
    const [, from, source = '', target = ''] = /^(?:--from=(\w+) )?(\S+) (\S+)$/.exec(argument) ?? [];
    if (from === 'packages') continue; // copied above
    mkdirSync(join(folder, target, '..'), { recursive: true });
    cpSync(join(projectRoot, source.replace('/app/', '')), join(folder, source.replace('/app/', '')), {
      recursive: true,
    });
  }
  return folder;
}

const bytesOf = (path: string): number =>
  statSync(path).isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0)
    : statSync(path).size;

/** Makes a self-signed certificate for the loopback address. */
function makeCertificate(folder: string, name: string) {
  const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
    ],
    { stdio: 'ignore' },
  );
  return { key, certificate };
}

const PASSWORD = 'p@ss/w:rd%20#?'; // needs escaping in an address
const SECRET = encodeURIComponent(PASSWORD);

/** Starts servers that accept only clients with a user name, a password and TLS. */
async function startTlsServers(folder: string) {
  const [databaseUrl, ownServer] = [await emptyDatabase(), await ownRedis()];
  const { key, certificate } = makeCertificate(folder, 'trusted');
  const admin = await connectPostgres({ connectionString: databaseUrl });
  const role = `buyer_${randomBytes(4).toString('hex')}`;
  await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`);
  const database = new URL(databaseUrl).pathname.slice(1);
  await admin.query(`ALTER DATABASE ${database} OWNER TO ${role}`);
  const { rows } = await admin.query('SHOW data_directory');
  const { uid, gid } = statSync(rows[0].data_directory);
  chownSync(key, uid, gid); // PostgreSQL refuses a key of another user
  await admin.query(`ALTER SYSTEM SET ssl_key_file = '${key}'`);
  await admin.query(`ALTER SYSTEM SET ssl_cert_file = '${certificate}'`);
  await admin.query('ALTER SYSTEM SET ssl = on');
  await admin.query('SELECT pg_reload_conf()');

  const redis = new Redis(ownServer.url, { connectionName: 'probe' });
  const tlsPort = await freePort();
  const tls = { 'tls-cert-file': certificate, 'tls-key-file': key, 'tls-auth-clients': 'no', 'tls-port': tlsPort };
  await redis.call('CONFIG', 'SET', ...Object.entries(tls).flat());
  await redis.call('ACL', 'SETUSER', 'buyer', 'on', `>${PASSWORD}`, '~*', '&*', '+@all');

  const { host } = new URL(databaseUrl);
  return {
    certificate,
    databaseUrl: `postgresql://${role}:${SECRET}@${host}/${database}?sslmode=verify-full&sslrootcert=`,
    redisUrl: `rediss://buyer:${SECRET}@127.0.0.1:${tlsPort}?ca=`,
    /** Whether each connection of Frontrow is encrypted. */
    async encrypted(): Promise<boolean[]> {
      const { rows } = await admin.query(
        'SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = $1',
        [role],
      );
      const clients = String(await redis.client('LIST')).split('\n');
      const ours = clients.filter((client) => client.includes('name=frontrow'));
      return [...rows.map(({ ssl }) => ssl), ...ours.map((client) => client.includes(`laddr=127.0.0.1:${tlsPort}`))];
    },
    async close() {
      for (const setting of ['ssl', 'ssl_cert_file', 'ssl_key_file'])
        await admin.query(`ALTER SYSTEM RESET ${setting}`);
      await admin.query('SELECT pg_reload_conf()');
      await admin.end();
      redis.disconnect();
      await ownServer.release();
    },
  };
}

let servers: Awaited<ReturnType<typeof startTlsServers>>;
let certificates: string;
let image: string;
beforeAll(async () => {
  certificates = dataFolder();
  servers = await startTlsServers(certificates);
  image = ship();
});
afterAll(async () => {
  await servers.close();
  await cleanUp();
});

/** Runs a service's command of the compose file in the image's folder. */
function runService(service: 'migrate' | 'api' | 'worker', env: Record<string, string> = {}) {
  const [, ...args] = compose.services[service].command as string[];
  const environment = {
    NODE_ENV: 'production',
    DATABASE_URL: servers.databaseUrl + servers.certificate,
    REDIS_URL: servers.redisUrl + servers.certificate,
    AUTH: 'on',
    LOG_LEVEL: 'info',
    ...env,
  };
  return launch(process.execPath, args, environment, image);
}

test('the image has no development package, and is small', () => {
  for (const name of ['typescript', 'prisma', 'jest', '@types/express', 'vite'])
    expect(existsSync(join(image, 'node_modules', name))).toBe(false);
  expect(bytesOf(image)).toBeLessThan(70_000_000);
});

test('the image runs over TLS as compose starts it: migrate, worker, API, a booking, an end in order', async () => {
  const migrated = await runService('migrate', { REDIS_URL: '' }).ended; // the compose file gives it no Redis
  expect(migrated).toMatchObject({ code: 0, output: expect.stringContaining('Migrations applied: 2') });

  const port = await freePort();
  const worker = runService('worker');
  const secrets = { ADMIN_TOKEN: randomBytes(32).toString('hex'), AUTH_SECRET: randomBytes(32).toString('hex') };
  const api = runService('api', { ...secrets, PORT: String(port) });
  const check = dockerfile.find(({ word }) => word === 'HEALTHCHECK')?.argument ?? '';
  const [, ...checkArgs] = JSON.parse(check.slice(check.indexOf('CMD ') + 4)) as string[];
  await until(
    () => api.output().includes('api ready'),
    20_000,
    () => `${api.output()}${worker.output()}`,
  );
  expect((await launch(process.execPath, checkArgs, { PORT: String(port) }, image).ended).code).toBe(0);
  const reserve = (headers?: Record<string, string>) =>
    send(`http://127.0.0.1:${port}`, 'POST', '/reserve?wait=10', { count: 2 }, headers);
  expect(await reserve()).toMatchObject({ status: 409, body: { code: 'FORBIDDEN' } });
  const { status, body } = await reserve({ authorization: `Bearer ${secrets.ADMIN_TOKEN}` });
  expect([status, body]).toMatchObject([200, { zone: 1, row: 1, seatsCount: 2 }]);

  const encrypted = await servers.encrypted();
  expect(encrypted.length).toBeGreaterThan(4);
  expect(encrypted).not.toContain(false);
  for (const part of [api, worker]) {
    part.kill('SIGTERM');
    const { code, output } = await part.ended;
    expect(code).toBe(0);
    for (const secret of [PASSWORD, SECRET, ...Object.values(secrets)]) expect(output).not.toContain(secret);
  }
});

test('a server without a trusted certificate gets no password, and no log has one', async () => {
  const { certificate } = makeCertificate(certificates, 'other');
  const { code, output } = await runService('migrate', { DATABASE_URL: servers.databaseUrl + certificate }).ended;
  expect(code).toBe(1);
  expect(output).toContain('certificate');
  expect(output).not.toContain(PASSWORD);
  expect(output).not.toContain(SECRET);

  const logged: string[] = [];
  const log = createLogger({ LOG_LEVEL: 'info' }, 'test', { write: (line) => void logged.push(line) });
  const redis = openRedis(servers.redisUrl + certificate, 'worker', log);
  await expect(connected(redis, 500)).rejects.toThrow('Redis did not answer');
  redis.disconnect();
  expect(logged.join('')).toContain('certificate');
  expect(logged.join('')).not.toContain(SECRET);
});
