import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { isInstalled } from '../../loadtest/kit/processes.ts';
import { freePort } from '../../local/embedded/free-port.ts';
import { defaults } from '../../shared/config.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { prepareDatabase } from '../../shared/stores/prepare.ts';
import { openSocket, send } from '../support/client.ts';
import { newDatabase } from '../support/databases.ts';
import { cleanUp, dataFolder, run, until } from '../support/processes.ts';
import { type RunningProxy, startHaproxy, startNginx } from '../support/proxies.ts';
import { ownRedis } from '../support/redis-servers.ts';

/** Clients of each proxy, and milliseconds between two requests of one. */
const CLIENTS = 4;
const PAUSE_MS = 40;

/** Seconds that an API drains: longer than HAProxy's two checks. */
const DRAIN_SECONDS = 3;

/** Milliseconds after a start until both proxies send requests there: two checks, or nginx's fail_timeout twice. */
const NOTICE_MS = 5_000;

let stopRedis: (() => Promise<void>) | undefined;
afterAll(async () => {
  await cleanUp();
  await stopRedis?.();
});

type Request = { method: string; path: string; body?: object; key?: string | undefined };
type Answer = { status: number; body: Record<string, unknown> };

/** Sends a request by a connection of `agent`. @throws Error where the answer does not arrive in full */
function submit(agent: Agent, url: string, { method, path, body, key }: Request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) };
    const sent = request(`${url}${path}`, { agent, method, headers: body === undefined ? {} : headers });
    sent.on('error', reject);
    sent.on('response', (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('error', reject);
      answer.on('end', () => {
        try {
          resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) });
        } catch {
          resolve({ status: answer.statusCode ?? 0, body: { text } });
        }
      });
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The requests that a client repeats, each with the statuses that do not lose it. */
const REQUESTS = [
  { method: 'POST', path: '/reserve', body: { count: 1 }, statuses: [201] },
  { method: 'POST', path: '/reserve?wait=10', body: { count: 1 }, statuses: [200, 201] },
  { method: 'POST', path: '/api/bookings', body: { eventId: 1, userId: 1, count: 1 }, statuses: [202] },
  { method: 'GET', path: '/api/events/1', statuses: [200] },
] as const;

/** Buyers behind one proxy, perhaps all with idempotency keys. `lost`: their requests without a proper answer. */
function startLoad(proxy: RunningProxy, areAllKeyed = false) {
  const tickets: string[] = [];
  const lost: string[] = [];
  let answered = 0;
  let isOver = false;
  async function buy(client: number): Promise<void> {
    const agent = new Agent({ keepAlive: client % 2 === 0, maxSockets: 1 });
    for (let turn = client; !isOver; turn += 1) {
      const { method, path, statuses, ...rest } = REQUESTS[turn % REQUESTS.length] as (typeof REQUESTS)[0];
      const at = `${proxy.name}, ${method} ${path}`;
      const key = (areAllKeyed || proxy.needsKeys) && method === 'POST' ? randomUUID() : undefined;
      try {
        const { status, body } = await submit(agent, proxy.url, { method, path, ...rest, key });
        answered += 1;
        if (!(statuses as readonly number[]).includes(status)) lost.push(`${at}: ${status} ${JSON.stringify(body)}`);
        if (method === 'POST') tickets.push(String(body.ticketId));
      } catch (fault) {
        lost.push(`${at}: ${(fault as Error).message}`);
      }
      await sleep(PAUSE_MS);
    }
    agent.destroy();
  }

  /** Watches by a socket, and opens the next one when the API that it is connected to drains. */
  async function watch(): Promise<void> {
    while (!isOver) {
      const socket = await openSocket(proxy.url);
      const over = until(() => isOver, 120_000).then(() => undefined);
      const code = await Promise.race([socket.closed, over]);
      if (code !== undefined && code !== 1001) lost.push(`${proxy.name}, socket: closed with ${code}`);
      socket.close();
    }
  }
  const clients = Array.from({ length: CLIENTS }, (_, client) => buy(client));
  if (!areAllKeyed) clients.push(watch()); // a killed API closes no socket in order
  return {
    async stop() {
      isOver = true;
      await Promise.all(clients);
      const retried = await proxy.retried();
      const load = `${proxy.name}${areAllKeyed ? ', all keyed' : ''}`;
      process.stderr.write(`${load}: ${answered} requests, ${lost.length} lost, ${retried} retried\n`);
      return { tickets, lost, answered };
    },
  };
}

/** Two APIs and two workers on servers of their own. Each has `restart`, as docs/deploy.md describes an upgrade. */
async function startParts() {
  const redis = await ownRedis();
  stopRedis = redis.stop;
  const env = { DATABASE_URL: await newDatabase(), REDIS_URL: redis.url, RATE_LIMIT: 'off', LOG_LEVEL: 'info' };
  await prepareDatabase(env.DATABASE_URL, { ...defaults, ZONES: 20, AUTH: 'off' });
  const start = async (target: string, own: Record<string, string>) => {
    let part = run(target, [], { ...env, ...own });
    const isReady = () => /"(api|worker) ready"/.test(part.output());
    await until(isReady, 60_000, () => part.output());
    return {
      async restart(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') {
        part.kill(signal);
        expect((await part.ended).code).toBe(signal === 'SIGTERM' ? 0 : null);
        part = run(target, [], { ...env, ...own });
        await until(isReady, 60_000, () => part.output());
      },
    };
  };
  const apiPorts = [await freePort(), await freePort()];
  const settings = (port: number) => ({ PORT: String(port), TRUST_PROXY: '1', DRAIN_SECONDS: String(DRAIN_SECONDS) });
  const apis = await Promise.all(apiPorts.map((port) => start('api/main', settings(port))));
  const workers = await Promise.all([1, 2].map(() => start('workers/main', {})));
  return { env, apiPorts, apis, workers };
}

const missing = ['haproxy', 'nginx'].filter((name) => !isInstalled(name));
if (missing.length > 0) process.stderr.write(`skipped without ${missing.join(' and ')}: the rolling restart\n`);

(missing.length === 0 ? test : test.skip)(
  'behind HAProxy and nginx a rolling restart loses no request, and a killed API none with a key',
  async () => {
    const { env, apiPorts, apis, workers } = await startParts();
    const folder = dataFolder();
    const proxies = [
      await startHaproxy(folder, apiPorts, true),
      await startHaproxy(folder, apiPorts, false),
      await startNginx(folder, apiPorts, true),
      await startNginx(folder, apiPorts, false),
    ];
    const loads = proxies.map((proxy) => startLoad(proxy));
    await sleep(1_000);
    for (const part of workers) await part.restart();
    for (const part of apis) {
      await part.restart();
      await sleep(NOTICE_MS);
    }
    const keyed = proxies.map((proxy) => startLoad(proxy, true));
    const results = await Promise.all(loads.map((load) => load.stop()));
    await apis[0]?.restart('SIGKILL');
    results.push(...(await Promise.all(keyed.map((load) => load.stop()))));
    for (const { answered } of results) expect(answered).toBeGreaterThan(20);
    expect(results.flatMap(({ lost }) => lost)).toEqual([]);

    const tickets = results.flatMap((load) => load.tickets);
    const url = `http://127.0.0.1:${apiPorts[0]}`; // at once, so many reads are no longer the proxies' concern
    const outcomes = await Promise.all(tickets.map((id) => send(url, 'GET', `/api/tickets/${id}?wait=20`)));
    expect(new Set(outcomes.map(({ status, body }) => `${status} ${body.status}`))).toEqual(new Set(['200 booked']));
    const database = await connectPostgres({ connectionString: env.DATABASE_URL });
    const { rows } = await database.query(
      'SELECT count(DISTINCT booking_id)::int AS bookings, count(*)::int AS seats FROM seat',
    );
    await database.end();
    expect(rows).toEqual([{ bookings: tickets.length, seats: tickets.length }]);
    const audit = await run('commands/audit', [], env).ended;
    expect({ code: audit.code, output: audit.output }).toMatchObject({ code: 0 });
  },
);
