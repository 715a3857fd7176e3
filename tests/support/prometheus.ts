import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../local/embedded/free-port.ts';
import { fetchPackages } from '../../local/embedded/packages.ts';
import { startServer, untilUp } from '../../local/embedded/server-process.ts';
import { projectRoot } from '../../shared/platform/root.ts';

const run = promisify(execFile);

/** The folder of Prometheus' configuration, rules and alerts. */
export const OPS = join(projectRoot, 'ops', 'prometheus');

/**
 * The folder with `prometheus` and `promtool`: on the PATH, else from this system's packages.
 *
 * @throws Error where neither can be found
 */
export async function findPrometheus(): Promise<string> {
  const both = (folder: string) => ['prometheus', 'promtool'].every((name) => existsSync(join(folder, name)));
  const installed = (process.env.PATH ?? '').split(delimiter).find(both);
  if (installed !== undefined) return installed;
  const home = join(projectRoot, '.servers', 'prometheus');
  const fetched = join(home, 'usr', 'bin');
  if (both(fetched)) return fetched;
  if (!existsSync('/etc/debian_version')) throw new Error('it is not on the PATH');
  await fetchPackages(home, [['prometheus']], process.env);
  return fetched;
}

/** Checks rules or a configuration. @throws Error with the mistake */
export const promtool = (bin: string, ...args: string[]) => run(join(bin, 'promtool'), args);

type Series = { metric: Record<string, string>; value: [number, string] };

/**
 * Starts a Prometheus that scrapes one API and its workers each second, with the rules of ops/. Alerts fire after a
 * second instead of their configured time.
 */
export async function startPrometheus(bin: string, folder: string, apiUrl: string) {
  mkdirSync(folder, { recursive: true });
  const config = readFileSync(join(OPS, 'prometheus.yml'), 'utf8')
    .replaceAll('api:3000', new URL(apiUrl).host)
    .replace(/ {2}- job_name: redis\n[\s\S]*/, '') // its exporter is the compose file's
    .replaceAll(/(scrape_interval|scrape_timeout|evaluation_interval|refresh_interval): \d+s/g, '$1: 1s');
  writeFileSync(join(folder, 'prometheus.yml'), config);
  for (const file of ['rules.yml', 'alerts.yml']) {
    writeFileSync(join(folder, file), readFileSync(join(OPS, file), 'utf8').replaceAll(/for: \d+[sm]/g, 'for: 1s'));
  }
  const logFile = join(folder, 'prometheus.log');
  const url = `http://127.0.0.1:${await freePort()}`;
  const server = startServer({
    command: join(bin, 'prometheus'),
    args: [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      `--web.listen-address=${new URL(url).host}`,
    ],
    logFile,
    stopSignal: 'SIGTERM',
  });
  const probe = () =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await untilUp(server, { name: 'Prometheus', logFile, probe });

  async function get<Data>(path: string): Promise<Data> {
    const answer = (await (await fetch(`${url}/api/v1/${path}`)).json()) as { data: Data; error?: string };
    if (answer.error !== undefined) throw new Error(`${decodeURIComponent(path)}: ${answer.error}`);
    return answer.data;
  }

  return {
    /** The series of an expression now. @throws Error where it does not parse */
    query: async (expression: string) =>
      (await get<{ result: Series[] }>(`query?query=${encodeURIComponent(expression)}`)).result,
    targets: async () =>
      (await get<{ activeTargets: { health: string; labels: { job: string } }[] }>('targets')).activeTargets,
    stop: () => server.stop(2_000),
  };
}
