import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

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
    await run('apt-get', ['update', '-qq', ...flags], { env });
    await firstOf(choices, (packages) => run('apt-get', [...download, ...packages], { env }));
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
