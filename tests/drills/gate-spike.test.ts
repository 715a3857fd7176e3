import { afterEach, expect, test } from '@jest/globals';
import { isInstalled } from '../../loadtest/kit/processes.ts';
import { cleanUp, failureOf, run } from '../support/processes.ts';

afterEach(cleanUp);

const hasNginx = isInstalled('nginx');
if (!hasNginx) process.stderr.write('skipped without nginx: the crowd at the gate of a site\n');

(hasNginx ? test : test.skip)(
  'nobody reaches a site behind nginx without an admission (short form of `npm run gate-spike`)',
  async () => {
    const ended = await run('loadtest/proofs/gate-spike', ['--quick'], {}).ended;
    expect(failureOf(ended)).toBeUndefined();
    expect(ended.output).toMatch(/no cheat got in, and each was tried: 0 of \d{4}/);
  },
);
