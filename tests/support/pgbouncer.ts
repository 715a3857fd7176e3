import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../local/embedded/free-port.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { launch, until } from './processes.ts';

/** Connections to PostgreSQL: fewer than those of one API, so that every session serves several clients. */
const POOL_SIZE = 4;

/** The user `nobody`: PgBouncer refuses to run as root. */
const NOBODY = 65_534;

/**
 * Starts PgBouncer in transaction mode, with its defaults otherwise, before a database. `cleanUp` stops it.
 *
 * @returns the address of the database through it
 */
export async function startPgbouncer(folder: string, databaseUrl: string): Promise<string> {
  const url = new URL(databaseUrl);
  const port = await freePort();
  const file = (name: string, lines: string[]) => {
    const path = join(folder, name);
    writeFileSync(path, lines.join('\n'));
    return path;
  };
  const users = file('users.txt', [`"${url.username}" "${decodeURIComponent(url.password)}"`]);
  const config = file('pgbouncer.ini', [
    '[databases]',
    `* = host=${url.hostname} port=${url.port}`,
    '[pgbouncer]',
    'pool_mode = transaction',
    `default_pool_size = ${POOL_SIZE}`,
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = plain',
    `auth_file = ${users}`,
  ]);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) for (const path of [folder, users, config]) chownSync(path, NOBODY, NOBODY);
  const { output } = launch('pgbouncer', [...(isRoot ? ['-u', 'nobody'] : []), config], {});
  url.host = `127.0.0.1:${port}`;
  const answers = () =>
    connectPostgres({ connectionString: url.href }).then(
      (client) => client.end().then(() => true),
      () => false,
    );
  await until(answers, 10_000, output);
  return url.href;
}
