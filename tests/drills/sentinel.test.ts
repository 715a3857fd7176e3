import { afterEach, expect } from '@jest/globals';
import { freePort } from '../../local/embedded/free-port.ts';
import { defaults } from '../../shared/config.ts';
import { prepareDatabase } from '../../shared/stores/prepare.ts';
import { send } from '../support/client.ts';
import { newDatabase } from '../support/databases.ts';
import { cleanUp, dataFolder, run, until } from '../support/processes.ts';
import { PASSWORD, SENTINEL_PASSWORD, startSentinel } from '../support/sentinel.ts';
import { testOnEachServer } from '../support/server-kinds.ts';

let stop: (() => Promise<void>) | undefined;
afterEach(async () => {
  await cleanUp();
  await stop?.();
});

testOnEachServer('when the master dies behind Sentinel, the next is found, no seat is sold twice', async (path) => {
  const sentinel = await startSentinel(dataFolder(), path);
  stop = sentinel.stop;
  // The first Sentinel is down.
  const query = `sentinels=127.0.0.1:1,127.0.0.1:${sentinel.port}&sentinelPassword=${SENTINEL_PASSWORD}`;
  const env = {
    DATABASE_URL: await newDatabase(),
    REDIS_URL: `redis://:${encodeURIComponent(PASSWORD)}@seats?${query}`,
    PORT: String(await freePort()),
    RATE_LIMIT: 'off',
    LOG_LEVEL: 'info',
  };
  await prepareDatabase(env.DATABASE_URL, { ...defaults, ...env, AUTH: 'off' });
  const [api, worker] = [run('api/main', [], env), run('workers/main', [], env)];
  const output = () => api.output() + worker.output();
  await until(() => api.output().includes('api ready') && worker.output().includes('worker ready'), 20_000, output);
  const reserve = async () =>
    send(`http://127.0.0.1:${env.PORT}`, 'POST', '/reserve?wait=5', { zone: 1, row: 1, count: 1 });
  const first = await reserve();
  expect(first).toMatchObject({ status: 200, body: { seatsCount: 1 } });

  sentinel.killMaster();
  let latest = first;
  const booked = async () => {
    latest = await reserve();
    return latest.status === 200;
  };
  await until(booked, 20_000, output);
  expect(await sentinel.replicaRules()).toBe(true);
  expect(latest.body.startIndex).not.toBe(first.body.startIndex);
  expect(output()).not.toContain(SENTINEL_PASSWORD);
  expect(output()).not.toContain(encodeURIComponent(PASSWORD));

  for (const part of [api, worker]) part.kill('SIGTERM');
  for (const part of [api, worker]) expect((await part.ended).code).toBe(0);
});
