import { randomBytes } from 'node:crypto';
import { afterAll, expect, test } from '@jest/globals';
import { isInstalled } from '../../loadtest/kit/processes.ts';
import { freePort } from '../../local/embedded/free-port.ts';
import { defaults } from '../../shared/config.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { prepareDatabase } from '../../shared/stores/prepare.ts';
import { send } from '../support/client.ts';
import { emptyDatabase } from '../support/databases.ts';
import { startPgbouncer } from '../support/pgbouncer.ts';
import { cleanUp, dataFolder, run, until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';

/** Bookings without a buyer, each of a seat, and holds of two seats. */
const SALES = 240;
const HOLDS = 40;

let stopRedis: (() => Promise<void>) | undefined;
afterAll(async () => {
  await cleanUp();
  await stopRedis?.();
});

/** A database of a role that has its time-out from PostgreSQL, and sessions far from UTC. */
async function databaseOfRole(): Promise<string> {
  const url = new URL(await emptyDatabase());
  const role = `frontrow_${randomBytes(4).toString('hex')}`;
  const admin = await connectPostgres({ connectionString: url.href });
  await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'frontrow'`);
  await admin.query(`ALTER ROLE ${role} SET statement_timeout = '15s'`);
  await admin.query(`ALTER ROLE ${role} SET TimeZone = 'America/New_York'`);
  await admin.query(`ALTER DATABASE ${url.pathname.slice(1)} OWNER TO ${role}`);
  await admin.end();
  [url.username, url.password] = [role, 'frontrow'];
  return url.href;
}

/** Starts an API and two workers whose database is reached through PgBouncer. */
async function startParts() {
  const redis = await ownRedis();
  stopRedis = redis.stop;
  const direct = await databaseOfRole();
  const pooled = await startPgbouncer(dataFolder(), direct);
  await prepareDatabase(pooled, { ...defaults, ZONES: 4, AUTH: 'off' });
  const env = {
    DATABASE_URL: pooled,
    REDIS_URL: redis.url,
    PORT: String(await freePort()),
    RATE_LIMIT: 'off',
    LOG_LEVEL: 'info',
  };
  const parts = [run('api/main', [], env), run('workers/main', [], env), run('workers/main', [], env)];
  const output = () => parts.map((part) => part.output()).join('');
  await until(() => parts.every((part) => /"(api|worker) ready"/.test(part.output())), 60_000, output);
  return { env, direct, parts, output, url: `http://127.0.0.1:${env.PORT}` };
}

const missing = !isInstalled('pgbouncer');
if (missing) process.stderr.write('skipped without pgbouncer: a system behind it in transaction mode\n');

(missing ? test.skip : test)(
  'behind PgBouncer in transaction mode every booking, hold and expiry is right',
  async () => {
    const { env, direct, parts, output, url } = await startParts();
    const post = (path: string, body: object) => send(url, 'POST', path, body);
    const sales = await Promise.all(Array.from({ length: SALES }, () => post('/reserve?wait=30', { count: 1 })));
    expect(sales.map(({ status }) => status)).toEqual(Array(SALES).fill(200));

    const hold = () => post('/api/bookings?wait=30', { eventId: 1, userId: 1, count: 2 });
    const holds = await Promise.all(Array.from({ length: HOLDS }, hold));
    const ids = holds.map(({ body }) => String(body.id));
    for (const { status, body } of holds) {
      expect(status).toBe(201);
      const seconds = (Date.parse(String(body.expiresAt)) - Date.now()) / 1_000;
      expect(seconds).toBeGreaterThan(60); // an hour less or more in the wrong zone
      expect(seconds).toBeLessThan(3_600);
    }
    const [confirmed, expired] = [ids.slice(0, HOLDS / 2), ids.slice(HOLDS / 2)];
    const confirm = (id: string) => post(`/api/bookings/${id}/confirm?wait=30`, { userId: 1 });
    for (const { status } of await Promise.all(confirmed.map(confirm))) expect(status).toBe(200);

    const database = await connectPostgres({ connectionString: direct });
    await database.query(`UPDATE booking SET expires_at = now() - interval '1 s' WHERE id = ANY($1::uuid[])`, [
      expired,
    ]);
    const statusOf = async (id: string) => (await send(url, 'GET', `/api/bookings/${id}`)).body.status;
    await until(
      async () => (await Promise.all(expired.map(statusOf))).every((status) => status === 'EXPIRED'),
      30_000,
      output,
    );
    const { rows } = await database.query('SELECT status, count(*)::int AS seats FROM seat GROUP BY status');
    expect(rows).toEqual([{ status: 'SOLD', seats: SALES + HOLDS }]);
    await database.end();

    const audit = await run('commands/audit', [], env).ended;
    expect({ code: audit.code, output: audit.output }).toMatchObject({ code: 0 });
    for (const part of parts) part.kill('SIGTERM');
    for (const part of parts) expect(await part.ended).toMatchObject({ code: 0 });
    expect(output().match(/"level":[45]0.*/g)).toBeNull();
  },
);
