import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../shared/platform/root.ts';
import { replaced, startNginx, writeNginxFolder } from '../../kit/nginx.ts';
import type { Rig } from '../../kit/rig.ts';
import { SITE_HEADER } from './site-report.ts';

type Ports = { site: number; other: number; room: number };

/** The configuration that operators get: its upstreams, and its server. */
function gateConfiguration(): { upstreams: string; server: string } {
  const text = readFileSync(join(projectRoot, 'ops/nginx/gate.conf'), 'utf8');
  const start = text.indexOf('\nserver {');
  return { upstreams: text.slice(0, start), server: text.slice(start) };
}

/** A site behind the gate. */
function guarded(server: string, name: 'site' | 'other', port: number, event: number): string {
  const changes: [string | RegExp, string][] = [
    ['listen 8080', `listen 127.0.0.1:${port}`],
    ['http://localhost:8080', `http://127.0.0.1:${port}`],
    [/set \$frontrow_event \d+;/, `set $frontrow_event ${event}; # of this run`],
    ['proxy_set_header Host', `proxy_set_header ${SITE_HEADER} ${name};\n    proxy_set_header Host`],
  ];
  return changes.reduce((text, [from, to]) => replaced(text, from, to), server);
}

/** The waiting room's own address, in front of all APIs. */
const room = (port: number) => `
server {
    listen 127.0.0.1:${port};
    location / {
        proxy_http_version 1.1;
        proxy_set_header Connection '';
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_pass http://frontrow_gate;
    }
}`;

/** Starts nginx in front of two sites, which ask the gate of an event, and of the APIs. Returns its process. */
export function startGate(
  rig: Rig,
  { ports, apiPorts, sitePort, event }: { ports: Ports; apiPorts: number[]; sitePort: number; event: number },
): Promise<number> {
  const own = join(rig.folder, 'nginx');
  mkdirSync(own);
  const { upstreams, server } = gateConfiguration();
  const apis = apiPorts.map((port) => `server 127.0.0.1:${port};`).join(' ');
  const { args } = writeNginxFolder(
    own,
    [
      replaced(replaced(upstreams, 'server 127.0.0.1:3000;', apis), '127.0.0.1:8081', `127.0.0.1:${sitePort}`),
      guarded(server, 'site', ports.site, event),
      guarded(server, 'other', ports.other, event),
      room(ports.room),
    ].join('\n'),
  );
  return startNginx(rig, args, `http://127.0.0.1:${ports.room}/healthz`);
}
