import { expect, test } from '@jest/globals';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';
import { newEvent, setRoom, visitorAt } from '../support/visitors.ts';

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 20 });

test('workers are desired before a sale for the people who wait for it in line', async () => {
  const { url, redis, rooms } = system();
  const startsMs = Date.now() + 120_000;
  const event = await newEvent(url, { onSaleAt: new Date(startsMs).toISOString() });
  await setRoom(url, { mode: 'on' }, event);
  for (let i = 0; i < 3; i += 1) await visitorAt(url, event).join();
  expect(await rooms.comingSales()).toEqual([{ startsMs, people: 3 }]);

  const desired = async () => (await send(url, 'GET', '/admin/workers')).body.desired;
  await until(async () => (await desired()) === 1, 5_000);
  await redis.hset(`{s0}:room:${event}`, 'joined', 100_000);
  await until(async () => (await desired()) === 3, 15_000); // 1,667 a second, with a fifth in reserve
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toMatch(/^frontrow_workers_desired 3$/m); // KEDA reads it
});
