import { afterEach, expect, test } from '@jest/globals';
import { cleanUp, run } from '../support/processes.ts';

afterEach(cleanUp);

test('a crowd with cheats buys a house through the waiting room (short form of `npm run spike`)', async () => {
  const { code, output } = await run('loadtest/proofs/spike', ['--quick', '--seed', '1'], {}).ended;
  if (code !== 0) process.stderr.write(output);
  expect(output).toContain('every seat is sold: 455 of 455');
  expect({ code, output }).toMatchObject({ code: 0 });
});
