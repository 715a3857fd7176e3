import { existsSync, readdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { freePort } from '../../local/embedded/free-port.ts';
import { openSocket, send } from '../support/client.ts';
import { cleanUp, dataFolder, descendants, isRunning, run, until } from '../support/frontrow.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 1, ROWS: 1, KEEP_ALIVE_SECONDS: 620 });
afterAll(cleanUp);
const ADMIN_TOKEN = 'an-admin-token-of-at-least-32-characters';

/** Starts an API process on the servers of this file. */
async function startApiProcess(drainSeconds: number) {
  const port = await freePort();
  const { databaseUrl: DATABASE_URL, redisUrl: REDIS_URL } = system();
  const settings = { PORT: String(port), LOG_LEVEL: 'info', ADMIN_TOKEN, DRAIN_SECONDS: String(drainSeconds) };
  const env = { DATABASE_URL, REDIS_URL, ...settings };
  const started = run('api/main', [], env);
  const url = `http://127.0.0.1:${port}`;
  const readiness = () =>
    fetch(`${url}/readyz`).then(
      ({ status }) => status,
      () => 0,
    );
  return { ...started, url, readiness };
}

/** One request on a connection that is kept alive. @returns whether the answer ends the connection */
function ask(url: string, agent: Agent): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/reserve`, {
      agent,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    asked.on('error', reject);
    asked.on('response', (answer) => {
      answer.resume();
      answer.on('error', reject);
      answer.on('end', () => resolve(answer.headers.connection === 'close'));
    });
    asked.end('{"count":1}');
  });
}

/** A client that never pauses. It goes on until `isEnough`, also on new connections. */
async function hurry(url: string, isEnough: (wasLast: boolean) => boolean) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let answers = 0;
  for (let wasLast = false; !isEnough(wasLast); answers += 1) wasLast = await ask(url, agent);
  agent.destroy();
  return answers;
}

test('a connection is kept open for the set time, and its client is sent that time', async () => {
  const { headers } = await fetch(`${system().url}/healthz`);
  expect(headers.get('keep-alive')).toBe('timeout=620');
});

test('an API that stops answers who waits, tells its sockets, and what it accepted is booked later', async () => {
  await system().stopWorkers();
  const waiting = send(system().url, 'POST', '/reserve?wait=60', { zone: 1, row: 1, count: 2 });
  const socket = await openSocket(system().url);
  await sleep(300);
  await system().stopApi();
  const { status, body } = await waiting;
  expect(status).toBe(201);
  expect(await socket.closed).toBe(1001);
  await system().resumeWorkers();
  for (let looks = 0; looks < 100 && (await system().bookings.find(String(body.ticketId))) === undefined; looks += 1)
    await sleep(50);
  expect(await system().bookings.find(String(body.ticketId))).toMatchObject({ status: 'CONFIRMED', seatsCount: 2 });
});

test('SIGTERM during the start ends an API in order, before it is ready and at the moment when it is', async () => {
  const connections = async () => String(await system().redis.client('LIST')).match(/name=frontrow-producer/g)?.length;
  const before = await connections();
  const early = await startApiProcess(1);
  await until(async () => (await connections()) !== before, 60_000, early.output);
  early.kill('SIGTERM');
  expect(await early.ended).toMatchObject({ code: 0, output: expect.stringContaining('"stopping"') });
  expect(early.output()).not.toContain('api ready');

  const ready = await startApiProcess(1);
  await until(async () => (await ready.readiness()) === 200, 60_000, ready.output);
  ready.kill('SIGTERM');
  expect(await ready.ended).toMatchObject({ code: 0, output: expect.stringContaining('"stopping"') });
});

test('a draining API is not ready, answers all further requests, and ends connections without a reset', async () => {
  const api = await startApiProcess(3);
  await until(async () => (await api.readiness()) === 200, 60_000, api.output);
  const socket = await openSocket(api.url);
  const resting = Array.from({ length: 5 }, () => connect(Number(new URL(api.url).port), '127.0.0.1'));
  const restingEnds = resting.map(
    (one) => new Promise((resolve, reject) => one.on('error', reject).on('close', resolve).resume()),
  );
  for (const one of resting) one.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
  let notReadySince = Number.POSITIVE_INFINITY;
  const noticed = () => performance.now() - notReadySince > 300; // as a load balancer, a little later
  const clients = Array.from({ length: 20 }, () => hurry(api.url, noticed));
  await sleep(300);
  api.kill('SIGTERM');
  await until(async () => (await api.readiness()) === 503, 10_000, api.output);
  notReadySince = performance.now();
  for (const answers of await Promise.all(clients)) expect(answers).toBeGreaterThan(0);
  const late = new Agent({ keepAlive: true });
  expect(await ask(api.url, late)).toBe(true);
  expect(await socket.closed).toBe(1001);
  await Promise.all(restingEnds);
  expect((await api.ended).code).toBe(0);
});

test('without a drain, too, connections in use end with an answer and not with a reset', async () => {
  const api = await startApiProcess(0);
  await until(async () => (await api.readiness()) === 200, 60_000, api.output);
  const clients = Array.from({ length: 20 }, () => hurry(api.url, (wasLast) => wasLast));
  await sleep(300);
  api.kill('SIGTERM');
  for (const answers of await Promise.all(clients)) expect(answers).toBeGreaterThan(0);
  expect((await api.ended).code).toBe(0);
});

test.each(['redis', 'api-main.log'])(
  'a load test that is told to end once it has %s stops its parts and leaves nothing',
  async (sign) => {
    const folder = dataFolder();
    const command = run('loadtest/measures/polls', [], { TMPDIR: folder });
    const has = () => readdirSync(folder).some((own) => existsSync(join(folder, own, sign)));
    await until(has, 60_000, command.output);
    const parts = [...descendants(command.pid).keys()];
    command.kill('SIGTERM');
    await command.ended;
    expect(readdirSync(folder)).toEqual([]);
    await until(() => !parts.some(isRunning), 10_000);
  },
);

test('an API that was frozen for longer than its connections bear does operators’ work again', async () => {
  await system().resumeWorkers();
  const api = await startApiProcess(0);
  await until(async () => (await api.readiness()) === 200, 60_000, api.output);
  const event = { name: 'Made', zones: [{ rows: 1, seatsPerRow: 5 }] };
  const operate = () => send(api.url, 'POST', '/api/events', event, { authorization: `Bearer ${ADMIN_TOKEN}` });
  expect(await operate()).toMatchObject({ status: 201 });
  api.kill('SIGSTOP');
  await sleep(18_000);
  api.kill('SIGCONT');
  expect(await operate()).toMatchObject({ status: 201 });
  expect(await operate()).toMatchObject({ status: 201 });
  api.kill('SIGTERM');
  expect((await api.ended).code).toBe(0);
});
