import { afterEach, expect, test } from '@jest/globals';
import { cleanUp, failureOf, run } from '../support/processes.ts';

afterEach(cleanUp);

test('I15: an attacking client delays no other client for seconds (short form of `npm run abuse`)', async () => {
  const attacks = ['pipelined-requests', 'frames', 'foreign-pages', 'feed'];
  const short = ['--attack', attacks.join(','), '--seconds', '2', '--calm', '1', '--bound', '3000'];
  const ended = await run('loadtest/proofs/abuse', short, {}).ended;
  expect(failureOf(ended)).toBeUndefined();
  for (const attack of attacks) expect(ended.output).toMatch(new RegExp(`\\| ${attack} \\| \\d+ / \\d+ \\|`));
  expect(ended.output).toContain('abuse: held');
});
