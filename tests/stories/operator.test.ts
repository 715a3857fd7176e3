import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { startPool } from '../../commands/supervise/pool.ts';
import { createSupervisor } from '../../commands/supervise/supervisor.ts';
import { createWorkersStore } from '../../shared/stores/redis/workers.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const TOKEN = 'an-admin-token-of-at-least-32-characters';
const system = useSystem({ ADMIN_TOKEN: TOKEN, SHARDS: 3, ZONES: 3, ROWS: 4, SEATS_PER_ROW: 10 });
const asOperator = { authorization: `Bearer ${TOKEN}` };
const call = (method: string, path: string, headers?: Record<string, string>) =>
  send(system().url, method, path, undefined, headers);

describe('an operator', () => {
  test('initializes an event, and its sold seats stay sold', async () => {
    await send(system().url, 'POST', '/reserve?wait=10', { zone: 1, row: 1, count: 3 });
    const { status, body } = await call('POST', '/initialize', asOperator);
    expect(status).toBe(201);
    expect(body).toEqual({ message: expect.any(String), totalKeys: 12, totalSeats: 120 });
    expect((await call('GET', '/occupancy/1/1')).body.occupied).toBe(3);
  });

  test('clears an event, in PostgreSQL too', async () => {
    await send(system().url, 'POST', '/reserve?wait=10', { zone: 1, row: 1, count: 3 });
    const { status, body } = await call('POST', '/clear', asOperator);
    expect(status).toBe(201);
    expect(body).toEqual({ message: expect.any(String) });
    const clearWith = (body: object) => send(system().url, 'POST', '/clear', body, asOperator);
    // A confirmation that is sent must be right.
    const wrong = await clearWith({ confirm: 'delete all bookings of event 85' });
    expect(wrong).toMatchObject({ status: 409, body: { code: 'INVALID_REQUEST' } });
    expect(await clearWith({ confirm: 'delete all bookings of event 1' })).toMatchObject({ status: 201 });
    expect((await call('GET', '/availability/check-all')).body).toMatchObject({
      occupiedSeats: 0,
      availableSeats: 120,
    });
    expect(await system().prisma.seat.count()).toBe(0);
    expect(await system().prisma.booking.count()).toBe(0);
    const afterwards = await send(system().url, 'POST', '/reserve?wait=10', { zone: 1, row: 1, start: 0, count: 5 });
    expect(afterwards.status).toBe(200);
  });

  test('clears once with one idempotency key: later sales stay', async () => {
    const headers = { ...asOperator, 'idempotency-key': 'the clear before the rehearsal' };
    const [first, second] = await Promise.all([call('POST', '/clear', headers), call('POST', '/clear', headers)]);
    expect([first.status, second.status]).toEqual([201, 201]);
    await send(system().url, 'POST', '/reserve?wait=10', { count: 1 });
    expect(await call('POST', '/clear', headers)).toMatchObject({ status: 201 });
    expect(await system().prisma.seat.count()).toBe(1);
    const mismatch = await call('POST', '/initialize', headers);
    expect(mismatch).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_MISMATCH' } });
  });

  test.each(['/initialize', '/clear'])('needs the admin token at %s', async (path) => {
    expect(await call('POST', path)).toMatchObject({ status: 409, body: { code: 'UNAUTHENTICATED' } });
    const wrong = { authorization: `Bearer ${TOKEN}x` };
    expect(await call('POST', path, wrong)).toMatchObject({ status: 409, body: { code: 'FORBIDDEN' } });
  });
});

describe('an operator of a running system', () => {
  const seats = { seatsInPostgres: 3, seatsInRedis: 3, bookings: 1 };
  const withDoubt = { seatsInPostgres: 4, seatsInRedis: 4, bookings: 1 };
  const bits = '{s0}:seats:1:1:2';

  test('audits, reads each difference, and rebuilds, which blocks a seat that only Redis had as taken', async () => {
    await call('POST', '/clear', asOperator);
    await send(system().url, 'POST', '/reserve?wait=10', { zone: 1, row: 1, count: 3 });
    const sound = { eventId: 1, ...seats, differences: 0, listed: [] };
    expect((await call('POST', '/admin/audit', asOperator)).body).toEqual({ events: [sound] });

    const [key] = await system().redis.keys(bits.replace('s0', 's*'));
    await system().redis.setbit(key ?? '', 4, 1);
    const { status, body } = await call('POST', '/admin/audit?eventId=1', asOperator);
    const stray = { what: 'bit too many', where: '1-2-5' };
    expect(status).toBe(200);
    expect(body).toMatchObject({ events: [{ eventId: 1, listed: expect.arrayContaining([stray]) }] });
    const page = await (await fetch(`${system().url}/metrics`)).text();
    expect(page).toMatch(/^frontrow_audit_differences_total [1-9]/m); // an alert reads this metric

    const rebuilt = await call('POST', '/admin/rebuild?eventId=1', asOperator);
    expect(rebuilt).toMatchObject({ status: 200, body: { events: [{ eventId: 1, rows: 12, seats: 120 }] } });
    expect((await call('POST', '/admin/audit', asOperator)).body).toEqual({ events: [{ ...sound, ...withDoubt }] });
    expect(await system().blocks.inDoubt(1)).toEqual(['1-2-5']);
  });

  test.each(['/admin/audit', '/admin/rebuild'])('needs the admin token and an existing event at %s', async (path) => {
    expect(await call('POST', path)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    const nowhere = await call('POST', `${path}?eventId=99`, asOperator);
    expect(nowhere).toMatchObject({ status: 404, body: { code: 'EVENT_UNKNOWN' } });
    const strange = await call('POST', `${path}?eventId=all`, asOperator);
    expect(strange).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  });
});

describe('an operator who sets the number of workers', () => {
  const workers = (method: string, body?: unknown) =>
    send(system().url, method, '/admin/workers', body, asOperator).then(
      ({ status, body: answer }): Record<string, unknown> => ({ ...answer, status }),
    );

  test('reads which workers run, sets a number, and returns it to automatic', async () => {
    const automatic = { status: 200, alive: 1, asked: 'auto' };
    expect(await workers('GET')).toMatchObject(automatic);
    expect(await workers('POST', { processes: 3 })).toEqual({ status: 200, alive: 1, desired: 3, asked: 3 });
    await sleep(1_500); // the next measurement of load must not change it
    expect(await workers('GET')).toEqual({ status: 200, alive: 1, desired: 3, asked: 3 });
    expect(await workers('POST', { processes: 'auto' })).toMatchObject(automatic);
    await until(async () => (await workers('GET')).desired === 1, 5_000);
  });

  test.each([
    {},
    { processes: 0 },
    { processes: 65 },
    { processes: 1.5 },
    { processes: '4' },
    { processes: 2, min: 1 },
  ])('is refused %j', async (body) => {
    expect(await workers('POST', body)).toMatchObject({ status: 400, code: 'INVALID_REQUEST' });
  });

  test.each(['GET', 'POST'])('needs the admin token: %s', async (method) => {
    expect(await call(method, '/admin/workers')).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
  });

  test('reads that a worker has ended', async () => {
    await system().stopWorkers();
    expect(await workers('GET')).toMatchObject({ alive: 0 });
    await system().resumeWorkers();
    expect(await workers('GET')).toMatchObject({ alive: 1 });
  });
});

describe('a supervisor', () => {
  /** Starts a supervisor as `npm run workers` does, with child processes that are no workers. */
  async function begin(processes: number) {
    const stopping = new AbortController();
    const supervisor = createSupervisor(() => undefined);
    let running = 0;
    const startWorker = async () => {
      running += 1;
      let end = (_how: string) => {};
      const exited = new Promise<string>((resolve) => {
        end = resolve;
      });
      return {
        exited,
        async stop() {
          running -= 1;
          end('SIGTERM');
        },
      };
    };
    const startedAt = performance.now();
    const { leader } = await startPool({
      supervisor,
      workers: createWorkersStore({ redis: system().redisShards, shards: 3 }),
      startWorker,
      processes,
      bounds: { min: 1, max: 4 },
      force: false,
      stopping: stopping.signal,
      report: () => undefined,
    });
    const stop = () => {
      stopping.abort();
      return supervisor.stop([], []);
    };
    return { leader, seconds: (performance.now() - startedAt) / 1000, running: () => running, stop };
  }

  test('takes over an expired lead; another instance passes it the number within two seconds', async () => {
    await system().redis.set('{s0}:supervisor', 'one that was killed', 'PX', 700);
    const first = await begin(2);
    expect(first).toMatchObject({ leader: true });
    expect(first.running()).toBe(2);

    const second = await begin(3);
    expect(second.leader).toBe(false);
    expect(second.seconds).toBeLessThan(3); // a lead lasts 5 s
    await until(() => first.running() === 3, 5_000);
    expect(second.running()).toBe(0);

    await first.stop();
    await until(() => second.running() === 3, 5_000);
    expect(first.running()).toBe(0);
    await second.stop();
  });
});

test('the figures need no token', async () => {
  const { status, body } = await call('GET', '/stats');
  expect(status).toBe(200);
  expect(body).toEqual({
    memoryUsed: expect.stringMatching(/^\d+\.\d\d [KMG]B$/),
    totalKeys: expect.any(Number),
    seatKeys: 12,
    estimatedSizePerKey: expect.any(Number),
  });
});

test('health and readiness are reported', async () => {
  expect(await call('GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
  const ready = { status: 'ok', redis: 'ok', loops: 'ok' };
  expect(await call('GET', '/readyz')).toMatchObject({ status: 200, body: ready });
});
