import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { createLogger } from './logger.ts';

function createLog() {
  const lines: string[] = [];
  const log = createLogger({ LOG_LEVEL: 'info' }, 'test', { write: (line) => void lines.push(line) });
  return { log, read: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test('a fault that repeats has its first line at once, and one a second later that counts the others', async () => {
  const { log, read } = createLog();
  for (let i = 0; i < 500; i += 1)
    log.error({ path: `/api/tickets/${i}`, fault: `no answer in ${i} ms` }, 'request failed');
  expect(read()).toEqual([expect.objectContaining({ path: '/api/tickets/0', msg: 'request failed' })]);
  while (read().length < 2) await sleep(50);
  expect(read()[1]).toMatchObject({ path: '/api/tickets/499', repeats: 499, level: 50 });
  await sleep(1_100);
  log.error({ fault: 'no answer in 7 ms' }, 'request failed'); // a second without it: it is the first again
  expect(read()).toHaveLength(3);
  expect(read()[2]).not.toHaveProperty('repeats');
});

test('kinds that differ in message, level, code, route or the words of the fault keep their own first line', () => {
  const { log, read } = createLog();
  for (let i = 0; i < 3; i += 1) {
    log.warn({ fault: 'ECONNREFUSED' }, 'redis');
    log.error({ fault: 'ECONNREFUSED' }, 'redis');
    log.warn({ fault: 'NOAUTH' }, 'redis');
    log.warn({ code: 'UNAVAILABLE', route: '/reserve' }, 'request failed');
    log.warn({ code: 'INTERNAL', route: '/reserve' }, 'request failed');
    log.warn({ code: 'INTERNAL', route: '/api/tickets/:id' }, 'request failed');
    log.warn({ err: new TypeError('no such thing') }, 'request failed');
    log.warn(new RangeError('no such thing'), 'request failed');
    log.warn('AUTH=off');
  }
  expect(read()).toHaveLength(9);
});

test('a line without a fault is not gathered', () => {
  const { log, read } = createLog();
  for (let i = 0; i < 3; i += 1) log.info({ i }, 'ready');
  expect(read()).toHaveLength(3);
});
