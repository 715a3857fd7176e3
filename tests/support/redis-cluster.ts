import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedisCluster } from '../../loadtest/kit/redis-cluster.ts';
import type { TestRedis } from './redis-servers.ts';

/** Starts a cluster of three masters with a replica each for the calling file alone. */
export async function ownCluster(): Promise<TestRedis & { cluster: Awaited<ReturnType<typeof startRedisCluster>> }> {
  const folder = mkdtempSync(join(tmpdir(), 'frontrow-test-cluster-'));
  const cluster = await startRedisCluster({ folder });
  return {
    cluster,
    url: cluster.url,
    restart: () => Promise.reject(new Error('a cluster has no one server to restart: kill a node')),
    async release() {
      await cluster.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
