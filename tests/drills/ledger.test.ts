import { afterEach, expect, test } from '@jest/globals';
import { cleanUp, failureOf, run } from '../support/processes.ts';

afterEach(cleanUp);

test('a ticket costs no more bytes of Redis than committed, and refusals leave none after ten minutes', async () => {
  const ended = await run('loadtest/measures/ledger', ['--refused', '20000'], {}).ended;
  expect(failureOf(ended)).toBeUndefined();
  expect(ended.output).toMatch(/held {4}20000 refused requests with a key leave nothing after 10 minutes/);
});
