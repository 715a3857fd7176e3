import { afterEach, expect, test } from '@jest/globals';
import { cleanUp, failureOf, run } from '../support/processes.ts';

afterEach(cleanUp);

test('a crowd with cheats buys a house through the waiting room (short form of `npm run spike`)', async () => {
  const ended = await run('loadtest/proofs/spike', ['--quick', '--seed', '1'], {}).ended;
  expect(failureOf(ended)).toBeUndefined();
  expect(ended.output).toContain('every seat is sold: 455 of 455');
});
