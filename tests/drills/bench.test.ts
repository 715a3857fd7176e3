import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { cleanUp, run } from '../support/processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'frontrow-bench-story-'));

afterEach(async () => {
  await cleanUp();
  rmSync(folder, { recursive: true, force: true });
});

test('the bench measures all contestants, and reports a table, JSON and a picture', async () => {
  const [json, picture] = [join(folder, 'bench.json'), join(folder, 'bench.svg')];
  const load = ['--requests', '100', '--rounds', '1', '--connections', '16'];
  const { code, output } = await run('loadtest/measures/bench', [...load, '--json', json, '--picture', picture], {})
    .ended;
  if (code !== 0) process.stderr.write(output);
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toMatch(/\| accepted\/s +\| +\d+ \|/);
  expect(output).toMatch(/at half of full load .* p99 [\d.]+ ms\nfrontrow, one client alone: .* p50 [\d.]+ ms/);
  // So small a load says nothing about whether a target is held, but each has its figure.
  expect(output).toMatch(
    /\| CPU of a durable booking against express-noop \| +at most 1.6 times \| +[\d.]+ \| +(held|missed) \|/,
  );
  expect(output).not.toContain('not measured');
  expect(readFileSync(picture, 'utf8')).toMatch(/^<svg .*role="img"[\s\S]*lock-and-insert[\s\S]*<\/svg>\n$/);

  type Report = { contestants: Record<string, object>; targets: object[] };
  const { contestants, targets } = JSON.parse(readFileSync(json, 'utf8')) as Report;
  const number = expect.any(Number);
  const figures = {
    acceptedPerSecond: number,
    acceptP99Ms: number,
    cpuMicrosPerBooking: number,
    frontrowTimes: number,
    frontrowCpuTimes: number,
  };
  const answers = { ...figures, durablePerSecond: null, walBytesPerBooking: null, walSyncsPerBooking: null };
  const saves = { ...figures, durablePerSecond: number, walBytesPerBooking: number, walSyncsPerBooking: number };
  expect(contestants).toMatchObject({
    frontrow: { ...saves, redisCommandsPerBooking: number, frontrowTimes: 1 },
    'sync-lua': { ...answers, redisCommandsPerBooking: number, outcomeP99Ms: number },
    'lock-and-insert': saves,
    'job-per-request': saves,
    'express-noop': { ...answers, redisCommandsPerBooking: null, outcomeP99Ms: null },
    'lean-noop': answers,
  });

  const capacity = await run('loadtest/measures/capacity', ['--bench', json, '--cores', '4'], {}).ended;
  expect(capacity).toMatchObject({ code: 0 });
  expect(capacity.output).toMatch(/\| API processes +\| +\d+ \| +\d+ \|[\s\S]*\| machines of 4 cores +\|/);
  expect(capacity.output).toMatch(
    /First wall, .*\n {2}everybody polls: .+ at [\d,]+ visitors and [\d,]+ seats within 60 s/,
  );
  expect(targets).toEqual(targets.map(() => expect.objectContaining({ measured: number, held: expect.any(Boolean) })));
});
