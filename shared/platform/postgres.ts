import pg from 'pg';

/**
 * Sets what every session of ours needs. Prisma's adapter sends times as UTC without an offset, and drops the offset of
 * those that it reads (prisma/orm#26786): they are right only where the session's zone is UTC. This is a statement, for
 * PgBouncer refuses connections with a start-up parameter that it does not know.
 */
async function prepareSession(client: pg.ClientBase, statementTimeoutMs = 0): Promise<void> {
  await client.query(`SET TimeZone = 'UTC'; SET statement_timeout = ${statementTimeoutMs}`);
}

/** A pool whose connections are prepared before their first statement. `statementTimeoutMs`: 0 for no limit. */
export const openPool = (config: pg.PoolConfig, statementTimeoutMs = 0): pg.Pool =>
  new pg.Pool({ ...config, onConnect: (client) => prepareSession(client, statementTimeoutMs) });

/** Opens a separate connection, for work outside the pools. The caller ends it. */
export async function connectPostgres(config: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(config);
  client.on('error', () => undefined); // the statement under way, or the next one, fails and reports it
  try {
    await client.connect();
    await prepareSession(client);
  } catch (fault) {
    await client.end().catch(() => undefined); // it may never have been connected
    throw fault;
  }
  return client;
}

/** An error that PostgreSQL answered with. */
export const { DatabaseError } = pg;

export type { Client, Pool, QueryResultRow } from 'pg';
