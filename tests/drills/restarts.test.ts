import { afterEach, expect, test } from '@jest/globals';
import { send } from '../support/client.ts';
import {
  cleanUp,
  dataFolder,
  descendants,
  findProcess,
  isRunning,
  npmStart,
  startFrontrow,
  until,
} from '../support/processes.ts';

afterEach(cleanUp);

const reserve = (url: string, body: object) =>
  send(url, 'POST', '/reserve?wait=20', body).catch(() => ({ status: 0, body: {} }));
const occupied = async (url: string, row: string) => (await send(url, 'GET', `/occupancy/${row}`)).body.occupied;

test('kill -9 of npm or of the supervisor leaves no process, and the next start finds the data', async () => {
  const folder = dataFolder();
  let system = await startFrontrow(folder, {}, npmStart);
  for (const booked of [3, 6]) {
    await reserve(system.url, { zone: 2, row: 2, count: 3 });
    const processes = [...descendants(system.pid).keys()];
    system.kill('SIGKILL');
    await until(() => !processes.some(isRunning), 15_000);
    system = await startFrontrow(folder); // without npm: the next kill hits the supervisor
    expect(await occupied(system.url, '2/2')).toBe(booked);
  }
});

test('a killed API, worker, Redis or PostgreSQL is started again on the same data', async () => {
  const system = await startFrontrow(dataFolder());
  const book = () => reserve(system.url, { zone: 3, row: 3, count: 1 });
  let booked = 0;
  for (const pattern of [/api\/main/, /workers\/main/, /redis-server|valkey-server/, /bin\/postgres -D/]) {
    const victim = findProcess(system.pid, pattern);
    process.kill(victim, 'SIGKILL');
    await until(() => !isRunning(victim), 5_000);
    await until(async () => (await book()).status === 200, 30_000, system.output);
    booked += 1;
    const restarts = () => system.output().match(/ runs again\./g) ?? [];
    await until(() => restarts().length === booked, 10_000, system.output); // it may take several starts
    expect(Number(await occupied(system.url, '3/3'))).toBeGreaterThanOrEqual(booked);
  }
});
