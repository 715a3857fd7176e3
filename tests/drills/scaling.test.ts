import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { cleanUp, dataFolder, run } from '../support/processes.ts';

afterEach(cleanUp);

test('with --auto the number of workers follows a step of load up and down', async () => {
  const picture = join(dataFolder(), 'scaling.svg');
  const { code, output } = await run('loadtest/measures/scaling', ['--quick', '--picture', picture], {}).ended;
  expect(output.match(/BROKEN.*/g)).toBeNull();
  expect(code).toBe(0);
  expect(readFileSync(picture, 'utf8')).toContain('Workers under a step of load');
});
