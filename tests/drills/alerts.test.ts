import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { shiftedClock } from '../../loadtest/kit/shifted-clock.ts';
import { projectRoot } from '../../shared/platform/root.ts';
import { keysOfQueue } from '../../shared/stores/redis/keys.ts';
import { send } from '../support/client.ts';
import { cleanUp, dataFolder, descendants, run, startFrontrow, until } from '../support/frontrow.ts';
import { findPrometheus, OPS, promtool, startPrometheus } from '../support/prometheus.ts';

const read = (...path: string[]) => readFileSync(join(...path), 'utf8');

/** Every alert with its expression, without the comparison that makes it one: what it looks at has to be there while all is well. */
const alerts = [...read(OPS, 'alerts.yml').matchAll(/alert: (\w+)\n\s*expr: (.*?) (==|>|<) [\d.]+\n/g)].map(
  ([, name = '', expression = '']) => ({ name, expression }),
);
const DASHBOARDS = join(projectRoot, 'ops', 'grafana', 'dashboards');
type Dashboard = { title: string; panels: { title: string; targets: { expr: string }[] }[] };
const dashboards = readdirSync(DASHBOARDS).map((file) => JSON.parse(read(DASHBOARDS, file)) as Dashboard);
const recorded = [...read(OPS, 'rules.yml').matchAll(/record: (\S+)/g)].map(([, name = '']) => name);
const queries = [
  ...recorded.map((expression) => ({ where: 'rules.yml', expression })),
  ...alerts.map(({ name, expression }) => ({ where: name, expression })),
  ...dashboards.flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      panel.targets.map(({ expr }) => ({ where: `${title}, ${panel.title}`, expression: expr })),
    ),
  ),
];

let bin: string | undefined;
let frontrow: Awaited<ReturnType<typeof startFrontrow>>;
let prometheus: Awaited<ReturnType<typeof startPrometheus>>;

/** Skips what needs a Prometheus, and says so, where none can be had. */
const withPrometheus = (name: string, body: (bin: string) => Promise<void>) =>
  test(name, async () => {
    if (bin === undefined) process.stderr.write(`skipped without a Prometheus: ${name}\n`);
    else await body(bin);
  });

beforeAll(async () => {
  const finding = findPrometheus().catch((fault: Error) => {
    process.stderr.write(`There is no Prometheus here: ${fault.message}\n`); // no network, say
    return undefined;
  });
  const folder = dataFolder();
  frontrow = await startFrontrow(folder);
  bin = await finding;
  if (bin !== undefined) prometheus = await startPrometheus(bin, join(folder, 'prometheus'), frontrow.url);
});

afterAll(async () => {
  await prometheus?.stop();
  await cleanUp();
});

/** Sells, holds, refuses, and lets people stand in line, until it is aborted. */
async function herd(enough: AbortSignal): Promise<void> {
  const { url, asOperator } = frontrow;
  const zones = [{ rows: 10, seatsPerRow: 50 }];
  const { body: event } = await send(url, 'POST', '/api/events', { name: 'With a line', zones }, asOperator);
  await send(url, 'PUT', `/api/events/${event.id}/waiting-room`, { mode: 'on' }, asOperator);
  while (!enough.aborted) {
    await Promise.all([
      ...Array.from({ length: 5 }, () => send(url, 'POST', '/reserve?wait=5', { zone: 1, count: 2 })),
      send(url, 'POST', '/reserve', { zone: 99 }),
      send(url, 'POST', `/api/events/${event.id}/waiting-room`, {}),
      send(url, 'POST', '/api/bookings?wait=5', { eventId: 1, userId: 1, zone: 2, count: 1 }).then(({ body }) =>
        send(url, 'POST', `/api/bookings/${body.id}/confirm`, { userId: 1 }),
      ),
    ]);
    await sleep(100);
  }
}

test('each alert has an entry in the runbook, and the runbook has no other', () => {
  const entries = [...read(projectRoot, 'docs', 'RUNBOOK.md').matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
  expect(entries).toEqual(alerts.map(({ name }) => name));
  expect(read(OPS, 'alerts.yml').match(/- alert:/g)).toHaveLength(alerts.length);
});

withPrometheus('rules and configuration pass promtool', async (bin) => {
  await promtool(bin, 'check', 'config', join(OPS, 'prometheus.yml'));
});

withPrometheus('under a herd every target is up, and every query of every dashboard and alert has series', async () => {
  let missing = queries;
  const lookForSeries = async () => {
    await sleep(400); // a hundred queries at a time, and nothing new within a second
    const looked = await Promise.all(
      missing.map(async (query) => ((await prometheus.query(query.expression)).length > 0 ? [] : [query])),
    );
    missing = looked.flat();
    return missing.length === 0;
  };
  const enough = new AbortController();
  const seeing = until(lookForSeries, 20_000, () => JSON.stringify(missing, null, 2));
  await Promise.all([herd(enough.signal), seeing.finally(() => enough.abort())]);
  let targets: string[] = [];
  const lookForTargets = async () => {
    targets = (await prometheus.targets()).map(({ health, labels }) => `${labels.job} ${health}`).sort();
    return targets.join() === 'frontrow-api up,frontrow-worker up';
  };
  await until(lookForTargets, 10_000, () => targets.join('\n'));
  const down = ['RedisDown', 'PostgresDown', 'TargetDown', 'WorkersMissing', 'NothingDraining'];
  await until(async () => !(await firing()).some((name) => down.includes(name ?? '')), 10_000);
  const sumOf = async (name: string) => Number((await prometheus.query(`sum(${name})`))[0]?.value[1]);
  const counters = ['frontrow_tickets_accepted_total', 'frontrow_outcomes_total', 'frontrow_outcome_seconds_count'];
  let seen: number[] = [];
  const lookForTickets = async () => {
    seen = await Promise.all(counters.map(sumOf)); // API and worker are scraped one after the other
    return new Set(seen).size === 1 && (await sumOf('frontrow_queue_depth')) === 0;
  };
  await until(lookForTickets, 10_000, () => seen.join(' '));
  expect(seen[0]).toBeGreaterThan(20);
});

test('requests count under their route’s pattern', async () => {
  await send(frontrow.url, 'GET', '/api/bookings/00000000-0000-4000-8000-000000000000');
  await fetch(`${frontrow.url}/wp-login.php`);
  await send(frontrow.url, 'POST', '/reserve?wait=5', { zone: 1, count: 2 });
  let routes: string[] = [];
  await until(
    async () => {
      const text = await (await fetch(`${frontrow.url}/metrics`)).text(); // rendered up to a second ago
      routes = [...text.matchAll(/_count\{method="\w+",route="(.*?)"/g)].map(([, route = '']) => route);
      return ['other', '/api/bookings/:id', '/reserve'].every((route) => routes.includes(route));
    },
    5_000,
    () => routes.join('\n'),
  );
  expect(routes.filter((route) => !ROUTES.includes(route))).toEqual([]);
});

/** Every pattern that this file's requests, Prometheus' among them, can match. */
const ROUTES = [
  ...['other', '/reserve', '/api/bookings', '/api/bookings/:id', '/api/bookings/:id/confirm', '/api/events'],
  ...['/api/events/:id/waiting-room', '/metrics', '/metrics/targets'],
];

const firing = async () =>
  (await prometheus.query('ALERTS{alertstate="firing"}')).map(({ metric }) => metric.alertname).sort();

/** Waits until all of these fire. */
async function fire(...names: string[]): Promise<void> {
  let now: (string | undefined)[] = [];
  const look = async () => {
    now = await firing();
    return names.every((name) => now.includes(name));
  };
  await until(look, 30_000, () => now.join(' '));
}

/** Stops a process of this system, lets something be seen, and lets it go on. */
async function whileStopped(command: RegExp, see: () => Promise<void>): Promise<void> {
  const [pid] = [...descendants(frontrow.pid)].find(([, line]) => command.test(line)) ?? [];
  if (pid === undefined) throw new Error(`no ${command} runs`);
  process.kill(pid, 'SIGSTOP');
  await see().finally(() => process.kill(pid, 'SIGCONT'));
}

test('a Redis that does not answer is shown as down, and what only it knows is not shown', async () => {
  const page = async () => (await fetch(`${frontrow.url}/metrics`)).text();
  expect(await page()).toContain('\nfrontrow_queue_depth{');
  await whileStopped(/redis-server|valkey-server/, async () => {
    let text = '';
    await until(async () => {
      text = await page();
      return text.includes('\nfrontrow_redis_up 0');
    }, 10_000);
    expect(text).not.toContain('\nfrontrow_queue_depth{');
    if (bin !== undefined) await fire('RedisDown', 'RedisNotWritable', 'LoopStalled');
  });
  await until(async () => (await page()).includes('frontrow_redis_up 1'), 10_000);
});

withPrometheus('a paused queue, a schedule that stopped, and a job that cannot be read fire their alerts', async () => {
  const redis = new Redis(frontrow.redisUrl);
  const [{ meta }, { unreadable }] = [keysOfQueue(0, 'control'), keysOfQueue(0, 'booking')];
  await redis.hset(meta, 'paused', 1);
  await redis.zadd(unreadable, Date.now(), 'a job of tomorrow'); // the sweep is paused too
  try {
    await fire('QueuePaused', 'ScheduleStopped', 'UnreadableJobs');
  } finally {
    await redis.zrem(unreadable, 'a job of tomorrow');
    await redis.hdel(meta, 'paused');
    redis.disconnect();
  }
});

withPrometheus('an API that is frozen is missed', () =>
  whileStopped(/api\/main/, async () => {
    const down = 'ALERTS{alertstate="firing", alertname="TargetDown", job="frontrow-api"}';
    await until(async () => (await prometheus.query(down)).length > 0, 20_000);
  }),
);

withPrometheus('a worker that is stopped is missed', () =>
  whileStopped(/workers\/main/, async () => {
    await until(async () => (await firing()).includes('WorkersMissing'), 20_000);
    await until(async () => (await firing()).includes('TargetDown'), 20_000);
  }),
);

withPrometheus('a worker whose clock is an hour ahead is seen', async () => {
  const { databaseUrl, redisUrl } = frontrow;
  const environment = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, NODE_OPTIONS: shiftedClock(3_600_000) };
  const worker = run('workers/main', [], environment);
  await until(async () => (await firing()).includes('ClockSkew'), 60_000, worker.output);
  worker.kill('SIGTERM');
  await worker.ended;
});
