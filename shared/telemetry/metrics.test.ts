import { expect, test } from '@jest/globals';
import { createGaugeRefresh, createMetricsPage } from '../platform/metrics.ts';
import { metrics } from './metrics.ts';

const lines = async (name: string) => (await createMetricsPage()()).split('\n').filter((line) => line.startsWith(name));

test('a histogram counts what was noted, many at once too, in every bucket that it is not above', async () => {
  const seconds = metrics.stepSeconds.labels('save');
  seconds.observe(0.01);
  seconds.observe(0.02, 5);
  seconds.observe(60);
  const name = 'frontrow_step_duration_seconds';
  expect(await lines(name)).toEqual(
    expect.arrayContaining([
      `${name}_bucket{step="save",le="0.005"} 0`,
      `${name}_bucket{step="save",le="0.01"} 1`,
      `${name}_bucket{step="save",le="0.025"} 6`,
      `${name}_bucket{step="save",le="5"} 6`,
      `${name}_bucket{step="save",le="+Inf"} 7`,
      `${name}_sum{step="save"} 60.11`,
      `${name}_count{step="save"} 7`,
    ]),
  );
});

test('a counter begins at 0 for every value that its label may have', async () => {
  expect(await lines('frontrow_job_stalls_total')).toEqual([
    'frontrow_job_stalls_total{queue="booking"} 0',
    'frontrow_job_stalls_total{queue="control"} 0',
  ]);
});

test('a page is rendered once a second at the most, however many ask', async () => {
  let looks = 0;
  const page = createMetricsPage(
    createGaugeRefresh([
      () => {
        looks += 1;
      },
    ]),
  );
  const [one, other] = await Promise.all([page(), page()]);
  expect(one).toContain('frontrow_seats_mended_total 0');
  expect(one).not.toMatch(/^frontrow_redis_up/m); // nobody has looked yet
  expect(other).toBe(one);
  await page();
  expect(looks).toBe(1);
});
