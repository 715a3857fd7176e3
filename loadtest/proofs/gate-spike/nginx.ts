import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startNginx, writeNginxFolder } from '../../kit/nginx.ts';
import type { Rig } from '../../kit/rig.ts';
import { SITE_HEADER } from './site-report.ts';

type Ports = { site: number; other: number; room: number };

/** A site behind the gate. Its origin is written out: nothing of it comes from the visitor. */
const guarded = (name: 'site' | 'other', port: number, event: number, sitePort: number) => `
server {
    listen 127.0.0.1:${port};
    proxy_http_version 1.1;
    proxy_set_header Connection '';
    location / {
        auth_request /_gate;
        auth_request_set $gate_location $upstream_http_location;
        auth_request_set $gate_cookie $upstream_http_set_cookie;
        error_page 401 = @gate;
        proxy_set_header Connection '';
        proxy_set_header ${SITE_HEADER} ${name};
        proxy_pass http://127.0.0.1:${sitePort};
    }
    location = /_gate {
        internal;
        proxy_pass_request_body off;
        proxy_set_header Connection '';
        proxy_set_header Content-Length '';
        proxy_set_header X-Original-URL http://127.0.0.1:${port}$request_uri;
        proxy_set_header X-Original-Method $request_method;
        proxy_set_header X-Forwarded-Uri '';
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_pass http://frontrow/gate/${event};
    }
    location @gate {
        add_header Set-Cookie $gate_cookie always;
        add_header Cache-Control no-store always;
        return 302 $gate_location;
    }
}`;

/** The waiting room's own address, in front of all APIs. */
const room = (port: number) => `
server {
    listen 127.0.0.1:${port};
    location / {
        proxy_http_version 1.1;
        proxy_set_header Connection '';
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_pass http://frontrow;
    }
}`;

/** Starts nginx in front of two sites, which ask the gate of an event, and of the APIs. Returns its process. */
export function startGate(
  rig: Rig,
  { ports, apiPorts, sitePort, event }: { ports: Ports; apiPorts: number[]; sitePort: number; event: number },
): Promise<number> {
  const own = join(rig.folder, 'nginx');
  mkdirSync(own);
  const servers = apiPorts.map((port) => `server 127.0.0.1:${port};`).join(' ');
  const { args } = writeNginxFolder(
    own,
    [
      `upstream frontrow { ${servers} keepalive 64; }`,
      guarded('site', ports.site, event, sitePort),
      guarded('other', ports.other, event, sitePort),
      room(ports.room),
    ].join('\n'),
  );
  return startNginx(rig, args, `http://127.0.0.1:${ports.room}/healthz`);
}
