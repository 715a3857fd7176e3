import { afterEach, expect, test } from '@jest/globals';
import { cleanUp, run } from '../support/processes.ts';

afterEach(cleanUp);

test('I15: an attacking client delays no other client for seconds (short form of `npm run abuse`)', async () => {
  const attacks = ['pipelined-requests', 'frames', 'foreign-pages'];
  const short = ['--attack', attacks.join(','), '--seconds', '2', '--calm', '1', '--bound', '3000'];
  const { code, output } = await run('loadtest/proofs/abuse', short, {}).ended;
  for (const attack of attacks) expect(output).toMatch(new RegExp(`\\| ${attack} \\| \\d+ / \\d+ \\|`));
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('abuse: held') });
});
