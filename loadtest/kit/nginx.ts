import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot } from '../../shared/platform/root.ts';
import type { Rig } from './rig.ts';

/** The configuration of a proxy that operators get, in ops/, with the ports of a run. */
export function configuredProxy(file: string, port: number, apiPorts: readonly number[]): string {
  const listening = readFileSync(join(projectRoot, 'ops', file), 'utf8')
    .replace(/bind :80/, `bind 127.0.0.1:${port}`)
    .replace(/listen 80/, `listen 127.0.0.1:${port}`);
  return apiPorts.reduce((text, apiPort, i) => text.replace(`api${i + 1}:3000`, `127.0.0.1:${apiPort}`), listening);
}

/** Replaces text that must be there. */
export function replaced(text: string, from: RegExp | string, to: string): string {
  const isThere = typeof from === 'string' ? text.includes(from) : text.search(from) !== -1;
  if (!isThere) throw new Error(`no ${from} in ${text}`);
  return text.replace(from, to);
}

/**
 * Writes a configuration into a folder of its own. Its log has the servers that got each request.
 *
 * @param http its block `http`
 * @returns the arguments of nginx, and its log
 */
export function writeNginxFolder(own: string, http: string): { args: string[]; log: string } {
  // The workers of a root's nginx would be another user, who may not enter the folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((path) => `${path}_temp_path ${own};`);
  const log = join(own, 'tries');
  writeFileSync(
    join(own, 'nginx.conf'),
    `${user} daemon off; worker_processes 1; pid ${own}/pid; error_log stderr warn; events { worker_connections 4096; }
     http { log_format tries '$upstream_addr'; access_log ${log} tries; ${paths.join(' ')}\n${http}}`,
  );
  return { args: ['-p', own, '-c', join(own, 'nginx.conf')], log };
}

/**
 * Writes the configuration of ops/nginx for a run, whose cache and log lie in a folder of its own.
 *
 * @param options.change changes the site's configuration
 * @returns the arguments of nginx, and its log
 */
export function writeNginx({
  folder,
  port,
  apiPorts,
  change = (site) => site,
}: {
  folder: string;
  port: number;
  apiPorts: readonly number[];
  change?: (site: string) => string;
}): { args: string[]; log: string } {
  const own = join(folder, `nginx-${port}`);
  mkdirSync(own);
  const site = configuredProxy('nginx/frontrow.conf', port, apiPorts);
  return writeNginxFolder(own, replaced(change(site), '/var/cache/frontrow', join(own, 'cache')));
}

/**
 * Writes the configuration of ops/nginx/gate.conf for a run: a site behind the gate.
 *
 * @param options.site the site's origin, as its visitors write it
 * @param options.change changes the configuration
 * @returns the arguments of nginx, and its log
 */
export function writeGate({
  folder,
  port,
  apiPort,
  sitePort,
  site,
  event,
  change = (gate) => gate,
}: {
  folder: string;
  port: number;
  apiPort: number;
  sitePort: number;
  site: string;
  event: number;
  change?: (gate: string) => string;
}): { args: string[]; log: string } {
  const own = join(folder, `nginx-${port}`);
  mkdirSync(own);
  const values: [string, string][] = [
    ['listen 8080', `listen 127.0.0.1:${port}`],
    ['127.0.0.1:3000', `127.0.0.1:${apiPort}`],
    ['127.0.0.1:8081', `127.0.0.1:${sitePort}`],
    ['frontrow_site http://localhost:8080', `frontrow_site ${site}`],
    ['frontrow_event 2', `frontrow_event ${event}`],
  ];
  const gate = readFileSync(join(projectRoot, 'ops', 'nginx', 'gate.conf'), 'utf8');
  return writeNginxFolder(own, change(values.reduce((text, [from, to]) => replaced(text, from, to), gate)));
}

/** Starts nginx, and waits until this address answers. Returns its process. */
export async function startNginx(rig: Rig, args: string[], healthUrl: string): Promise<number> {
  const begin = async () => spawn('nginx', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const nginx = await rig.start(begin, async (running) => {
    running.kill();
    if (running.exitCode === null) await once(running, 'exit');
  });
  for (let tries = 0; ; tries += 1) {
    const isUp = await fetch(healthUrl).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return nginx.pid ?? 0;
    if (tries > 100) throw new Error('nginx does not answer');
    await sleep(100);
  }
}
