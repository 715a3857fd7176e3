import { spawnSync } from 'node:child_process';
import { closeSync, cpSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { KillableServer } from '../../kit/killable-server.ts';
import { between } from '../../kit/random.ts';
import { type Scene, withRedis } from './scene.ts';
import { sql } from './verdict.ts';

/*
 * Faults of Redis and PostgreSQL: kills, lost data, a full disk, full memory.
 */

export async function killServer(server: KillableServer, downMs: number): Promise<void> {
  await server.kill();
  await sleep(downMs);
  await server.start();
}

/** Restores the data of some seconds ago: a copy of Redis' log replaces the log. */
export async function restoreOldRedis({ rig, random, progress }: Scene, ageMs: number): Promise<void> {
  const log = join(rig.folder, 'redis', 'appendonlydir');
  const copy = `${log}.before`;
  await sleep(between(random, 0, 1_000));
  cpSync(log, copy, { recursive: true });
  progress(`copied the log of Redis, to restore it in ${ageMs / 1000} s`);
  await sleep(ageMs);
  await rig.redis.server().kill();
  rmSync(log, { recursive: true });
  renameSync(copy, log);
  await rig.redis.server().start();
}

/** Promotes a replica that has missed the last writes. */
export async function promoteReplica(scene: Scene): Promise<void> {
  const replica = await scene.rig.redis.addReplica('replica');
  await sleep(between(scene.random, 500, 1_500));
  await promoteLate(scene, replica);
}

/** Does the same to the replica that requests wait for. Another one follows it then. */
export async function promoteWaitedFor(scene: Scene): Promise<void> {
  const { replica } = scene.rig;
  if (replica === undefined) throw new Error('this system has no replica');
  await promoteLate(scene, replica);
  await scene.rig.redis.addReplica('next-replica');
}

/** Cuts a replica off, and promotes it after a while. */
async function promoteLate({ rig, random, progress }: Scene, replica: KillableServer): Promise<void> {
  const client = new Redis(replica.url);
  client.on('error', () => undefined);
  try {
    // The replica follows nobody from here on. Its master still confirms writes, which the replica misses.
    await client.replicaof('127.0.0.1', 1);
    const missedMs = between(random, 300, 2_000);
    await sleep(missedMs);
    await rig.redis.server().kill();
    await client.call('REPLICAOF', 'NO', 'ONE');
    progress(`promoted a replica that missed ${Math.round(missedMs)} ms`);
    rig.redis.use(replica);
  } finally {
    client.disconnect();
  }
}

export const fillRedis = ({ rig, random, progress }: Scene): Promise<void> =>
  withRedis(rig, async (redis) => {
    const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
    progress(`maxmemory is ${used}: full`);
    await redis.config('SET', 'maxmemory', used);
    await sleep(between(random, 3_000, 6_000));
    // Redis is 90% full from here on: queued requests drain, and new ones are refused.
    await redis.config('SET', 'maxmemory', Math.round(used / 0.9));
    await sleep(3_000);
    await redis.config('SET', 'maxmemory', 0);
  });

/** Where a run's small disk is mounted. */
export const diskOf = (folder: string): string => join(folder, 'disk');

/** Mounts a small file system for a run's PostgreSQL. Returns false where this process may not. */
export function mountSmallDisk(folder: string): boolean {
  mkdirSync(diskOf(folder), { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=320m', 'frontrow-chaos', diskOf(folder)]).status === 0;
}

export function unmountSmallDisk(folder: string): void {
  if (existsSync(diskOf(folder))) spawnSync('umount', [diskOf(folder)]);
}

/** Fills PostgreSQL's disk, and frees it after a while. PostgreSQL may have ended because of it. */
export async function fillDisk({ rig, random, progress }: Scene): Promise<void> {
  const filler = join(diskOf(rig.folder), 'filler');
  const file = openSync(filler, 'w');
  const chunk = Buffer.alloc(256 * 1024);
  try {
    for (;;) writeSync(file, chunk);
  } catch {
    fsyncSync(file); // no space is left
  }
  closeSync(file);
  progress('the disk of PostgreSQL is full');
  // In half of the runs PostgreSQL must begin a new file of its log, which ends it, and this statement.
  if (random() < 0.5) await sql(rig, 'SELECT pg_switch_wal()').catch(() => undefined);
  await sleep(between(random, 4_000, 8_000));
  rmSync(filler);
  if (await rig.postgres.hasEnded()) {
    progress('PostgreSQL had ended: starting it');
    await rig.postgres.start();
  }
}

/** Restarts PostgreSQL while COMMITs wait for a standby that does not exist: they are written, and never confirmed. */
export async function restartInCommit({ rig, random, progress }: Scene): Promise<void> {
  await sql(rig, `ALTER SYSTEM SET synchronous_standby_names = 'nobody'`);
  await sql(rig, 'SELECT pg_reload_conf()');
  const waiting = `SELECT count(*)::int AS count FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;
  const deadline = performance.now() + 10_000;
  let count = 0;
  while (count < 2 && performance.now() < deadline) {
    await sleep(50);
    count = (await sql<{ count: number }>(rig, waiting))[0]?.count ?? 0;
  }
  const isHard = random() < 0.5;
  progress(`${isHard ? 'kill -9' : 'restart'} of PostgreSQL while ${count} COMMITs are under way`);
  await sql(rig, 'ALTER SYSTEM RESET synchronous_standby_names');
  await (isHard ? rig.postgres.kill() : rig.postgres.stop());
  await rig.postgres.start();
}
