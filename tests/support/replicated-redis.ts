import { Redis } from 'ioredis';
import { startProxy } from '../../loadtest/kit/proxy.ts';
import { until } from './processes.ts';
import { ownRedis, type TestRedis } from './redis-servers.ts';

type Server = Awaited<ReturnType<typeof ownRedis>>;

/** A Redis behind a proxy, with replicas that can be cut off and promoted. */
export async function startReplicatedRedis() {
  const servers: Server[] = [await ownRedis()];
  let [master] = servers as [Server];
  const proxy = await startProxy(master.url);

  async function on(server: Server, act: (redis: Redis) => Promise<unknown>): Promise<void> {
    const redis = new Redis(server.url);
    await act(redis);
    redis.disconnect();
  }
  const follow = (replica: Server) =>
    on(replica, async (redis) => {
      const { hostname, port } = new URL(master.url);
      await redis.replicaof(hostname, Number(port));
      await until(async () => (await redis.info('replication')).includes('master_link_status:up'), 10_000);
      await on(master, async (masterRedis) => {
        const online = `port=${new URL(replica.url).port},state=online`; // else WAIT does not count it
        await until(async () => (await masterRedis.info('replication')).includes(online), 10_000);
      });
    });

  return {
    /** The Redis of a test's system. */
    server: {
      url: proxy.url,
      restart: () => Promise.reject(new Error('this Redis fails over instead')),
      async release() {
        await proxy.close();
        for (const server of servers) await server.stop();
      },
    } satisfies TestRedis,
    follow,

    /** Starts a replica that follows the master. */
    async addReplica(): Promise<Server> {
      const replica = await ownRedis();
      servers.push(replica);
      await on(replica, (redis) => redis.config('SET', 'repl-diskless-sync-delay', '0'));
      await on(master, (redis) => redis.config('SET', 'repl-diskless-sync-delay', '0'));
      await follow(replica);
      return replica;
    },

    /** Lets a replica follow nobody: it misses each write from now on. */
    cutOff: (replica: Server) => on(replica, (redis) => redis.replicaof('127.0.0.1', 1)),

    /** Makes a replica the master. The old one is gone. */
    async promote(replica: Server): Promise<void> {
      await master.stop();
      servers.splice(servers.indexOf(master), 1);
      await on(replica, (redis) => redis.call('REPLICAOF', 'NO', 'ONE'));
      master = replica;
      proxy.redirect(replica.url);
    },
  };
}
