import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { until } from '../../tests/support/processes.ts';
import { keepLogsShort } from './log-files.ts';

test('a log that grows is set aside while its writer goes on, and there are never more than two', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'frontrow-logs-'));
  const file = join(folder, 'api.log');
  const long = `${'x'.repeat(99)}\n`.repeat(1_000);
  writeFileSync(file, long);
  writeFileSync(join(folder, 'redis.log'), 'short\n');
  const stop = await keepLogsShort(folder, () => undefined, 50_000);
  expect([statSync(file).size, readFileSync(`${file}.old`, 'utf8')]).toEqual([0, long]);
  const output = openSync(file, 'a');
  const writer = spawn('sh', ['-c', 'while read -r line; do echo "$line"; done'], { stdio: ['pipe', output, output] });
  for (const word of ['first', 'second', 'third']) {
    writer.stdin?.write(`${word} ${'y'.repeat(60_000)}\n`);
    // A file that is being set aside is gone for a moment.
    const setAside = () => existsSync(`${file}.old`) && readFileSync(`${file}.old`, 'utf8').startsWith(word);
    await until(() => setAside() && statSync(file).size === 0, 60_000);
  }
  writer.stdin?.end('last\n');
  await once(writer, 'close');
  expect(readFileSync(file, 'utf8')).toBe('last\n');
  expect(readdirSync(folder).sort()).toEqual(['api.log', 'api.log.old', 'redis.log']);
  await stop();
  rmSync(folder, { recursive: true });
});
