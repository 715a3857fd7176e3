import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { differencesOfMaps } from '../../loadtest/kit/house-on-page.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { describeInBrowser, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { cleanUp, dataFolder, run, startFrontrow, until } from '../support/processes.ts';

// All tests share one house, which fills from test to test.
const folder = dataFolder();
let frontrow: Awaited<ReturnType<typeof startFrontrow>>;
beforeAll(async () => {
  frontrow = await startFrontrow(folder);
});
afterAll(cleanUp);

const herd = (...args: string[]) => run('loadtest/proofs/herd', args, { DATA_DIR: folder });

describeInBrowser('the herd button of the event page', (browser) => {
  test('fills the house in view of the operator, and shows that the database confirms every answer', async () => {
    const complaints: string[] = [];
    const { context, page } = await openWatched(browser(), complaints, { viewport: { width: 1280, height: 860 } });
    const legend = (words: string) => page.locator('.legend').getByText(words, { exact: true }).waitFor();
    await page.goto(`${frontrow.url}/events/1#token=${frontrow.adminToken}`);
    await legend('Live');
    const confirmation = page.getByRole('status').getByText('The buyers are sending requests.').waitFor();
    const isUnderWay = page.getByRole('button', { name: 'Under way' }).waitFor();
    await page.getByRole('button', { name: 'Send 5,000 buyers' }).click();
    await Promise.all([confirmation, isUnderWay]);
    await page
      .getByRole('status')
      .getByText(/^[\d,]+ bookings in [\d.]+ seconds\.$/)
      .waitFor({ timeout: 60_000 });
    for (const what of ['Sold twice', 'Lost', 'Answer differs', 'Database and Redis differ'])
      expect(await page.getByRole('row', { name: what }).getByRole('cell').textContent()).toBe('0');
    await page.getByText(/^Refused: .*sold out/).waitFor();
    await until(async () => (await differencesOfMaps(page, frontrow.url)) === 0, 5_000);
    await send(frontrow.url, 'POST', '/clear');
    await legend('Available 2,600');
    await context.close();
    expect(complaints).toEqual([]);
  });
});

test('a rush over two APIs fills a house while workers go from one to four and back, and no job stalls', async () => {
  const { url, output, databaseUrl, redisUrl, asOperator } = frontrow;
  const servers = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl };
  // External servers turn limits on by default.
  const other = run('api/main', [], { ...servers, LOG_LEVEL: 'info', RATE_LIMIT: 'off' });
  await until(() => /"port":\d+,"msg":"api ready"/.test(other.output()), 20_000, other.output);
  const otherUrl = `http://127.0.0.1:${/"port":(\d+)/.exec(other.output())?.[1]}`;
  const alive = async () => (await send(url, 'GET', '/admin/workers', undefined, asOperator)).body.alive;

  const size = ['--requests', '2500', '--connections', '8'];
  const herding = herd(...size, '--url', url, '--url', otherUrl);
  await until(() => /accepted [1-9]/.test(herding.output()), 20_000, herding.output);
  const scaling = await send(url, 'POST', '/admin/workers', { processes: 4 }, asOperator);
  expect(scaling.body).toMatchObject({ desired: 4, asked: 4 });
  await until(async () => (await alive()) === 4, 30_000, output);
  // The command passes the number to the supervisor of npm start.
  const command = await run('commands/workers', ['--processes', '1'], { DATA_DIR: folder }).ended;
  expect(command).toMatchObject({ code: 0, output: expect.stringContaining('it adjusts the number') });
  const { body } = await send(url, 'GET', '/admin/trail?limit=1', undefined, asOperator);
  const change = { before: { processes: 4 }, after: { processes: 1 } };
  expect(body.entries).toMatchObject([{ act: 'setWorkers', by: 'npm run workers', ...change }]);
  await until(async () => (await alive()) === 1, 30_000, output);
  expect(await herding.ended).toMatchObject({ code: 0, output: expect.stringMatching(/accepted +2500\n/) });
  expect(output().match(/Workers: \d instead of \d/g)).toEqual(['Workers: 4 instead of 1', 'Workers: 1 instead of 4']);
  const logs = readdirSync(join(folder, 'logs')).filter((name) => name.startsWith('worker'));
  expect(logs).toHaveLength(4);
  // Stalled jobs would be logged.
  for (const log of logs) expect(readFileSync(join(folder, 'logs', log), 'utf8')).toBe('');
});

test('a polling rush passes on a full house, and fails when a row is tampered with', async () => {
  const size = ['--requests', '1000', '--connections', '64', '--poll'];
  const full = await herd(...size).ended;
  expect(full).toMatchObject({ code: 0, output: expect.stringMatching(/SOLD_OUT|NO_ADJACENT_SEATS/) });

  const client = await connectPostgres({ connectionString: frontrow.databaseUrl });
  await client.query('DELETE FROM seat WHERE ctid = (SELECT ctid FROM seat LIMIT 1)');
  await client.end();
  const { code, output } = await herd('--requests', '200').ended;
  expect(code).toBe(1);
  // Reconciling may have corrected the extra bit meanwhile; a booking without its seat is not corrected.
  expect(output).toMatch(/BROKEN {2}PostgreSQL and Redis agree, differences: [12]\n/);
  expect(output).toContain('booking and seats');
});
