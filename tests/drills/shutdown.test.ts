import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { freePort } from '../../local/embedded/free-port.ts';
import { openSocket, send } from '../support/client.ts';
import { cleanUp, run, until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 1, ROWS: 1 });
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

/** Sends one request on a connection that is kept alive. @returns whether the answer ends the connection */
function reserve(url: string, agent: Agent): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/reserve`, {
      agent,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    sent.on('error', reject);
    sent.on('response', (answer) => {
      answer.resume();
      answer.on('error', reject);
      answer.on('end', () => resolve(answer.headers.connection === 'close'));
    });
    sent.end('{"count":1}');
  });
}

/** Sends requests without a pause until `isDone`, on new connections too. @returns the number of answers */
async function sendWithoutPause(url: string, isDone: (wasLast: boolean) => boolean): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let answers = 0;
  for (let wasLast = false; !isDone(wasLast); answers += 1) wasLast = await reserve(url, agent);
  agent.destroy();
  return answers;
}

test('SIGTERM ends an API in order while it starts and at the moment it is ready', async () => {
  const connections = async () => String(await system().redis.client('LIST')).match(/name=frontrow-producer/g)?.length;
  const connectionsBefore = await connections();
  const early = await startApiProcess(1);
  await until(async () => (await connections()) !== connectionsBefore, 60_000, early.output);
  early.kill('SIGTERM');
  expect(await early.ended).toMatchObject({ code: 0, output: expect.stringContaining('"stopping"') });
  expect(early.output()).not.toContain('api ready');

  const ready = await startApiProcess(1);
  await until(async () => (await ready.readiness()) === 200, 60_000, ready.output);
  ready.kill('SIGTERM');
  expect(await ready.ended).toMatchObject({ code: 0, output: expect.stringContaining('"stopping"') });
});

test('a draining API is not ready, answers all further requests, and ends connections without a reset', async () => {
  const api = await startApiProcess(5);
  await until(async () => (await api.readiness()) === 200, 60_000, api.output);
  const socket = await openSocket(api.url);
  const idle = Array.from({ length: 5 }, () => connect(Number(new URL(api.url).port), '127.0.0.1'));
  const idleEnds = idle.map(
    (one) => new Promise((resolve, reject) => one.on('error', reject).on('close', resolve).resume()),
  );
  for (const one of idle) one.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
  let notReadySince = Number.POSITIVE_INFINITY;
  const isRerouted = () => performance.now() - notReadySince > 300; // a load balancer reacts with a delay
  const clients = Array.from({ length: 20 }, () => sendWithoutPause(api.url, isRerouted));
  await sleep(300);
  api.kill('SIGTERM');
  await until(async () => (await api.readiness()) === 503, 10_000, api.output);
  notReadySince = performance.now();
  for (const answers of await Promise.all(clients)) expect(answers).toBeGreaterThan(0);
  const late = new Agent({ keepAlive: true });
  expect(await reserve(api.url, late)).toBe(true);
  expect(await socket.closed).toBe(1001);
  await Promise.all(idleEnds);
  expect((await api.ended).code).toBe(0);
});

test('without a drain, connections in use also end with an answer and not with a reset', async () => {
  const api = await startApiProcess(0);
  await until(async () => (await api.readiness()) === 200, 60_000, api.output);
  const clients = Array.from({ length: 20 }, () => sendWithoutPause(api.url, (wasLast) => wasLast));
  await sleep(300);
  api.kill('SIGTERM');
  for (const answers of await Promise.all(clients)) expect(answers).toBeGreaterThan(0);
  expect((await api.ended).code).toBe(0);
});

test('an API that was frozen for longer than its connections’ timeouts serves operators again', async () => {
  await system().resumeWorkers();
  const api = await startApiProcess(0);
  await until(async () => (await api.readiness()) === 200, 60_000, api.output);
  const event = { name: 'Made', zones: [{ rows: 1, seatsPerRow: 5 }] };
  const operate = () => send(api.url, 'POST', '/api/events', event, { authorization: `Bearer ${ADMIN_TOKEN}` });
  expect(await operate()).toMatchObject({ status: 201 });
  api.kill('SIGSTOP');
  await sleep(18_000); // more than SILENT_MS of shared/platform/redis.ts
  api.kill('SIGCONT');
  expect(await operate()).toMatchObject({ status: 201 });
  expect(await operate()).toMatchObject({ status: 201 });
  api.kill('SIGTERM');
  expect((await api.ended).code).toBe(0);
});
