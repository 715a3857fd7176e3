import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { hostname } from 'node:os';
import { ConfigError } from './config-error.ts';
import { contentType, createGaugeRefresh, createMetricsPage } from './metrics.ts';
import { measurePools } from './prisma.ts';
import { measureRedis } from './redis.ts';

/**
 * Serves the metrics of a process that has no other server, at `/metrics`.
 *
 * @param port 0: any that is free
 * @throws ConfigError where the port is in use
 * @returns the address at which others reach it, and the function that ends it
 */
export async function serveMetrics({ host, port }: { host: string; port: number }) {
  const page = createMetricsPage(createGaugeRefresh([measureRedis, measurePools]));
  const server = createServer({ requestTimeout: 5_000 }, (req, res) => {
    if (req.method !== 'GET' || req.url !== '/metrics') return void res.writeHead(404).end();
    page().then(
      (text) => res.writeHead(200, { 'content-type': contentType }).end(text),
      () => res.writeHead(500).end(), // Prometheus sees the target as down
    );
  });
  server.maxConnections = 100;
  server.listen(port, host);
  await once(server, 'listening').catch((fault: NodeJS.ErrnoException) => {
    if (fault.code !== 'EADDRINUSE') throw fault;
    throw new ConfigError(
      `METRICS_PORT ${port} is in use: each worker of a machine needs its own. 0 takes any free one.`,
    );
  });
  const reachable = host === '0.0.0.0' || host === '::' ? hostname() : host;
  return {
    address: `${isIP(reachable) === 6 ? `[${reachable}]` : reachable}:${(server.address() as AddressInfo).port}`,
    close(): void {
      server.close();
      server.closeAllConnections();
    },
  };
}
