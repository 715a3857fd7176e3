// `node scripts/fetch-packages.mjs <folder> <packages> [<packages>]`: unpacks packages of Debian or Ubuntu into a
// folder, with the libraries that this system lacks. Each argument is a group of names with commas; the first group
// that exists is taken. apt works on state folders of our own, so it needs no root, takes no lock and installs nothing.
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A mirror may fail for a moment: attempts, and milliseconds between them. */
const ATTEMPTS = 3;
const PAUSE_MS = 2_000;

const [home, ...groups] = process.argv.slice(2);
const work = `${home}.${process.pid}`;
const lists = join(work, 'lists');
const cache = join(work, 'cache');
const unpacked = join(work, 'unpacked');
const settings = [`Dir::State::lists=${lists}`, `Dir::Cache=${cache}`, 'Debug::NoLocking=1', 'APT::Sandbox::User=root'];
const flags = settings.flatMap((setting) => ['-o', setting]);
const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };

async function download() {
  await run('apt-get', ['update', '-qq', ...flags], { env }); // succeeds even where a mirror did not answer
  const install = ['install', '--download-only', '--reinstall', '-y', '-qq', '--no-install-recommends', ...flags];
  let lastFault;
  for (const group of groups) {
    try {
      await run('apt-get', [...install, ...group.split(',')], { env });
      return;
    } catch (fault) {
      lastFault = fault;
    }
  }
  throw lastFault;
}

async function downloadWithRetries() {
  for (let left = ATTEMPTS - 1; ; left -= 1) {
    try {
      await download();
      return;
    } catch (fault) {
      if (left === 0) throw fault;
      await sleep(PAUSE_MS);
    }
  }
}

for (const folder of [join(lists, 'partial'), join(cache, 'archives', 'partial'), unpacked])
  mkdirSync(folder, { recursive: true });
try {
  await downloadWithRetries();
  const archives = join(cache, 'archives');
  for (const name of readdirSync(archives).filter((file) => file.endsWith('.deb')))
    await run('dpkg-deb', ['-x', join(archives, name), unpacked], { env });
  rmSync(home, { recursive: true, force: true });
  renameSync(unpacked, home);
} catch (fault) {
  process.stderr.write(`${fault.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
