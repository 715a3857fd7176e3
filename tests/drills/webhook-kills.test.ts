import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ChangeData } from '../../shared/contract/changes.ts';
import { send } from '../support/client.ts';
import { cleanUp, run, until } from '../support/processes.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { useSystem } from '../support/system.ts';

// A worker that sends to a webhook is killed again and again, at random moments of its attempts and writes.

const system = useSystem(
  { ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10, WEBHOOKS_TO_PRIVATE_ADDRESSES: true },
  { redis: ownRedis },
);

const CHANGES = 1_000;
const KILLS = 6;

/** Milliseconds until the receiver answers, and within which the worker is killed after a request. */
const ANSWER_MS = 15;
const KILL_WITHIN_MS = 30;

let receiver: Receiver;
beforeAll(async () => {
  await system().stopWorkers();
  receiver = await startReceiver();
  receiver.always = (res) => void setTimeout(() => res.writeHead(200).end(), ANSWER_MS);
});
afterAll(async () => {
  await cleanUp();
  await receiver.close();
});

/** Starts a worker process that finds the webhook without an owner. */
async function startWorker() {
  const { databaseUrl, redisUrl, prisma } = system();
  await prisma.webhook.updateMany({ data: { leasedUntil: new Date(0) } });
  const settings = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, WEBHOOKS_TO_PRIVATE_ADDRESSES: 'true' };
  return run('workers/main', [], settings);
}

/** Makes numbered changes, a few in a statement, so that there are many messages. */
async function makeChanges(): Promise<void> {
  for (let from = 1; from <= CHANGES; from += 5) {
    await system().prisma.$executeRaw`
      INSERT INTO change_batch (type, event_id, count, data)
      SELECT 'seats.blocked', 1, 5, jsonb_agg(jsonb_build_object('seats', jsonb_build_array('1-1-' || place)))
      FROM generate_series(${from}::int, ${from + 4}::int) AS place`;
    await until(() => receiver.taken.length > from - 150, 120_000); // it never lags by much, nor is it ever idle
  }
}

test('the receiver has every change once and in order, whenever a worker is killed', async () => {
  const made = { url: receiver.url, types: ['seats.blocked'], description: 'kills' };
  expect((await send(system().url, 'POST', '/admin/webhooks', made)).status).toBe(201);
  let worker = await startWorker();
  const making = makeChanges();
  for (let kill = 0; kill < KILLS; kill += 1) {
    const requests = receiver.requests.length;
    await until(() => receiver.requests.length > requests, 60_000, worker.output);
    await sleep(Math.random() * KILL_WITHIN_MS);
    worker.kill('SIGKILL');
    await worker.ended;
    worker = await startWorker();
  }
  await making;
  await until(() => receiver.taken.length >= CHANGES, 120_000, worker.output);
  worker.kill('SIGTERM');
  await worker.ended;
  const places = receiver.taken.map(({ data }) => (data as ChangeData<'seats.blocked'>).seats[0]);
  expect(places).toEqual(Array.from({ length: CHANGES }, (_, i) => `1-1-${i + 1}`));
  const bodies = new Map<string, string>();
  for (const { id, text } of receiver.requests) {
    expect(bodies.get(id) ?? text).toBe(text);
    bodies.set(id, text);
  }
}, 600_000);
