import { execFile } from 'node:child_process';
import { appendFileSync, chownSync, copyFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { embeddedPostgres } from '../../local/embedded/postgres.ts';
import type { EmbeddedOptions, EmbeddedServer } from '../../local/embedded/server-process.ts';
import { connectPostgres, type QueryResultRow } from '../../shared/platform/postgres.ts';

const run = promisify(execFile);

/** The name under which a standby connects, and which makes it a synchronous one. */
const STANDBY = 'standby';

/** Milliseconds in which a standby must have all that its primary has. */
const STREAMING_TIMEOUT_MS = 30_000;

/** Runs a statement on a server, by a connection of its own. */
export async function query<Row extends QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = await connectPostgres({ connectionString: url, connectionTimeoutMillis: 5_000 });
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end().catch(() => undefined); // its server may have ended
  }
}

/** A running PostgreSQL and the folder of its data. */
type Primary = { url: string; folder: string };

/**
 * A standby that streams what an embedded PostgreSQL commits. The embedded binaries have no pg_basebackup, so the base
 * backup is taken by SQL.
 */
export async function embeddedStandby(primary: Primary, options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { folder } = options;
  const { hostname, port, username, password } = new URL(primary.url);
  const client = await connectPostgres({ connectionString: primary.url });
  try {
    await client.query(`SELECT pg_backup_start('standby', fast => true)`);
    await copyData(primary.folder, folder);
    const { rows } = await client.query('SELECT labelfile, spcmapfile FROM pg_backup_stop()');
    const source = `host=${hostname} port=${port} user=${username} password=${password} application_name=${STANDBY}`;
    appendFileSync(join(folder, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`);
    const files = { backup_label: rows[0].labelfile, tablespace_map: rows[0].spcmapfile, 'standby.signal': '' };
    for (const [name, text] of Object.entries(files)) writeAs(folder, name, text);
  } finally {
    await client.end();
  }
  return embeddedPostgres(options);
}

/** Copies the data of a running server, without its process id and its log, which the standby streams. */
async function copyData(from: string, to: string): Promise<void> {
  await run('cp', ['-a', from, to]);
  copyFileSync(`${from}.password`, `${to}.password`);
  rmSync(join(to, 'postmaster.pid'));
  const log = readdirSync(join(to, 'pg_wal'), { withFileTypes: true });
  for (const { name } of log.filter((entry) => entry.isFile())) rmSync(join(to, 'pg_wal', name));
}

/** Writes a file that belongs to the account of the folder, under which the server runs. */
function writeAs(folder: string, name: string, text: string): void {
  const { uid, gid } = statSync(folder);
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  chownSync(join(folder, name), uid, gid);
}

/** Waits until a primary's standby streams, and lets commits wait for it where it is to be synchronous. */
export async function untilStreaming(primaryUrl: string, isSynchronous: boolean): Promise<void> {
  await query(primaryUrl, `ALTER SYSTEM SET synchronous_standby_names = '${isSynchronous ? STANDBY : ''}'`);
  await query(primaryUrl, 'SELECT pg_reload_conf()');
  const state = isSynchronous ? 'sync' : 'async';
  const streaming = `SELECT FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = '${state}'`;
  const deadline = performance.now() + STREAMING_TIMEOUT_MS;
  while ((await query(primaryUrl, streaming)).length === 0) {
    if (performance.now() > deadline) throw new Error(`the standby does not stream as ${state}`);
    await sleep(50);
  }
}

/** Lets a standby follow nobody: it misses every commit from now on. */
export async function cutOff(standbyUrl: string): Promise<void> {
  await query(standbyUrl, `ALTER SYSTEM SET primary_conninfo = ''`);
  await query(standbyUrl, 'SELECT pg_reload_conf()');
}

/** Makes a standby a primary. */
export async function promote(standbyUrl: string): Promise<void> {
  const [row] = await query<{ isPromoted: boolean }>(standbyUrl, 'SELECT pg_promote() AS "isPromoted"');
  if (row?.isPromoted !== true) throw new Error('the standby was not promoted');
}
