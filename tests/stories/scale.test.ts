import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { send } from '../support/client.ts';
import { cleanUp, dataFolder, run, startFrontrow, until } from '../support/frontrow.ts';

afterEach(cleanUp);

test('a herd over two APIs passes while workers go from one to four and back, and no job stalls', async () => {
  const folder = dataFolder();
  const { url, output, databaseUrl, redisUrl } = await startFrontrow(folder);
  const servers = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl };
  const other = run('api/main', [], { ...servers, LOG_LEVEL: 'info', RATE_LIMIT: 'off' }); // these servers are not its own
  await until(() => /"port":\d+,"msg":"api ready"/.test(other.output()), 20_000, other.output);
  const otherUrl = `http://127.0.0.1:${/"port":(\d+)/.exec(other.output())?.[1]}`;
  const alive = async () => (await send(url, 'GET', '/admin/workers')).body.alive;

  const size = ['--requests', '2500', '--connections', '8'];
  const herd = run('loadtest/herd', [...size, '--url', url, '--url', otherUrl], { DATA_DIR: folder });
  await until(() => /accepted [1-9]/.test(herd.output()), 20_000, herd.output);
  expect((await send(url, 'POST', '/admin/workers', { processes: 4 })).body).toMatchObject({ desired: 4, asked: 4 });
  await until(async () => (await alive()) === 4, 30_000, output);
  // The other way to say it: the supervisor of npm start is told.
  const told = await run('local/workers', ['--processes', '1'], { DATA_DIR: folder }).ended;
  expect(told).toMatchObject({ code: 0, output: expect.stringContaining('It was told the number') });
  await until(async () => (await alive()) === 1, 10_000, output);
  expect(await herd.ended).toMatchObject({ code: 0, output: expect.stringMatching(/accepted +2500\n/) });
  expect(output().match(/Workers: \d instead of \d/g)).toEqual(['Workers: 4 instead of 1', 'Workers: 1 instead of 4']);
  const logs = readdirSync(join(folder, 'logs')).filter((name) => name.startsWith('worker'));
  expect(logs).toHaveLength(4);
  for (const log of logs) expect(readFileSync(join(folder, 'logs', log), 'utf8')).toBe(''); // a job that stalls stands there
});

test('with --auto workers follow a step of load up, and down once it is over', async () => {
  const picture = join(dataFolder(), 'scaling.svg');
  const { code, output } = await run('loadtest/scaling', ['--quick', '--picture', picture], {}).ended;
  expect(output.match(/FAILED.*/g)).toBeNull();
  expect(code).toBe(0);
  expect(readFileSync(picture, 'utf8')).toContain('Workers under a step of load');
});
