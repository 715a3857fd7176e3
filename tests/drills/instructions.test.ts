import { afterEach, expect, test } from '@jest/globals';
import { isInstalled } from '../../loadtest/kit/processes.ts';
import { cleanUp, run } from '../support/processes.ts';

afterEach(cleanUp);

const hasValgrind = isInstalled('valgrind');
if (!hasValgrind) process.stderr.write('skipped without valgrind: the instructions of accept, claim and settle\n');

(hasValgrind ? test : test.skip)('accept, claim and settle cost no more instructions than committed', async () => {
  const { code, output } = await run('loadtest/measures/instructions', [], {}).ended;
  expect(output.match(/BROKEN.*/g)).toBeNull();
  expect({ code, output }).toMatchObject({ code: 0 });
});
