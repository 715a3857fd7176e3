import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { send } from '../support/client.ts';
import { cleanUp, dataFolder, startFrontrow } from '../support/processes.ts';
import { setRoom, visitorAt } from '../support/visitors.ts';

/** Redis commands a second, those within scripts too, that an idle system may cost. */
const MAX_COMMANDS = 50;

/** Milliseconds after the last booking until commands are counted, and for which commands are counted. */
const SETTLE_MS = 5_000;
const COUNT_MS = 30_000;

/** Counts the calls of each command that Redis has executed. */
async function countCalls(redis: Redis): Promise<Map<string, number>> {
  const stats = await redis.info('commandstats');
  return new Map(
    [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name = '', calls]) => [name, Number(calls)]),
  );
}

/** Counts commands a second, by name, the most frequent first. */
async function countRates(redis: Redis): Promise<[name: string, perSecond: number][]> {
  const [before, startedAt] = [await countCalls(redis), performance.now()];
  await sleep(COUNT_MS);
  const after = await countCalls(redis);
  const seconds = (performance.now() - startedAt) / 1000;
  const rates = [...after].map(([name, calls]): [string, number] => [
    name,
    (calls - (before.get(name) ?? 0)) / seconds,
  ]);
  return rates.filter(([, perSecond]) => perSecond > 0).sort(([, one], [, other]) => other - one);
}

let frontrow: Awaited<ReturnType<typeof startFrontrow>>;
let redis: Redis;
beforeAll(async () => {
  frontrow = await startFrontrow(dataFolder(), { ZONES: '20', ROWS: '50' });
  redis = new Redis(frontrow.redisUrl);
});
afterAll(async () => {
  redis.disconnect();
  await cleanUp();
});

const book = (headers: Record<string, string> = {}) =>
  send(frontrow.url, 'POST', '/reserve?wait=20', { zone: 1, row: 1, count: 2 }, headers);

/** @throws Error with the most frequent commands where there are as many as `limit` a second */
async function expectFewer(limit: number): Promise<void> {
  await sleep(SETTLE_MS);
  const rates = await countRates(redis);
  const sum = rates.reduce((total, [, perSecond]) => total + perSecond, 0);
  const list = rates.map(([name, perSecond]) => `${perSecond.toFixed(1)} ${name}`).join(', ');
  if (sum >= limit) throw new Error(`${sum.toFixed(1)} commands a second: ${list}`);
}

test('an idle system sends Redis fewer than 50 commands a second, and works', async () => {
  expect((await book()).status).toBe(200);
  await expectFewer(MAX_COMMANDS);
  expect((await book()).status).toBe(200);
});

test('a waiting room in which nobody waits costs fewer than 50 more, and the first visitor is admitted', async () => {
  const { url, asOperator } = frontrow;
  await setRoom(url, { mode: 'on' }, 1, asOperator);
  await expectFewer(2 * MAX_COMMANDS);
  const visitor = visitorAt(url);
  await visitor.join();
  expect((await book(await visitor.admitted())).status).toBe(200);
});
