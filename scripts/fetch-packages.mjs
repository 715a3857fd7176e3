// `node scripts/fetch-packages.mjs [--suite NAME] <folder> <packages> [<packages>]`: unpacks packages of Debian or
// Ubuntu into a folder, with the libraries that this system lacks. Each argument is a group of names with commas; the
// first group that exists is taken. apt works on state folders of our own, so it needs no root, takes no lock and
// installs nothing. With a suite of Debian, such as trixie, the packages come from there, with all their libraries.
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A mirror may fail for a moment: attempts, and milliseconds between them. */
const ATTEMPTS = 3;
const PAUSE_MS = 2_000;

const args = process.argv.slice(2);
const suite = args[0] === '--suite' ? args.splice(0, 2)[1] : undefined;
const [home, ...groups] = args;
const work = `${home}.${process.pid}`;
const lists = join(work, 'lists');
const cache = join(work, 'cache');
const unpacked = join(work, 'unpacked');
const settings = [`Dir::State::lists=${lists}`, `Dir::Cache=${cache}`, 'Debug::NoLocking=1', 'APT::Sandbox::User=root'];
const flags = settings.flatMap((setting) => ['-o', setting]);
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };

/** Lets apt read one suite of this system's mirror of Debian, and nothing that is installed here. */
async function useSuite() {
  const targets = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'], { env });
  const mirror = targets.stdout.split('\n').find((uri) => /\/debian\/?$/.test(uri));
  if (mirror === undefined) throw new Error('this system has no mirror of Debian');
  const sources = join(work, 'sources.list');
  const installed = join(work, 'status');
  writeFileSync(sources, `deb [signed-by=${KEYRING}] ${mirror} ${suite} main\n`);
  writeFileSync(installed, '');
  const of = [`Dir::Etc::sourcelist=${sources}`, 'Dir::Etc::sourceparts=/dev/null', `Dir::State::status=${installed}`];
  flags.push(...of.flatMap((setting) => ['-o', setting]));
}

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
  if (suite !== undefined) await useSuite();
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
