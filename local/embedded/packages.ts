import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Mirrors have their moments: how often they are asked, and milliseconds between. */
const TRIES = 3;
const PAUSE_MS = 2_000;

/**
 * Unpacks packages of Debian or Ubuntu into a folder, with the libraries that this system lacks. apt works on state folders of our own,
 * so it needs no root, takes no lock and installs nothing.
 *
 * @param choices packages, in groups: the first group that there is
 * @throws Error where none can be had
 */
export async function fetchPackages(
  home: string,
  choices: readonly (readonly string[])[],
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const work = `${home}.${process.pid}`;
  const [lists, cache, unpacked] = ['lists', 'cache', 'unpacked'].map((name) => join(work, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [join(lists, 'partial'), join(cache, 'archives', 'partial'), unpacked]) {
    mkdirSync(folder, { recursive: true });
  }
  const options = [
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${cache}`,
    'Debug::NoLocking=1',
    'APT::Sandbox::User=root',
  ];
  const flags = options.flatMap((option) => ['-o', option]);
  const env = { ...environment, DEBIAN_FRONTEND: 'noninteractive' };
  const download = ['install', '--download-only', '--reinstall', '-y', '-qq', '--no-install-recommends', ...flags];
  try {
    for (let left = TRIES - 1; ; left -= 1) {
      try {
        await run('apt-get', ['update', '-qq', ...flags], { env }); // ends well even where a mirror did not answer
        await firstOf(choices, (packages) => run('apt-get', [...download, ...packages], { env }));
        break;
      } catch (fault) {
        if (left === 0) throw fault;
        await sleep(PAUSE_MS);
      }
    }
    for (const name of readdirSync(join(cache, 'archives')).filter((file) => file.endsWith('.deb'))) {
      await run('dpkg-deb', ['-x', join(cache, 'archives', name), unpacked], { env });
    }
    rmSync(home, { recursive: true, force: true });
    renameSync(unpacked, home);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Tries one after the other. @throws what the last one threw */
async function firstOf<Choice>(
  choices: readonly Choice[],
  attempt: (choice: Choice) => Promise<unknown>,
): Promise<void> {
  let failed: unknown;
  for (const choice of choices) {
    try {
      await attempt(choice);
      return;
    } catch (fault) {
      failed = fault;
    }
  }
  throw failed;
}
