import express from 'express';
import { createPlainClaim } from './plain-claim.ts';
import { readArgs, serve } from './program.ts';

/**
 * The first seed's design in plain form: Express parses the body, one of 20 pooled connections runs one script that
 * tries each start with BITFIELD, and the answer goes out at once. Nothing is saved outside Redis.
 */
const POOL = 20;

const { redisUrl, seatsPerRow } = readArgs();
const claim = createPlainClaim(redisUrl, POOL, seatsPerRow);

const app = express();
app.use(express.json());
app.post('/reserve', async (req, res) => {
  const { zone, row, count } = req.body as { zone: unknown; row: unknown; count: unknown };
  if (!Number.isInteger(zone) || !Number.isInteger(row) || !Number.isInteger(count)) {
    return void res.status(409).json({ error: 'bad input' });
  }
  const startIndex = await claim(Number(zone), Number(row), Number(count));
  if (startIndex < 0) return void res.status(409).json({ error: 'no seats', zone, row, count });
  res.status(201).json({ zone, row, startIndex, seatsCount: count });
});

serve(app);
