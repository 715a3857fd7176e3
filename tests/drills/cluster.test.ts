import { afterEach, expect } from '@jest/globals';
import { cleanUp, failureOf, run } from '../support/processes.ts';
import { testOnEachServer } from '../support/server-kinds.ts';

afterEach(cleanUp);

const SIZE = ['--requests', '2000', '--connections', '64'];

testOnEachServer('a master of a cluster dies in a herd: nothing is lost (short `npm run failover`)', async (path) => {
  const ended = await run('loadtest/proofs/failover', SIZE, path).ended;
  expect(failureOf(ended)).toBeUndefined();
  expect(ended.output).toMatch(/accepted +2000\n/);
});
