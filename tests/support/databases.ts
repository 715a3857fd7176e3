import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../local/embedded/free-port.ts';
import { embeddedPostgres } from '../../local/embedded/postgres.ts';
import { hashPassword } from '../../shared/domain/password.ts';
import { migrate } from '../../shared/platform/migrate.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { openPrisma } from '../../shared/platform/prisma.ts';
import { ensureDemoUsers } from '../../shared/stores/postgres/users.ts';

/** A migrated database with the demonstration's users, made once a run and copied for each test file. */
const TEMPLATE = 'frontrow_template';

/** The address of another database on the PostgreSQL server of this run. */
function addressOf(name: string): string {
  const url = new URL(process.env.TEST_DATABASE_URL ?? '');
  url.pathname = `/${name}`;
  return url.href;
}

async function createDatabase(name: string, clause = ''): Promise<string> {
  const client = await connectPostgres({ connectionString: addressOf('postgres') });
  await client.query(`CREATE DATABASE ${name} ${clause}`);
  await client.end();
  return addressOf(name);
}

const newName = () => `test_${randomBytes(6).toString('hex')}`;

/** A hash that is quick to verify: its cost is the least. A log-in of an unknown user takes the full cost. */
export const quickHash = (password: string): Promise<string> => hashPassword(password, { N: 2, r: 1, p: 1 });

/** Makes the template. PostgreSQL refuses to copy a database that has connections, so none may stay open. */
export async function createTemplate(): Promise<void> {
  const url = await createDatabase(TEMPLATE);
  await migrate(url);
  const prisma = openPrisma(url, 1);
  await ensureDemoUsers(prisma, { hasPassword: true });
  await prisma.user.update({ where: { id: 1 }, data: { passwordHash: await quickHash('password') } });
  await prisma.$disconnect();
  const client = await connectPostgres({ connectionString: url });
  await client.query('VACUUM ANALYZE'); // each copy would be due for it
  await client.end();
}

/** The address of a new database with this version's tables, for the calling file alone. */
export const newDatabase = (): Promise<string> => createDatabase(newName(), `TEMPLATE ${TEMPLATE}`);

/** The address of a new database without tables, for tests of migrations. */
export const emptyDatabase = (): Promise<string> => createDatabase(newName());

/** The address of a copy of another database, which has no connections. */
export const copyOfDatabase = (url: string): Promise<string> =>
  createDatabase(newName(), `TEMPLATE ${new URL(url).pathname.slice(1)}`);

/** The cluster of another PostgreSQL server, not started. `embed` reads its configuration anew. */
export async function newCluster() {
  const parent = mkdtempSync(join(tmpdir(), 'frontrow-test-postgres-'));
  const [folder, logFile] = [join(parent, 'postgres'), join(parent, 'postgres.log')];
  const options = { folder, port: await freePort(), logFile, environment: process.env, progress: () => undefined };
  const embed = () => embeddedPostgres(options);
  await embed();
  return { folder, embed, remove: () => rmSync(parent, { recursive: true, force: true }) };
}
