import { afterEach, expect, test } from '@jest/globals';
import { isInstalled } from '../../loadtest/kit/processes.ts';
import { cleanUp, failureOf, run } from '../support/processes.ts';

afterEach(cleanUp);

const hasNginx = isInstalled('nginx');
if (!hasNginx) process.stderr.write('skipped without nginx: the crowd behind a cache\n');

(hasNginx ? test : test.skip)(
  'a crowd behind nginx as a cache costs at most three requests for each (short form of `npm run crowd`)',
  async () => {
    const ended = await run('loadtest/proofs/crowd', ['--quick'], {}).ended;
    expect(failureOf(ended)).toBeUndefined();
    const perVisitor = (way: string) =>
      Number(new RegExp(`for each who ${way} +([\\d.]+) requests`).exec(ended.output)?.[1]);
    expect(perVisitor('polls')).toBeGreaterThan(2 * perVisitor('reads the line'));
  },
);
