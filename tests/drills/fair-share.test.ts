import { afterEach, expect, test } from '@jest/globals';
import { cleanUp, failureOf, run } from '../support/processes.ts';

afterEach(cleanUp);

test('a quiet event passes the backlog of a herd, however fast this machine is', async () => {
  const load = ['--requests', '8000', '--connections', '64', '--at-most', '60000'];
  expect(failureOf(await run('loadtest/measures/fair-share', load, {}).ended)).toBeUndefined();
});
