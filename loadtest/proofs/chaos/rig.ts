import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startNodePart } from '../../../commands/supervise/node-part.ts';
import { createSupervisor } from '../../../commands/supervise/supervisor.ts';
import { freePort } from '../../../local/embedded/free-port.ts';
import { embeddedPostgres } from '../../../local/embedded/postgres.ts';
import { embeddedRedis } from '../../../local/embedded/redis.ts';
import type { EmbeddedServer } from '../../../local/embedded/server-process.ts';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { PLACES_IN_ROW } from '../../../shared/domain/house.ts';
import { startProxy } from '../../kit/proxy.ts';
import { prepareHouse, type Rig, serverOptions } from '../../kit/rig.ts';
import { shiftedClock } from '../../kit/shifted-clock.ts';
import { embeddedStandby, query, untilStreaming } from '../../kit/standby.ts';

/** Large enough that nothing sells out for long, small enough that buyers meet. */
export const HOUSE = { ZONES: 20, ROWS: 20, SEATS_PER_ROW: 40 };

/** An area behind the zones of every house: few enough places that it sells out. */
export const AREA = { zone: HOUSE.ZONES + 1, capacity: 600 };

/** Milliseconds in which a server must run again: after a kill PostgreSQL refuses to start for a moment. */
const RESTART_TIMEOUT_MS = 60_000;

const STOP_MS = 10_000;

/** A database server that can be killed and started again on its data. */
async function runServer(embedded: EmbeddedServer) {
  let running = await embedded.start();
  return {
    url: embedded.url,

    /** Kills it, as a power cut does. */
    async kill(): Promise<void> {
      process.kill(running.identity.pid, 'SIGKILL');
      await running.exited;
    },

    /** Stops it in order. */
    stop: () => running.stop(STOP_MS),

    /** Starts it after its end, and tries again until it runs. */
    async start(): Promise<void> {
      const deadline = performance.now() + RESTART_TIMEOUT_MS;
      for (;;) {
        try {
          running = await embedded.start();
          return;
        } catch (fault) {
          if (performance.now() > deadline) throw fault;
          await sleep(200);
        }
      }
    },

    /** Whether its process has ended. */
    hasEnded: () => Promise.race([running.exited.then(() => true), sleep(0).then(() => false)]),
  };
}

export type ChaosServer = Awaited<ReturnType<typeof runServer>>;

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

/** Starts PostgreSQL and Redis, each behind a proxy. */
async function startServers(rig: Rig, postgresFolder: string) {
  const postgres = await runServer(await embeddedPostgres(await serverOptions(rig, 'postgres', postgresFolder)));
  const redis = await runServer(await embeddedRedis(await serverOptions(rig, 'redis')));
  await prepareHouse(postgres.url, HOUSE);
  await query(
    postgres.url,
    `INSERT INTO zone (event_id, number, rows, seats_per_row, price, is_area, capacity)
     VALUES (${DEFAULT_EVENT}, ${AREA.zone}, ${Math.ceil(AREA.capacity / PLACES_IN_ROW)}, ${PLACES_IN_ROW}, 5000, TRUE,
       ${AREA.capacity})`,
  );
  return { postgres, redis, postgresProxy: await startProxy(postgres.url), redisProxy: await startProxy(redis.url) };
}

/** Starts a standby of PostgreSQL, which streams from it. */
async function addStandby(rig: Rig, primary: { url: string; folder: string }, kind: Standby): Promise<ChaosServer> {
  const standby = await runServer(await embeddedStandby(primary, await serverOptions(rig, 'standby')));
  await untilStreaming(primary.url, kind === 'synchronous');
  return standby;
}

/** Whether commits of PostgreSQL wait for its standby. */
export type Standby = 'synchronous' | 'asynchronous';

type RigOptions = { postgresFolder?: string; waitsForReplica?: boolean; standby?: Standby };

/**
 * Starts a system of its own: PostgreSQL and Redis behind proxies, two APIs and two workers.
 *
 * @param options.postgresFolder the folder of PostgreSQL's data, which may lie on a disk of its own
 * @param options.waitsForReplica whether Redis has a replica, for which requests wait
 * @param options.standby the kind of PostgreSQL's standby; without it there is none
 */
export async function startChaosRig(rig: Rig, options: RigOptions = {}) {
  const { postgresFolder = join(rig.folder, 'postgres'), waitsForReplica = false } = options;
  const {
    postgres: firstPostgres,
    redis: firstRedis,
    postgresProxy,
    redisProxy,
  } = await startServers(rig, postgresFolder);
  let [postgres, redis] = [firstPostgres, firstRedis];
  const primary = { url: postgres.url, folder: postgresFolder };
  const standby = options.standby && (await addStandby(rig, primary, options.standby));
  const replicas: ChaosServer[] = [];

  /** Starts a Redis, on a folder of its own, that follows the one of the system. */
  async function addReplica(name: string): Promise<ChaosServer> {
    const replica = await runServer(await embeddedRedis(await serverOptions(rig, name)));
    replicas.push(replica);
    await follow(replica.url, redis.url);
    return replica;
  }

  const replica = waitsForReplica ? await addReplica('replica') : undefined;
  const parts = createParts(rig, {
    DATABASE_URL: postgresProxy.url,
    REDIS_URL: redisProxy.url,
    REDIS_WAIT_REPLICAS: waitsForReplica ? '1' : '0',
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
    redis: () => redis,
    postgresProxy,
    redisProxy,
    signal: parts.signal,
    shiftClock: parts.shiftClock,
    addReplica,
    /** The replica that requests wait for. */
    replica,
    /** PostgreSQL's standby. */
    standby,

    /** Makes another Redis the one of the system. */
    useRedis(server: ChaosServer): void {
      redis = server;
      redisProxy.redirect(server.url);
    },

    /** Makes another PostgreSQL the one of the system. */
    usePostgres(server: ChaosServer): void {
      postgres = server;
      postgresProxy.redirect(server.url);
    },

    async close(): Promise<void> {
      await parts.stop();
      await Promise.all([postgresProxy.close(), redisProxy.close()]);
      const others = [firstPostgres, ...(standby ? [standby] : []), firstRedis, ...replicas];
      for (const server of others) if (!(await server.hasEnded())) await server.stop();
    },
  };
}

export type ChaosRig = Awaited<ReturnType<typeof startChaosRig>>;
