import { expect, test } from '@jest/globals';
import { auditEvent } from '../../shared/stores/audit.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 2, ROWS: 3, SEATS_PER_ROW: 10 });

const post = (path: string, body: unknown) => send(system().url, 'POST', path, body);
const hold = (eventId: unknown, wish: object = { count: 1 }) =>
  post('/api/bookings?wait=20', { eventId, userId: 1, ...wish });

test('a worker among 300 events decides its first job before it has opened all houses', async () => {
  const { prisma, redis } = system();
  await system().stopWorkers();
  const [last] = await prisma.$queryRaw<{ id: number }[]>`
    WITH created AS (INSERT INTO event (name) SELECT 'Night ' || n FROM generate_series(1, 300) AS n RETURNING id),
      zoned AS (INSERT INTO zone (event_id, number, rows, seats_per_row) SELECT id, 1, 2, 10 FROM created)
    SELECT max(id) AS id FROM created`;
  await redis.flushdb();
  const held = hold(last?.id);
  await system().resumeWorkers();
  expect(await held).toMatchObject({ status: 201, body: { eventId: last?.id } });
  expect((await redis.keys('{s0}:house:*')).length).toBeLessThan(150);
  // The others are opened in the background.
  await until(async () => (await redis.keys('{s0}:house:*')).length === 301, 60_000);
});

test('the bookings of an event are found among those of all others without a scan', async () => {
  const { prisma, seats, holds } = system();
  const [other] = await prisma.$queryRaw<{ id: number }[]>`INSERT INTO event (name) VALUES ('Sold') RETURNING id`;
  await prisma.$executeRaw`
    INSERT INTO booking (id, event_id, status, seats, user_id)
    SELECT gen_random_uuid(), ${other?.id}::int, 'CONFIRMED', ARRAY['1-1-' || n], 1
    FROM generate_series(1, 100000) AS n`;
  await prisma.$executeRaw`ANALYZE booking`;
  /** Bookings that scans of the whole table have read. */
  const scanned = async (): Promise<number> => {
    await prisma.$executeRaw`SELECT pg_stat_force_next_flush()`;
    const [table] = await prisma.$queryRaw<{ rows: number }[]>`
      SELECT seq_tup_read::int AS rows FROM pg_stat_user_tables WHERE relname = 'booking'`;
    return table?.rows ?? 0;
  };
  const { body } = await post('/api/events', { name: 'Next', seatLimit: 4, zones: [{ rows: 1, seatsPerRow: 10 }] });
  const before = await scanned();
  await hold(body.id);
  await seats.rebuild(Number(body.id));
  await holds.unreleasedSeats(Number(body.id), ['1-1-1']);
  await auditEvent(Number(body.id), system());
  await prisma.$transaction((transaction) => system().events.clear(Number(body.id), 1, transaction));
  expect((await scanned()) - before).toBeLessThan(100_000);
});
