import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { isInstalled } from '../../loadtest/kit/processes.ts';
import { freePort } from '../../local/embedded/free-port.ts';
import { siteCookie } from '../../shared/domain/site-entry.ts';
import { projectRoot } from '../../shared/platform/root.ts';
import { cleanUp, dataFolder, launch, startFrontrow, until } from '../support/processes.ts';
import { calledVisitor, storedCookie } from '../support/site-visitors.ts';

// "Set up in ten minutes" of docs/gate.md, as it is pasted, on ports and in a folder of the test's own.

afterAll(cleanUp);

const hasPrograms = isInstalled('nginx') && isInstalled('curl');
if (!hasPrograms) process.stderr.write('skipped without nginx and curl: the commands that set a gate up\n');

/** The commands of a newcomer's second terminal. */
function commands(): string {
  const text = readFileSync(join(projectRoot, 'docs', 'gate.md'), 'utf8');
  const [section = ''] = /^## Set up in ten minutes[\s\S]*?(?=^## )/m.exec(text) ?? [];
  const [start = '', ...others] = [...section.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, code = '']) => code);
  expect([start, others.length]).toEqual(['npm start\n', 2]);
  return others.join('').replace('sudo apt-get install -y nginx-light', ':');
}

async function load(port: number, path: string, cookie = '') {
  const sent = get({ host: '127.0.0.1', port, path, headers: { accept: 'text/html', cookie } });
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let body = '';
  for await (const part of answer) body += part;
  return { status: answer.statusCode, location: answer.headers.location, stored: answer.headers['set-cookie'], body };
}

(hasPrograms ? test : test.skip)('the commands of the gate, as they are pasted, protect a site', async () => {
  const folder = dataFolder();
  const data = join(folder, 'data');
  mkdirSync(data);
  const { url } = await startFrontrow(data);
  cpSync(join(projectRoot, 'ops'), join(folder, 'ops'), { recursive: true });
  symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  const [port, sitePort] = [await freePort(), await freePort()];
  const ported = (text: string) =>
    text
      .replaceAll('127.0.0.1:3000', new URL(url).host)
      .replaceAll('8081', String(sitePort))
      .replaceAll('8080', String(port));
  // The ports of the two files are those of the documentation.
  const move = `sed -i 's/127.0.0.1:3000/${new URL(url).host}/; s/8081/${sitePort}/; s/8080/${port}/' data/gate/*.conf`;
  const script = ported(commands()).replace(/^(\S*nginx -e)/m, `${move}\nexec $1`);
  const { output } = launch('bash', ['-euc', script], {}, folder);
  const isUp = () =>
    load(port, '/').then(
      ({ status }) => status === 302,
      () => false,
    );
  await until(isUp, 30_000, output);

  const site = `http://localhost:${port}`;
  const { location = '' } = await load(port, '/');
  const [, event] = /\/events\/(\d+)\/wait\?return=/.exec(location) ?? [];
  expect(location).toBe(`${url}/events/${event}/wait?return=${encodeURIComponent(`${site}/`)}`);
  const address = await (await calledVisitor(url, Number(event))).entryTo(`${site}/`);
  const { stored } = await load(port, address.slice(site.length));
  const page = await load(
    port,
    '/',
    `${siteCookie(Number(event), `http://localhost:${port}`)}=${storedCookie(stored?.[0])}`,
  );
  expect([page.status, page.body]).toEqual([200, expect.stringContaining('You are in the shop')]);
});
