import { afterEach, expect, test } from '@jest/globals';
import { cleanUp, run } from '../support/processes.ts';

afterEach(cleanUp);

test('faults that come together break no promise (short form of `npm run chaos`)', async () => {
  const { code, output } = await run('loadtest/proofs/chaos', ['--fault', 'together', '--seed', '1'], {}).ended;
  process.stderr.write(code === 0 ? output.split('\n').slice(-3).join('\n') : output);
  expect(output).toMatch(/together seed 1: [1-9]\d+ accepted/);
  expect({ code, output }).toMatchObject({ code: 0 });
});
