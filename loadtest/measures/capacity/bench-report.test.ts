import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { UsageError } from '../../kit/command.ts';
import { readBench } from './bench-report.ts';

const folder = mkdtempSync(join(tmpdir(), 'frontrow-capacity-test-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const faultOf = (file: string): Error => {
  try {
    readBench(file);
  } catch (fault) {
    return fault as Error;
  }
  throw new Error('it was read');
};

test.each([
  ['that does not exist', undefined, /^--bench: ENOENT/],
  ['that is no JSON', 'CPU 130', /^--bench: .* is no JSON$/],
  ['of another command', '{"visitors":1}', /^--bench: .* is no report of `npm run bench .*\(machine: /],
  ['without the cost of a sale', '{"machine":"2 cores"}', /npm run bench -- --only frontrow --json FILE` \(sale: /],
])('a file %s is refused by the name of the option', (_what, content, message) => {
  const file = join(folder, 'bench.json');
  if (content === undefined) rmSync(file, { force: true });
  else writeFileSync(file, content);
  const fault = faultOf(file);
  expect(fault).toBeInstanceOf(UsageError);
  expect(fault.message).toMatch(message);
});
