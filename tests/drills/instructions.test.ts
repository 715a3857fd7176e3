import { afterEach, expect, test } from '@jest/globals';
import { isInstalled } from '../../loadtest/kit/processes.ts';
import { cleanUp, failureOf, run } from '../support/processes.ts';

afterEach(cleanUp);

const hasValgrind = isInstalled('valgrind');
if (!hasValgrind) process.stderr.write('skipped without valgrind: the instructions of accept, claim and settle\n');

(hasValgrind ? test : test.skip)('accept, claim and settle cost no more instructions than committed', async () => {
  expect(failureOf(await run('loadtest/measures/instructions', [], {}).ended)).toBeUndefined();
});
