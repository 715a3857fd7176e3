import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { cleanUp, dataFolder, descendants, isRunning, run, startFrontrow, until } from '../support/processes.ts';

afterEach(cleanUp);

test('load tests pass on a working system, fail once nothing is left, and a diagnosis shows each part', async () => {
  const folder = dataFolder();
  await startFrontrow(folder, { ZONES: '1', ROWS: '2' });
  const load = (name: string, ...args: string[]) =>
    run('loadtest/measures/load', [name, ...args], { DATA_DIR: folder }).ended.then(({ code, output }) => ({
      code,
      failed: output.match(/BROKEN {2}.*/g) ?? [],
      output,
    }));
  const herd = await load('herd-one-seat', '--buyers', '60');
  expect(herd).toMatchObject({ code: 0, output: expect.stringContaining('201: 1, 409 SEAT_TAKEN: 59') });
  expect(await load('different-seats', '--buyers', '100')).toMatchObject({ code: 0, failed: [] });

  const watching = run('loadtest/measures/diagnose', ['--seconds', '1'], { DATA_DIR: folder }).ended;
  const sold = await load('sustained', '--rate', '100', '--seconds', '2');
  expect(sold.output).toMatch(/200: \d+, 409 (SOLD_OUT|NO_ADJACENT_SEATS): \d+/);
  const { code, output } = await watching;
  expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/\n(Saturated|Nothing is saturated)/) });
  for (const part of [/api \d+/, /worker \d+/, /redis \d+/, /postgres \d+/, /evalsha +\d+ calls/])
    expect(output).toMatch(part);

  const late = await load('sustained', '--rate', '20', '--seconds', '1');
  expect(late).toMatchObject({ code: 1, failed: expect.arrayContaining(['BROKEN  some were booked']) });
});

test('the growth of a history is measured, on systems of each size side by side', async () => {
  const folder = dataFolder();
  const json = join(folder, 'growth.json');
  const quick = [
    '--only',
    'history',
    '--quick',
    '--rounds',
    '1',
    '--json',
    json,
    '--picture',
    join(folder, 'growth.svg'),
  ];
  const { code, output } = await run('loadtest/measures/growth', quick, { TMPDIR: folder }).ended;
  expect({ code: [0, 1].includes(code ?? 2), output }).toMatchObject({ code: true }); // a target may be missed
  type Report = { sections: { history: { steps: string[]; series: { values: number[] }[] } } };
  const { steps, series } = (JSON.parse(readFileSync(json, 'utf8')) as Report).sections.history;
  expect(steps).toEqual(expect.arrayContaining(['0 on sale', '3 on sale, 30 ended, 100,000 old bookings']));
  for (const { values } of series) expect(values).toEqual(steps.map(() => expect.any(Number)));
  expect(output).toMatch(/(held|BROKEN) +slowest first booking against 3000 ms/);
});

test.each(['redis', 'api-main.log'])(
  'a load test that is stopped once its folder has %s stops its processes and leaves no file',
  async (file) => {
    const folder = dataFolder();
    const command = run('loadtest/measures/polls', [], { TMPDIR: folder });
    const hasFile = () => readdirSync(folder).some((own) => existsSync(join(folder, own, file)));
    await until(hasFile, 60_000, command.output);
    const processes = [...descendants(command.pid).keys()];
    command.kill('SIGTERM');
    await command.ended;
    expect(readdirSync(folder)).toEqual([]);
    await until(() => !processes.some(isRunning), 10_000);
  },
);
