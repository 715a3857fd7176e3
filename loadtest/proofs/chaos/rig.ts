import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNodePart } from '../../../commands/supervise/node-part.ts';
import { createSupervisor } from '../../../commands/supervise/supervisor.ts';
import { freePort } from '../../../local/embedded/free-port.ts';
import { embeddedPostgres } from '../../../local/embedded/postgres.ts';
import { embeddedRedis } from '../../../local/embedded/redis.ts';
import type { EmbeddedServer } from '../../../local/embedded/server-process.ts';
import { prepareDatabase } from '../../../shared/stores/prepare.ts';
import { startProxy } from '../../kit/proxy.ts';
import { shiftedClock } from '../../kit/shifted-clock.ts';

/** Large enough that nothing sells out for long, small enough that buyers meet. */
export const HOUSE = { ZONES: 20, ROWS: 20, SEATS_PER_ROW: 40 };

/** Milliseconds that a server may take until it is up again: after a kill PostgreSQL refuses to start for a moment. */
const RESTART_TIMEOUT_MS = 60_000;

/** A database server that can be killed and started again on what it has on disk. */
async function runServer(embedded: EmbeddedServer) {
  let running = await embedded.start();
  return {
    url: embedded.url,

    /** Ends it as a power cut would. */
    async kill(): Promise<void> {
      process.kill(running.identity.pid, 'SIGKILL');
      await running.exited;
    },

    /** Asks it to stop in order. */
    stop: () => running.stop(10_000),

    /** Starts it again where it has ended; tries again until it is up. */
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
    ended: () => Promise.race([running.exited.then(() => true), sleep(0).then(() => false)]),
  };
}

export type RigServer = Awaited<ReturnType<typeof runServer>>;

export type PartName = `api ${1 | 2}` | `worker ${1 | 2}`;

/**
 * A whole Frontrow of its own to break: PostgreSQL and Redis behind proxies, two APIs and two workers under the supervisor of
 * `npm start`.
 *
 * @param folder where everything of it lies
 * @param postgresFolder where PostgreSQL's data lies, if on a disk of its own
 */
export async function startRig(folder: string, postgresFolder = join(folder, 'postgres')) {
  const say = (line: string) => log.push(line);
  const log: string[] = [];
  mkdirSync(folder, { recursive: true });
  const optionsOf = async (name: string, data = join(folder, name)) => ({
    folder: data,
    port: await freePort(),
    logFile: join(folder, `${name}.log`),
    environment: process.env,
    progress: (line: string) => void say(line),
  });
  const postgres = await runServer(await embeddedPostgres(await optionsOf('postgres', postgresFolder)));
  let redis = await runServer(await embeddedRedis(await optionsOf('redis')));
  const [postgresProxy, redisProxy] = [await startProxy(postgres.url), await startProxy(redis.url)];
  await prepareDatabase(postgres.url, { ...HOUSE, AUTH: 'off', NODE_ENV: 'development' });

  const pids = new Map<PartName, number>();
  const supervisor = createSupervisor(say);
  const clockShiftMs = new Map<PartName, number>();
  const environment = (name: PartName) => ({
    ...process.env,
    DATABASE_URL: postgresProxy.url,
    REDIS_URL: redisProxy.url,
    RATE_LIMIT: 'off',
    LOG_LEVEL: 'info',
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} ${shiftedClock(clockShiftMs.get(name) ?? 0)}`.trim(),
  });
  async function addPart<Name extends PartName>(name: Name, module: string, extra: NodeJS.ProcessEnv): Promise<void> {
    const logFile = join(folder, `${name.replace(' ', '-')}.log`);
    await supervisor.add({
      name,
      async start() {
        const part = await startNodePart(module, { environment: { ...environment(name), ...extra }, logFile });
        pids.set(name, part.pid);
        void part.exited.then(() => pids.delete(name));
        return part;
      },
    });
  }
  await Promise.all([addPart('worker 1', 'workers/main', {}), addPart('worker 2', 'workers/main', {})]);
  const ports = [String(await freePort()), String(await freePort())];
  await Promise.all([
    addPart('api 1', 'api/main', { PORT: ports[0] }),
    addPart('api 2', 'api/main', { PORT: ports[1] }),
  ]);

  /** Sends a signal to a part, once it runs: it may just be started again. */
  async function signal(name: PartName, signal: NodeJS.Signals): Promise<void> {
    for (;;) {
      const pid = pids.get(name);
      if (pid !== undefined) return void process.kill(pid, signal);
      await sleep(50);
    }
  }

  return {
    folder,
    /** What the supervisor said. */
    log,
    urls: ports.map((port) => `http://127.0.0.1:${port}`),
    postgres,
    redis: () => redis,
    postgresProxy,
    redisProxy,

    signal,

    /** Starts a part again with its clock off by so many milliseconds. */
    async shiftClock(name: PartName, shiftMs: number): Promise<void> {
      clockShiftMs.set(name, shiftMs);
      const before = pids.get(name);
      await signal(name, 'SIGTERM');
      while (pids.get(name) === undefined || pids.get(name) === before) await sleep(50);
    },

    /** Starts another Redis, on a folder of its own. */
    anotherRedis: async (name: string) => runServer(await embeddedRedis(await optionsOf(name))),

    /** From here on this is the Redis of the rig. */
    useRedis(server: RigServer): void {
      redis = server;
      redisProxy.turnTo(server.url);
    },

    async close(): Promise<void> {
      await supervisor.stop(['api 1', 'api 2'], []);
      await Promise.all([postgresProxy.close(), redisProxy.close()]);
      await Promise.all([postgres.stop(), redis.stop()]);
    },
  };
}

export type Rig = Awaited<ReturnType<typeof startRig>>;
