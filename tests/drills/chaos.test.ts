import { afterEach, expect, test } from '@jest/globals';
import { cleanUp, failureOf, run } from '../support/processes.ts';

afterEach(cleanUp);

test.each([
  ['faults that come together', 'together'],
  ['a standby of PostgreSQL that was promoted late', 'postgres-standby-late'],
  ['a synchronous standby of PostgreSQL that was promoted', 'postgres-standby-waited'],
  ['a master of a Redis cluster that is cut off', 'cluster-partition'],
])('%s: no promise is broken (short form of `npm run chaos`)', async (_what, fault) => {
  const ended = await run('loadtest/proofs/chaos', ['--fault', fault, '--seed', '1'], {}).ended;
  expect(failureOf(ended)).toBeUndefined();
  expect(ended.output).toMatch(new RegExp(`${fault} seed 1: [1-9]\\d+ accepted`));
});
