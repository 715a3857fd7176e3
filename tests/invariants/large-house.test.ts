import { expect, test } from '@jest/globals';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 1, ROWS: 1_000, SEATS_PER_ROW: 65 });

test('a zone of 65,000 sold seats is restored after a wipe', async () => {
  await system().prisma.$executeRaw`
    INSERT INTO seat (event_id, zone, row, number, status, booking_id)
    SELECT 1, 1, row, number, 'SOLD', gen_random_uuid() FROM generate_series(1, 1000) AS row, generate_series(1, 65) AS number`;
  await system().redis.flushdb();
  await system().seats.open(1);
  expect(await system().seats.takenInHouse(1)).toBe(65_000);
  expect(await system().seats.takenInRow(1, 1, 1_000)).toBe(65);
});
