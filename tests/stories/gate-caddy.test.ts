import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { replaced } from '../../loadtest/kit/nginx.ts';
import { isInstalled } from '../../loadtest/kit/processes.ts';
import { freePort } from '../../local/embedded/free-port.ts';
import { siteCookie } from '../../shared/domain/site-entry.ts';
import { projectRoot } from '../../shared/platform/root.ts';
import { cleanUp, dataFolder, launch, until } from '../support/processes.ts';
import { calledVisitor, storedCookie } from '../support/site-visitors.ts';
import { useSystem } from '../support/system.ts';
import { eventWithRoom } from '../support/visitors.ts';

// The Caddyfile of docs/gate.md in front of a site.

const hasCaddy = isInstalled('caddy');
if (!hasCaddy) process.stderr.write('skipped without caddy: a site behind its gate\n');

const system = useSystem();
const received: string[] = [];
const shop = createServer((req, res) => {
  received.push(String(req.url));
  res.end('the sale');
});
afterAll(async () => {
  await cleanUp();
  shop.close().closeAllConnections();
});

(hasCaddy ? test : test.skip)('a site behind Caddy: visitors wait, come back, and change no address', async () => {
  await once(shop.listen(0, '127.0.0.1'), 'listening');
  const site = `http://localhost:${await freePort()}`;
  const event = await eventWithRoom(system().url, { sites: [site] });
  const [, documented = ''] =
    /```caddyfile\n([\s\S]*?)```/.exec(readFileSync(join(projectRoot, 'docs', 'gate.md'), 'utf8')) ?? [];
  const values: [string, string][] = [
    ['shop.example', site],
    ['127.0.0.1:3000', new URL(system().url).host],
    ['127.0.0.1:8081', `127.0.0.1:${(shop.address() as AddressInfo).port}`],
    ['/gate/2', `/gate/${event}`],
  ];
  const folder = dataFolder();
  const caddyfile = values.reduce((text, [from, to]) => replaced(text, from, to), documented);
  writeFileSync(join(folder, 'Caddyfile'), `{\n\tadmin off\n\tauto_https off\n}\n${caddyfile}`);
  const own = { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const { output } = launch('caddy', ['run', '--config', join(folder, 'Caddyfile')], own);

  const load = (path: string, headers: Record<string, string> = {}) =>
    fetch(site + path, { redirect: 'manual', headers: { accept: 'text/html', ...headers } });
  const isUp = () =>
    load('/assets/logo.svg').then(
      () => true,
      () => false,
    );
  await until(isUp, 20_000, output);
  const waiting = (path: string) => `${system().url}/events/${event}/wait?return=${encodeURIComponent(site + path)}`;
  const before = received.length;
  const spoofs: Record<string, string>[] = [
    {},
    { 'x-forwarded-uri': '/elsewhere', 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https' },
    { 'x-original-url': 'https://evil.test/' },
    { authorization: 'Bearer a-key-of-the-shop' },
    { cookie: `${siteCookie(event, site)}=nonsense` },
  ];
  for (const spoof of spoofs) {
    const { status, headers } = await load('/sale?q=a%20b', spoof);
    expect([status, headers.get('location')]).toEqual([302, waiting('/sale?q=a%20b')]);
  }
  expect(received).toHaveLength(before);

  const address = await (await calledVisitor(system().url, event)).entryTo(`${site}/sale`);
  const entered = await load(address.slice(site.length));
  expect([entered.status, entered.headers.get('location')]).toEqual([302, `${site}/sale`]);
  const cookie = `${siteCookie(event, site)}=${storedCookie(entered.headers.get('set-cookie'))}`;
  const admitted = await load('/sale', { cookie, authorization: 'Bearer a-key-of-the-shop' });
  expect([admitted.status, await admitted.text()]).toEqual([200, 'the sale']);
});
