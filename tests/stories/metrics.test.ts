import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { projectRoot } from '../../shared/platform/root.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

// tests/drills/alerts.test.ts checks dashboards and alerts with a Prometheus.
const system = useSystem({ ZONES: 2, ROWS: 2, SEATS_PER_ROW: 10 });

test('each alert has an entry in the runbook, and the runbook has no other', () => {
  const alerts = readFileSync(join(projectRoot, 'ops', 'prometheus', 'alerts.yml'), 'utf8');
  const runbook = readFileSync(join(projectRoot, 'docs', 'RUNBOOK.md'), 'utf8');
  const names = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(10);
  expect([...runbook.matchAll(/^### (\w+)$/gm)].map(([, name]) => name)).toEqual(names);
});

test('requests count under their route’s pattern', async () => {
  const { url } = system();
  await send(url, 'GET', '/api/bookings/00000000-0000-4000-8000-000000000000');
  await fetch(`${url}/wp-login.php`);
  await send(url, 'POST', '/reserve?wait=5', { zone: 1, count: 2 });
  let routes: string[] = [];
  await until(
    async () => {
      const text = await (await fetch(`${url}/metrics`)).text(); // the page may be a second old
      routes = [...text.matchAll(/_count\{method="\w+",route="(.*?)"/g)].map(([, route = '']) => route);
      return ['other', '/api/bookings/:id', '/reserve'].every((route) => routes.includes(route));
    },
    5_000,
    () => routes.join('\n'),
  );
  const expected = ['other', '/api/bookings/:id', '/reserve', '/metrics'];
  expect(routes.filter((route) => !expected.includes(route))).toEqual([]);
});
