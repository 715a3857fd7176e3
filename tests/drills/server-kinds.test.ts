import { afterEach, expect } from '@jest/globals';
import { cleanUp, failureOf, run } from '../support/processes.ts';
import { testOnEachServer } from '../support/server-kinds.ts';

afterEach(cleanUp);

testOnEachServer('a single server is killed: no promise is broken (short `npm run chaos`)', async (path) => {
  const ended = await run('loadtest/proofs/chaos', ['--fault', 'redis-kill', '--seed', '1'], path).ended;
  expect(failureOf(ended)).toBeUndefined();
  expect(ended.output).toMatch(/redis-kill seed 1: [1-9]\d+ accepted/);
});
