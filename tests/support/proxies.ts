import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configuredProxy, replaced, writeNginx } from '../../loadtest/kit/nginx.ts';
import { freePort } from '../../local/embedded/free-port.ts';
import { launch, until } from './processes.ts';

/**
 * A running proxy. `needsKeys`: it sends requests to an API until that refuses connections, so a request without an
 * idempotency key may be lost in the very moment of its end.
 */
export type RunningProxy = {
  name: string;
  url: string;
  output: () => string;
  needsKeys: boolean;
  /** Counts the requests that it sent once more, to an API that did not answer before. */
  retried: () => Promise<number>;
};

async function started(
  command: string,
  args: string[],
  port: number,
  own: Pick<RunningProxy, 'name' | 'needsKeys' | 'retried'>,
): Promise<RunningProxy> {
  const { output } = launch(command, args, {});
  const url = `http://127.0.0.1:${port}`;
  const answers = () =>
    fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(answers, 20_000, output);
  return { ...own, url, output };
}

/** The retries in HAProxy's statistics, which are CSV with a header. */
function retriesIn(statistics: string): number {
  const [header = [], ...rows] = statistics.split('\n').map((line) => line.replace(/^# /, '').split(','));
  const backend = rows.find((row) => row[header.indexOf('svname')] === 'BACKEND');
  return Number(backend?.[header.indexOf('wretr')]);
}

/** Starts HAProxy with the configuration of ops/. Its `keeps`: whether it keeps connections to the APIs. */
export async function startHaproxy(folder: string, apiPorts: readonly number[], keeps: boolean) {
  const name = `haproxy, connections ${keeps ? 'kept' : 'not kept'}`;
  const [port, statisticsPort] = [await freePort(), await freePort()];
  const config = configuredProxy('haproxy/haproxy.cfg', port, apiPorts);
  const file = join(folder, `haproxy-${port}.cfg`);
  writeFileSync(
    file,
    `${replaced(config, 'balance', `${keeps ? 'http-reuse always' : 'option http-server-close'}\n    balance`)}
frontend statistics
    bind 127.0.0.1:${statisticsPort}
    stats enable
    stats uri /
`,
  );
  const retried = async () => retriesIn(await (await fetch(`http://127.0.0.1:${statisticsPort}/;csv`)).text());
  return started('haproxy', ['-db', '-f', file], port, { name, needsKeys: false, retried });
}

/** As `startHaproxy`, with nginx. */
export async function startNginx(folder: string, apiPorts: readonly number[], keeps: boolean) {
  const [name, port] = [`nginx, connections ${keeps ? 'kept' : 'not kept'}`, await freePort()];
  const change = (site: string) =>
    keeps ? site : replaced(site, /^ *keepalive.*\n/gm, '').replace("''      ''", "''      close");
  const { args, log } = writeNginx({ folder, port, apiPorts, change });
  // A request that was sent to several APIs has their addresses with commas between them.
  const retried = async () => (readFileSync(log, 'utf8').match(/^.*,.*$/gm) ?? []).length;
  return started('nginx', args, port, { name, needsKeys: true, retried });
}
