import pg from 'pg';

/** The id of its session that the server reported when it connected. node-postgres has it, its types have not. */
type Connected = pg.ClientBase & { processID: number | null };

/**
 * Sets what every session of ours needs. Prisma's adapter sends times as UTC without an offset, and drops the offset of
 * those that it reads (prisma/orm#26786): they are right only where the session's zone is UTC. This is a statement, for
 * PgBouncer refuses connections with a start-up parameter that it does not know.
 *
 * A pooler hands a session to one client after another. PgBouncer keeps the zone of each client, and nothing else: so
 * behind a pooler the role's time-out applies, and statements have no names, which another session would not know.
 */
async function prepareSession(client: pg.ClientBase, statementTimeoutMs = 0): Promise<void> {
  const { rows } = await client.query<{ id: number }>(
    "SELECT pg_backend_pid() AS id, set_config('TimeZone', 'UTC', false)",
  );
  const isPooled = rows[0]?.id !== (client as Connected).processID;
  if (isPooled) ignoreNames(client);
  else await client.query(`SET statement_timeout = ${statementTimeoutMs}`);
}

/** Lets a client send each statement without a name: PostgreSQL then plans it anew. */
function ignoreNames(client: pg.ClientBase): void {
  const query = client.query.bind(client) as (statement: unknown, ...rest: unknown[]) => unknown;
  const isNamed = (statement: unknown) => typeof statement === 'object' && statement !== null && 'name' in statement;
  const unnamed = (statement: unknown, ...rest: unknown[]) =>
    query(isNamed(statement) ? { ...(statement as object), name: undefined } : statement, ...rest);
  client.query = unnamed as typeof client.query;
}

/**
 * A pool whose connections are prepared before their first statement. `statementTimeoutMs`: 0 for no limit; behind a
 * pooler the role's applies.
 */
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
