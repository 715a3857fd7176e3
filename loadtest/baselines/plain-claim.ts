import { Redis } from 'ioredis';

/** Tries each start of a row with BITFIELD, as the first seed's script does. Returns the first seat's index, or -1. */
const SCRIPT = `
local key, seats_per_row, seats_needed = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
for i = 0, seats_per_row - seats_needed do
  if redis.call('BITFIELD', key, 'GET', 'u' .. seats_needed, i)[1] == 0 then
    for j = 0, seats_needed - 1 do redis.call('SETBIT', key, i + j, 1) end
    return i
  end
end
return -1`;

type WithReserve = Redis & { reserve: (key: string, seatsPerRow: number, count: number) => Promise<number> };

/** Claims over `connections` connections in turn. */
export function createPlainClaim(redisUrl: string, connections: number, seatsPerRow: number) {
  const pool = Array.from({ length: connections }, () => {
    const redis = new Redis(redisUrl);
    redis.defineCommand('reserve', { numberOfKeys: 1, lua: SCRIPT });
    return redis as WithReserve;
  });
  let next = 0;
  return (zone: number, row: number, count: number): Promise<number> => {
    next = (next + 1) % connections;
    return (pool[next] as WithReserve).reserve(`seats:1:${zone}:${row}`, seatsPerRow, count);
  };
}
