import { randomUUID } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import express from 'express';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { connectPostgres, openPool } from '../../shared/platform/postgres.ts';
import { statementName } from '../../shared/platform/prisma.ts';
import { PrismaClient } from './prisma-client/client.ts';
import { readArgs, serve } from './program.ts';

/**
 * The second seed's design: Express parses the body, `SET NX EX` locks each seat that the client names. Then Prisma
 * finds the seats, creates the PENDING booking and updates the seats. The booking is the answer. Tuned: locks in one
 * round trip, a pool, prepared statements, an index for each query, create and update in one commit.
 */
const POOL = 20;
const LOCK_SECONDS = 600;

const { redisUrl, databaseUrl, zones, rows, seatsPerRow } = readArgs();

/** The tables of lock-and-insert.prisma, with every seat of the house. */
const TABLES = `
CREATE TABLE "Booking" ("id" uuid PRIMARY KEY, "eventId" int NOT NULL, "userId" int NOT NULL, "status" text NOT NULL,
  "createdAt" timestamp(3) NOT NULL DEFAULT now(), "expiresAt" timestamp(3) NOT NULL);
CREATE TABLE "Seat" ("id" int PRIMARY KEY, "eventId" int NOT NULL, "seatNumber" text NOT NULL, "status" text NOT NULL,
  "bookingId" uuid REFERENCES "Booking" ("id"));
INSERT INTO "Seat" SELECT row_number() OVER (), 1, format('%s-%s-%s', zone, seat_row, seat), 'AVAILABLE', NULL
  FROM generate_series(1, ${zones}) zone, generate_series(1, ${rows}) seat_row, generate_series(1, ${seatsPerRow}) seat;
CREATE UNIQUE INDEX ON "Seat" ("eventId", "seatNumber");
ANALYZE`;

const database = await connectPostgres({ connectionString: databaseUrl });
await database.query(TABLES);
await database.query('VACUUM');
await database.end();

const prisma = new PrismaClient({
  adapter: new PrismaPg(openPool({ connectionString: databaseUrl, max: POOL }), {
    statementNameGenerator: ({ sql }) => statementName(sql),
  }),
  // By default Prisma refuses a transaction that waits 2 s for a connection: then the bench would measure refusals.
  transactionOptions: { maxWait: 30_000, timeout: 30_000 },
});
const redis = new Redis(redisUrl);

const wish = z.object({ eventId: z.int(), userId: z.int(), seatNumbers: z.array(z.string()).min(1).max(5) });

/** Locks all seats or none. */
async function lock(keys: string[], owner: number): Promise<boolean> {
  const locked = await Promise.all(keys.map((key) => redis.set(key, owner, 'EX', LOCK_SECONDS, 'NX')));
  if (!locked.includes(null)) return true;
  const lockedKeys = keys.filter((_, i) => locked[i] !== null);
  if (lockedKeys.length > 0) await redis.del(lockedKeys);
  return false;
}

const app = express();
app.use(express.json());
app.post('/api/bookings', async (req, res) => {
  const { eventId, userId, seatNumbers } = wish.parse(req.body);
  const keys = seatNumbers.map((seat) => `lock:${eventId}:${seat}`);
  if (!(await lock(keys, userId))) return void res.status(409).json({ error: 'seat locked' });
  const seats = await prisma.seat.findMany({ where: { eventId, seatNumber: { in: seatNumbers } } });
  if (seats.length !== seatNumbers.length || seats.some(({ status }) => status !== 'AVAILABLE')) {
    await redis.del(keys);
    return void res.status(409).json({ error: 'seat taken' });
  }
  const id = randomUUID();
  const expiresAt = new Date(Date.now() + LOCK_SECONDS * 1000);
  const [booking] = await prisma.$transaction([
    prisma.booking.create({ data: { id, eventId, userId, status: 'PENDING', expiresAt } }),
    prisma.seat.updateMany({
      where: { id: { in: seats.map((seat) => seat.id) } },
      data: { status: 'HELD', bookingId: id },
    }),
  ]);
  res.status(201).json(booking);
});

serve(app);
