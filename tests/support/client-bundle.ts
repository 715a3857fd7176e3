import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BrowserContext, Page } from 'playwright-core';
import { shiftedClock } from '../../loadtest/kit/shifted-clock.ts';
import { projectRoot } from '../../shared/platform/root.ts';
import type { Gateway } from './faulty-gateway.ts';
import { dataFolder, launch } from './processes.ts';

/** The client package as one script. Rolldown runs in a process of its own: it refuses the values of Jest's realm. */
async function bundled(format: 'esm' | 'iife'): Promise<string> {
  const rolldown = join(projectRoot, 'node_modules/rolldown/bin/cli.mjs');
  const file = join(dataFolder(), 'client.js');
  const args = [
    'client/src/index.ts',
    '--format',
    format,
    '--name',
    'frontrow',
    '--file',
    file,
    '--no-codeSplitting', // one script, with the parts that are loaded later
    '--log-level',
    'silent',
  ];
  await promisify(execFile)(process.execPath, [rolldown, ...args], { cwd: projectRoot });
  return readFileSync(file, 'utf8');
}

/**
 * Runs a script in a Node process of its own, where `createClient` and `FrontrowError` are defined. The clock of the
 * process is shifted. `cleanUp` of processes.ts stops it.
 */
export async function runWithClient(script: string, { shiftMs = 0, flags = [] as string[] } = {}) {
  const file = join(dataFolder(), 'script.mjs');
  const code = await bundled('esm');
  writeFileSync(file, `${code.replace(/export \{[^}]*\};?/, '')}\n${script}`);
  const options = [shiftedClock(shiftMs), ...flags].filter((flag) => flag !== '');
  return launch(process.execPath, [...options, file], {});
}

/**
 * Opens a blank page of a gateway that has the package as `frontrow`. The gateway answers with it: a page that the
 * test itself answered may open no WebSocket to this machine.
 */
export async function openClientPage(context: BrowserContext, gateway: Gateway): Promise<Page> {
  const page = await context.newPage();
  const html = `<!doctype html><script>${(await bundled('iife')).replaceAll('</script', '<\\/script')}</script>`;
  gateway.break(/^GET \/blank$/, { status: 200, headers: { 'content-type': 'text/html' }, body: html });
  await page.goto(`${gateway.url}/blank`);
  return page;
}
