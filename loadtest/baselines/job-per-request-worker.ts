import { Worker } from 'bullmq';
import { openPool } from '../../shared/platform/postgres.ts';
import { type BookingJob, openQueueRedis, QUEUE } from './job-per-request-queue.ts';
import { createPlainClaim } from './plain-claim.ts';
import { readArgs } from './program.ts';

/**
 * The worker of the usual BullMQ design: 50 jobs at once, each one claim and one insert. Tuned: the insert is a
 * prepared statement over a pool, of one row with one index.
 */
const CONCURRENCY = 50;
const POOL = 20;
const CLAIM_CONNECTIONS = 4;

const { redisUrl, databaseUrl, seatsPerRow } = readArgs();
const claim = createPlainClaim(redisUrl, CLAIM_CONNECTIONS, seatsPerRow);
const database = openPool({ connectionString: databaseUrl, max: POOL });
await database.query(`CREATE TABLE booking (id uuid PRIMARY KEY, zone int NOT NULL, seat_row int NOT NULL,
  start_index int NOT NULL, seats_count int NOT NULL, created_at timestamptz NOT NULL DEFAULT now())`);

const insert = {
  name: 'insert-booking',
  text: 'INSERT INTO booking (id, zone, seat_row, start_index, seats_count) VALUES ($1, $2, $3, $4, $5)',
};

const worker = new Worker<BookingJob, number>(
  QUEUE,
  async ({ id, data: { zone, row, count } }) => {
    const startIndex = await claim(zone, row, count);
    if (startIndex >= 0) await database.query({ ...insert, values: [id, zone, row, startIndex, count] });
    return startIndex;
  },
  { connection: openQueueRedis(redisUrl), skipVersionCheck: true, concurrency: CONCURRENCY },
);
worker.on('error', (fault) => console.error(fault));
worker.on('failed', (job, fault) => console.error(job?.id, fault));

await worker.waitUntilReady();
process.send?.({});
