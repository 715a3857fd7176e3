import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { shiftedClock } from '../../loadtest/kit/shifted-clock.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { projectRoot } from '../../shared/platform/root.ts';
import { keysOfQueue } from '../../shared/stores/redis/keys.ts';
import { send } from '../support/client.ts';
import { cleanUp, dataFolder, findProcess, run, startFrontrow, until } from '../support/processes.ts';
import { findPrometheus, OPS, promtool, startPrometheus } from '../support/prometheus.ts';

const read = (...path: string[]) => readFileSync(join(...path), 'utf8');

/** Every alert with its expression, without the comparison: its series must exist while nothing is wrong. */
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

/** A test that is skipped, with a message, where no Prometheus can be found. */
const withPrometheus = (name: string, body: (bin: string) => Promise<void>) =>
  test(name, async () => {
    if (bin === undefined) process.stderr.write(`skipped without a Prometheus: ${name}\n`);
    else await body(bin);
  });

beforeAll(async () => {
  const finding = findPrometheus().catch((fault: Error) => {
    process.stderr.write(`no Prometheus was found: ${fault.message}\n`); // without a network, for example
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

/** Books, holds, sends bad requests and joins a waiting room until it is aborted. */
async function sendTraffic(stopped: AbortSignal): Promise<void> {
  const { url, asOperator } = frontrow;
  const zones = [{ rows: 10, seatsPerRow: 50 }];
  const { body: event } = await send(url, 'POST', '/api/events', { name: 'With a waiting room', zones }, asOperator);
  await send(url, 'PUT', `/api/events/${event.id}/waiting-room`, { mode: 'on' }, asOperator);
  while (!stopped.aborted) {
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

withPrometheus('rules and configuration pass promtool', async (bin) => {
  await promtool(bin, 'check', 'config', join(OPS, 'prometheus.yml'));
});

withPrometheus('under load every target is up, and every query of the dashboards and alerts has series', async () => {
  let missing = queries;
  const haveSeries = async () => {
    await sleep(400); // these are a hundred queries, and Prometheus scrapes once a second
    const unanswered = await Promise.all(
      missing.map(async (query) => ((await prometheus.query(query.expression)).length > 0 ? [] : [query])),
    );
    missing = unanswered.flat();
    return missing.length === 0;
  };
  const traffic = new AbortController();
  const complete = until(haveSeries, 20_000, () => JSON.stringify(missing, null, 2));
  await Promise.all([sendTraffic(traffic.signal), complete.finally(() => traffic.abort())]);
  let targets: string[] = [];
  const areUp = async () => {
    targets = (await prometheus.targets()).map(({ health, labels }) => `${labels.job} ${health}`).sort();
    return targets.join() === 'frontrow-api up,frontrow-worker up';
  };
  await until(areUp, 10_000, () => targets.join('\n'));
  const down = ['RedisDown', 'PostgresDown', 'TargetDown', 'WorkersMissing', 'NothingDraining'];
  await until(async () => !(await firing()).some((name) => down.includes(name ?? '')), 10_000);
  const sumOf = async (name: string) => Number((await prometheus.query(`sum(${name})`))[0]?.value[1]);
  const counters = ['frontrow_tickets_accepted_total', 'frontrow_outcomes_total', 'frontrow_outcome_seconds_count'];
  let sums: number[] = [];
  const countsAgree = async () => {
    sums = await Promise.all(counters.map(sumOf)); // API and worker are scraped one after the other
    return new Set(sums).size === 1 && (await sumOf('frontrow_queue_depth')) === 0;
  };
  await until(countsAgree, 10_000, () => sums.join(' '));
  expect(sums[0]).toBeGreaterThan(20);
});

const firing = async () =>
  (await prometheus.query('ALERTS{alertstate="firing"}')).map(({ metric }) => metric.alertname).sort();

/** Waits until all of these fire. */
async function fire(...names: string[]): Promise<void> {
  let firingNames: (string | undefined)[] = [];
  const allFire = async () => {
    firingNames = await firing();
    return names.every((name) => firingNames.includes(name));
  };
  await until(allFire, 30_000, () => firingNames.join(' '));
}

/** Freezes a process of this system, runs a check, and lets the process continue. */
async function whileFrozen(command: RegExp, check: () => Promise<void>): Promise<void> {
  const pid = findProcess(frontrow.pid, command);
  process.kill(pid, 'SIGSTOP');
  await check().finally(() => process.kill(pid, 'SIGCONT'));
}

test('a frozen Redis is shown as down, and metrics that come from it are left out', async () => {
  const page = async () => (await fetch(`${frontrow.url}/metrics`)).text();
  expect(await page()).toContain('\nfrontrow_queue_depth{');
  await whileFrozen(/redis-server|valkey-server/, async () => {
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

withPrometheus('a paused queue, a stopped schedule and an unreadable job fire their alerts', async () => {
  const redis = new Redis(frontrow.redisUrl);
  const locker = await connectPostgres({ connectionString: frontrow.databaseUrl });
  const [{ meta }, { unreadable }] = [keysOfQueue(0, 'control'), keysOfQueue(0, 'booking')];
  await redis.hset(meta, 'paused', 1);
  await redis.zadd(unreadable, Date.now(), 'a job of tomorrow');
  // As a frozen worker does. The sweep would remove the job.
  await locker.query(`SELECT pg_advisory_lock(hashtext('frontrow turn'), hashtext('sweep'))`);
  try {
    await fire('QueuePaused', 'ScheduleStopped', 'UnreadableJobs');
  } finally {
    await locker.end();
    await redis.zrem(unreadable, 'a job of tomorrow');
    await redis.hdel(meta, 'paused');
    redis.disconnect();
  }
});

withPrometheus('a frozen API fires TargetDown', () =>
  whileFrozen(/api\/main/, async () => {
    const down = 'ALERTS{alertstate="firing", alertname="TargetDown", job="frontrow-api"}';
    await until(async () => (await prometheus.query(down)).length > 0, 20_000);
  }),
);

withPrometheus('a frozen worker fires WorkersMissing and TargetDown', () =>
  whileFrozen(/workers\/main/, async () => {
    await until(async () => (await firing()).includes('WorkersMissing'), 20_000);
    await until(async () => (await firing()).includes('TargetDown'), 20_000);
  }),
);

withPrometheus('a worker whose clock is an hour ahead fires ClockSkew', async () => {
  const { databaseUrl, redisUrl } = frontrow;
  const environment = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, NODE_OPTIONS: shiftedClock(3_600_000) };
  const worker = run('workers/main', [], environment);
  await until(async () => (await firing()).includes('ClockSkew'), 60_000, worker.output);
  worker.kill('SIGTERM');
  await worker.ended;
});
