import { expect, test } from '@jest/globals';
import { MAX_LOAD_POINTS } from '../../shared/contract/limits.ts';
import type { LoadPoint } from '../../shared/contract/overview.ts';
import { keysOf } from '../../shared/stores/redis/keys.ts';
import { createLoadHistory } from '../../shared/stores/redis/load-history.ts';
import { describeInBrowser, expectReadable } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { ADMIN_TOKEN, asOperator, useOperatorPages } from '../support/operator-pages.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ADMIN_TOKEN, ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 });

const read = (query = '', headers: Record<string, string> = asOperator) =>
  send(system().url, 'GET', `/admin/history${query}`, undefined, headers);
const pointsOf = async (query?: string) => (await read(query)).body.points as LoadPoint[];

/** Replaces what is recorded by a busy time that ended some minutes ago: a point each ten seconds, the newest first. */
async function recordBusyTime(points: number, endedMinutesAgo: number): Promise<void> {
  const endMs = Date.now() - endedMinutesAgo * 60_000;
  const texts = Array.from({ length: points }, (_, i) => {
    const settled = (points - i) * 500;
    return `${endMs - i * 10_000} 4321 ${settled + 4_321} ${settled} 2`;
  });
  const { loadHistory } = keysOf(0);
  await system()
    .redis.multi()
    .del(loadHistory)
    .rpush(loadHistory, ...texts)
    .exec();
}

test('the load is recorded every ten seconds, with the tickets and the workers', async () => {
  await send(system().url, 'POST', '/reserve?wait=10', { count: 1 });
  await until(async () => ((await pointsOf()).at(-1)?.settled ?? 0) > 0, 30_000);
  const [first, ...others] = await pointsOf();
  expect(first).toMatchObject({ atMs: expect.any(Number), depth: 0, workers: 1 });
  for (const [i, { atMs }] of others.entries())
    expect(atMs - ((i === 0 ? first : others[i - 1])?.atMs ?? 0)).toBeGreaterThan(9_000);
});

test('six hours are kept at most, and a reader gets the minutes that it requests', async () => {
  await recordBusyTime(MAX_LOAD_POINTS + 50, 1);
  const last = { atMs: Date.now(), depth: 0, accepted: 1, settled: 1, workers: 1 };
  await createLoadHistory({ redis: system().redisShards }).add(last);
  const points = await pointsOf();
  expect(points).toHaveLength(MAX_LOAD_POINTS);
  expect(points).toEqual(points.toSorted((a, b) => a.atMs - b.atMs));
  expect(points.at(-1)?.accepted).toBe(1);
  expect(await pointsOf('?minutes=15')).toEqual(points.slice(-90));
  expect(await read('?minutes=361')).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  expect(await read('', {})).toMatchObject({ status: 401 });
  expect((await read()).body.everySeconds).toBe(10);
});

describeInBrowser('the charts of the operator’s page', (browser) => {
  const { open } = useOperatorPages(browser, () => system().url);

  for (const [device, width] of [
    ['a desk', 1280],
    ['a phone', 320],
  ] as const)
    test(`a page that opens on ${device} shows the last hours at once`, async () => {
      await recordBusyTime(1_000, 20);
      const page = await open('#/overview', { viewport: { width, height: 800 } });
      await page.getByText('Tickets waiting as a table').click();
      const table = page.locator('figure', { hasText: 'Tickets waiting as a table' }).getByRole('table');
      await table.getByText('4,321').first().waitFor();
      await page.getByText('Tickets a second as a table').click();
      await page.locator('figure', { hasText: 'Tickets a second as a table' }).getByText('50').first().waitFor();
      await expectReadable(page);

      await page.getByRole('button', { name: '15 min' }).click();
      await table.getByText('4,321').waitFor({ state: 'detached' }); // the busy time ended twenty minutes ago
      await page.getByRole('button', { name: '6 h' }).click();
      await table.getByText('4,321').first().waitFor();
      await page.reload();
      await page.getByRole('button', { name: '6 h', pressed: true }).waitFor(); // the tab remembers it
    });
});
