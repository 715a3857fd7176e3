import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startNodePart } from '../../../commands/supervise/node-part.ts';
import { createSupervisor } from '../../../commands/supervise/supervisor.ts';
import { freePort } from '../../../local/embedded/free-port.ts';
import { embeddedPostgres } from '../../../local/embedded/postgres.ts';
import { embeddedRedis } from '../../../local/embedded/redis.ts';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { PLACES_IN_ROW } from '../../../shared/domain/house.ts';
import { spellTags } from '../../../shared/stores/redis/keys.ts';
import { type KillableServer, runServer } from '../../kit/killable-server.ts';
import { startProxy } from '../../kit/proxy.ts';
import { startRedisCluster } from '../../kit/redis-cluster.ts';
import { prepareHouse, type Rig, serverOptions } from '../../kit/rig.ts';
import { shiftedClock } from '../../kit/shifted-clock.ts';
import { embeddedStandby, query, untilStreaming } from '../../kit/standby.ts';

/** Large enough that nothing sells out for long, small enough that buyers meet. */
export const HOUSE = { ZONES: 20, ROWS: 20, SEATS_PER_ROW: 40 };

/** An area behind the zones of every house: few enough places that it sells out. */
export const AREA = { zone: HOUSE.ZONES + 1, capacity: 600 };

export type PartName = `api ${1 | 2}` | `worker ${1 | 2}`;

const MODULES = { api: 'api/main', worker: 'workers/main' } as const;

/** Two APIs and two workers under the supervisor of `npm start`. */
function createParts(rig: Rig, servers: NodeJS.ProcessEnv) {
  const pids = new Map<PartName, number>();
  const clockShiftMs = new Map<PartName, number>();
  const supervisor = createSupervisor(() => undefined);
  const environmentOf = (name: PartName) => ({
    ...process.env,
    ...servers,
    RATE_LIMIT: 'off',
    OPERATORS_FROM_LOOPBACK: 'true', // buyers' bookings are returned without a token
    LOG_LEVEL: 'info',
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} ${shiftedClock(clockShiftMs.get(name) ?? 0)}`.trim(),
  });
  const startPart = async (name: PartName, settings: NodeJS.ProcessEnv) => {
    const module = MODULES[name.startsWith('api') ? 'api' : 'worker'];
    const logFile = join(rig.folder, `${name.replace(' ', '-')}.log`);
    const part = await startNodePart(module, { environment: { ...environmentOf(name), ...settings }, logFile });
    pids.set(name, part.pid);
    void part.exited.then(() => pids.delete(name));
    return part;
  };

  /** Sends a signal to a part, once it runs: it may be starting. */
  async function signal(name: PartName, kind: NodeJS.Signals): Promise<void> {
    for (;;) {
      const pid = pids.get(name);
      if (pid !== undefined) return void process.kill(pid, kind);
      await sleep(50);
    }
  }

  return {
    signal,
    add: (name: PartName, settings: NodeJS.ProcessEnv = {}) =>
      supervisor.add({ name, start: () => startPart(name, settings) }),
    stop: () => supervisor.stop(['api 1', 'api 2'], []),

    /** Starts a part again with its clock shifted by so many milliseconds. */
    async shiftClock(name: PartName, shiftMs: number): Promise<void> {
      clockShiftMs.set(name, shiftMs);
      const oldPid = pids.get(name);
      await signal(name, 'SIGTERM');
      while (pids.get(name) === undefined || pids.get(name) === oldPid) await sleep(50);
    },
  };
}

/** Makes a Redis follow another, and waits until it has the other's data. */
async function follow(replicaUrl: string, masterUrl: string): Promise<void> {
  const redis = new Redis(replicaUrl);
  const { hostname, port } = new URL(masterUrl);
  try {
    await redis.replicaof(hostname, Number(port));
    while (!(await redis.info('replication')).includes('master_link_status:up')) await sleep(50);
  } finally {
    redis.disconnect();
  }
}

/** Starts PostgreSQL behind a proxy, with the house. */
async function startPostgres(rig: Rig, folder: string) {
  const server = await runServer(await embeddedPostgres(await serverOptions(rig, 'postgres', folder)));
  await prepareHouse(server.url, HOUSE);
  await query(
    server.url,
    `INSERT INTO zone (event_id, number, rows, seats_per_row, price, is_area, capacity)
     VALUES (${DEFAULT_EVENT}, ${AREA.zone}, ${Math.ceil(AREA.capacity / PLACES_IN_ROW)}, ${PLACES_IN_ROW}, 5000, TRUE,
       ${AREA.capacity})`,
  );
  return { server, proxy: await startProxy(server.url) };
}

/** Starts one Redis behind a proxy, which can lead to a replica of it. */
async function startRedis(rig: Rig) {
  const start = async (name: string) => runServer(await embeddedRedis(await serverOptions(rig, name)));
  const first = await start('redis');
  const proxy = await startProxy(first.url);
  const replicas: KillableServer[] = [];
  let server = first;
  return {
    proxy,
    server: () => server,

    /** Starts a Redis, on a folder of its own, that follows the one of the system. */
    async addReplica(name: string): Promise<KillableServer> {
      const replica = await start(name);
      replicas.push(replica);
      await follow(replica.url, server.url);
      return replica;
    },

    /** Makes another Redis the one of the system. */
    use(other: KillableServer): void {
      server = other;
      proxy.redirect(other.url);
    },

    async close(): Promise<void> {
      await proxy.close();
      for (const one of [first, ...replicas]) if (!(await one.hasEnded())) await one.stop();
    },
  };
}

/** Starts a standby of PostgreSQL, which streams from it. */
async function addStandby(rig: Rig, primary: { url: string; folder: string }, kind: Standby): Promise<KillableServer> {
  const standby = await runServer(await embeddedStandby(primary, await serverOptions(rig, 'standby')));
  await untilStreaming(primary.url, kind === 'synchronous');
  return standby;
}

/** Whether commits of PostgreSQL wait for its standby. */
export type Standby = 'synchronous' | 'asynchronous';

/** Shards of a system on a cluster: more than masters, so that each master has some. */
const CLUSTER_SHARDS = 6;

type RigOptions = { postgresFolder?: string; waitsForReplica?: boolean; onCluster?: boolean; standby?: Standby };

/** The part of a rig that only some have. @throws Error where this one has none */
function only<Part>(part: Part | undefined, what: string): Part {
  if (part === undefined) throw new Error(`this system has no ${what}`);
  return part;
}

/**
 * Starts a system of its own: PostgreSQL and Redis behind proxies, two APIs and two workers.
 *
 * @param options.postgresFolder the folder of PostgreSQL's data, which may lie on a disk of its own
 * @param options.waitsForReplica whether requests wait for a replica of Redis
 * @param options.onCluster whether Redis is a cluster, whose masters have replicas, in place of one server
 * @param options.standby the kind of PostgreSQL's standby; without it there is none
 */
export async function startChaosRig(rig: Rig, options: RigOptions = {}) {
  const { postgresFolder = join(rig.folder, 'postgres'), waitsForReplica = false, onCluster = false } = options;
  spellTags({ isCluster: onCluster });
  const first = await startPostgres(rig, postgresFolder);
  let postgres = first.server;
  const cluster = onCluster ? await startRedisCluster(rig) : undefined;
  const redis = onCluster ? undefined : await startRedis(rig);
  const standby =
    options.standby && (await addStandby(rig, { url: postgres.url, folder: postgresFolder }, options.standby));
  const replica = waitsForReplica ? await redis?.addReplica('replica') : undefined;
  const redisUrl = cluster?.url ?? only(redis, 'Redis').proxy.url;
  const shards = onCluster ? CLUSTER_SHARDS : 1;
  const parts = createParts(rig, {
    DATABASE_URL: first.proxy.url,
    REDIS_URL: redisUrl,
    REDIS_WAIT_REPLICAS: waitsForReplica ? '1' : '0',
    SHARDS: String(shards),
  });
  await Promise.all([parts.add('worker 1'), parts.add('worker 2')]);
  const ports = [String(await freePort()), String(await freePort())];
  await Promise.all([parts.add('api 1', { PORT: ports[0] }), parts.add('api 2', { PORT: ports[1] })]);
  return {
    folder: rig.folder,
    urls: ports.map((port) => `http://127.0.0.1:${port}`),
    get postgres() {
      return postgres;
    },
    postgresProxy: first.proxy,
    /** The address of Redis, as the parts have it. */
    redisUrl,
    shards,
    /** The one Redis of a system that has no cluster. */
    get redis() {
      return only(redis, 'single Redis');
    },
    get cluster() {
      return only(cluster, 'cluster');
    },
    signal: parts.signal,
    shiftClock: parts.shiftClock,
    /** The replica that requests wait for, of the one Redis. */
    replica,
    /** PostgreSQL's standby. */
    standby,

    /** Makes another PostgreSQL the one of the system. */
    usePostgres(server: KillableServer): void {
      postgres = server;
      first.proxy.redirect(server.url);
    },

    async close(): Promise<void> {
      await parts.stop();
      await Promise.all([first.proxy.close(), redis?.close(), cluster?.stop()]);
      for (const server of [first.server, ...(standby ? [standby] : [])])
        if (!(await server.hasEnded())) await server.stop();
    },
  };
}

export type ChaosRig = Awaited<ReturnType<typeof startChaosRig>>;
