import { expect, test } from '@jest/globals';
import type { ScriptName } from '../../shared/stores/redis/scripts.ts';
import { statusesOf } from '../../shared/stores/redis/seat-bitmaps.ts';
import { createHouseOpener } from '../../shared/stores/restore-house.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 1, ROWS: 1_000, SEATS_PER_ROW: 65 });

test('a zone of 65,000 sold seats is restored after a wipe', async () => {
  await system().prisma.$executeRaw`
    INSERT INTO seat (event_id, zone, row, number, status, booking_id)
    SELECT 1, 1, row, number, 'SOLD', gen_random_uuid()
    FROM generate_series(1, 1000) AS row, generate_series(1, 65) AS number`;
  await system().redis.flushdb();
  await system().seats.open(1);
  const house = await system().seats.open(1);
  const counts = await system().seats.countsByZone(house);
  expect(counts.get(1)).toEqual({ total: 65_000, available: 0, held: 0, sold: 65_000, blocked: 0 });
  const [zone] = house.zones;
  if (zone === undefined) throw new Error('no zone');
  const { rows } = await system().seats.readRows(1, [{ zone, row: 1_000 }]);
  expect(rows.flatMap(statusesOf)).toEqual(new Array(65).fill('SOLD'));
});

test('a house is whole although Redis was wiped while it was restored', async () => {
  const { scripts, redis, redisShards } = system();
  let slices = 0;
  const wipingScripts = async <Reply>(name: ScriptName, shard: number, args: readonly (string | number)[]) => {
    if (name === 'restoreRows') slices += 1;
    if (name === 'restoreRows' && slices === 2) await redis.flushdb();
    return scripts<Reply>(name, shard, args);
  };
  await redis.flushdb();
  const opener = createHouseOpener({ ...system(), redis: redisShards, scripts: wipingScripts, shards: 1 });
  const house = await opener.open(1);
  expect((await system().seats.countsByZone(house)).get(1)).toMatchObject({ sold: 65_000 });
  expect(await redis.exists('{s0}:restoring:1')).toBe(0);
});
