import express from 'express';
import { Redis } from 'ioredis';

/**
 * The first seed's design, written plainly: Express parses the body, one of 20 pooled connections runs one script that
 * tries each start with BITFIELD, the answer goes out at once. Nothing is saved anywhere but in Redis.
 *
 *   node build/loadtest/baselines/sync-lua.js <redis url> <port> <seats in a row>
 */
const [redisUrl = '', port = '0', seatsPerRow = '65'] = process.argv.slice(2);

const POOL = 20;
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

const pool = Array.from({ length: POOL }, () => {
  const redis = new Redis(redisUrl);
  redis.defineCommand('reserve', { numberOfKeys: 1, lua: SCRIPT });
  return redis as WithReserve;
});
let turn = 0;

const app = express();
app.use(express.json());
app.post('/reserve', async (req, res) => {
  const { zone, row, count } = req.body as { zone: unknown; row: unknown; count: unknown };
  if (!Number.isInteger(zone) || !Number.isInteger(row) || !Number.isInteger(count)) {
    return void res.status(409).json({ error: 'bad input' });
  }
  turn = (turn + 1) % POOL;
  const startIndex = await (pool[turn] as WithReserve).reserve(
    `seats:1:${zone}:${row}`,
    Number(seatsPerRow),
    Number(count),
  );
  if (startIndex < 0) return void res.status(409).json({ error: 'no seats', zone, row, count });
  res.status(201).json({ zone, row, startIndex, seatsCount: count });
});

const server = app.listen(Number(port), '127.0.0.1', () =>
  process.send?.({ port: (server.address() as { port: number }).port }),
);
process.on('disconnect', () => process.exit(0));
