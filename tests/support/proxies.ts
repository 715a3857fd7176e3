import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../local/embedded/free-port.ts';
import { projectRoot } from '../../shared/platform/root.ts';
import { launch, until } from './processes.ts';

const read = (file: string) => readFileSync(join(projectRoot, 'ops', file), 'utf8');

/** The configuration that operators get, with the ports of a test. */
function configured(file: string, port: number, apiPorts: readonly number[]): string {
  const listening = read(file)
    .replace(/bind :80/, `bind 127.0.0.1:${port}`)
    .replace(/listen 80/, `listen 127.0.0.1:${port}`);
  return apiPorts.reduce((text, apiPort, i) => text.replace(`api${i + 1}:3000`, `127.0.0.1:${apiPort}`), listening);
}

/** Replaces text that must be there. */
function replaced(text: string, from: RegExp | string, to: string): string {
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`no ${from} in ${text}`);
  return changed;
}

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
  const config = configured('haproxy/haproxy.cfg', port, apiPorts);
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
  const own = join(folder, `nginx-${port}`);
  const cached = configured('nginx/frontrow.conf', port, apiPorts);
  const config = replaced(cached, '/var/cache/frontrow', join(own, 'cache'));
  mkdirSync(own);
  const site = keeps ? config : replaced(config, /^ *keepalive.*\n/gm, '').replace("''      ''", "''      close");
  // The workers of a root's nginx would be another user, who may not enter the folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((path) => `${path}_temp_path ${own};`);
  writeFileSync(
    join(own, 'nginx.conf'),
    `${user} daemon off; worker_processes 1; pid ${own}/pid; error_log stderr warn; events {}
     http { log_format tries '$upstream_addr'; access_log ${own}/tries tries; ${paths.join(' ')}\n${site}}`,
  );
  // A request that was sent to several APIs has their addresses with commas between them.
  const retried = async () => (readFileSync(join(own, 'tries'), 'utf8').match(/^.*,.*$/gm) ?? []).length;
  return started('nginx', ['-p', own, '-c', join(own, 'nginx.conf')], port, { name, needsKeys: true, retried });
}
