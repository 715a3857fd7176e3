import { type Client, connectPostgres } from '../../../shared/platform/postgres.ts';

/** The records that are made. Whatever is rare or frequent is so by a share of the bookings. */
export type Records = { rows: number; events: number };

/** Bookings that were saved in one statement, and so have one time. */
const SAVED_AT_ONCE = 40;

/** Bookings that one statement inserts here: whole batches, and rows of seats. */
const INSERTED = 100_000;

/** Seats in a row, and rows in a zone, of each house. */
export const HOUSE = { ROWS: 1_000, SEATS_PER_ROW: 100 };

/** A buyer whose bookings are many, as a shop's own account is, and one who has a few. */
export const FREQUENT_BUYER = { id: 1_000_000_000, buyer: 'box office' };
export const RARE_BUYER = { id: 1_000_000_001, buyer: 'Ann' };

/** A reference that many bookings share. Others have one of their own: `basket N`. */
export const FREQUENT_REFERENCE = 'web shop';

/** The seat of each event that ended bookings had, one after another. */
export const HOT_SEAT = '1-1-1';

/**
 * Inserts bookings over a year. Half of them belong to one event, the others to the other events alike. Six of ten are
 * sold, the others ended or are held; one of 10,000 was returned, one of 20 has the frequent buyer, and a third has the
 * frequent reference.
 */
const INSERT = `
  WITH made AS MATERIALIZED (
    SELECT
      n, CASE WHEN n % 2 = 0 THEN 1 ELSE 1 + n / 2 % $3::int END AS event_id,
      CASE
        WHEN n % 10000 = 5000 THEN 'RETURNED'
        WHEN n % 100 < 60 THEN 'CONFIRMED'
        WHEN n % 100 < 85 THEN 'EXPIRED'
        WHEN n % 100 < 99 THEN 'CANCELLED'
        ELSE 'PENDING'
      END::"BookingStatus" AS status,
      now() - interval '1 year' + n / ${SAVED_AT_ONCE} * (interval '365 days' / ($4::int / ${SAVED_AT_ONCE} + 1)) AS at
    FROM generate_series($1::int, $2::int) AS n
  ), placed AS (
    SELECT
      *, 1 + n / ${HOUSE.ROWS * HOUSE.SEATS_PER_ROW} AS zone, 1 + n / ${HOUSE.SEATS_PER_ROW} % ${HOUSE.ROWS} AS row,
      1 + n % ${HOUSE.SEATS_PER_ROW} AS number, status IN ('CONFIRMED', 'PENDING') AS is_live
    FROM made
  ), booked AS (
    INSERT INTO booking (
      id, event_id, status, seats, user_id, created_at, expires_at, released_at, payment_reference, idempotency_key,
      request_fingerprint, prices, currency, reference)
    SELECT
      (lpad(to_hex((extract(epoch FROM at) * 64000)::bigint), 12, '0') || '8000a' || lpad(to_hex(n), 15, '0'))::uuid,
      event_id, status,
      ARRAY[CASE WHEN is_live OR n % 1000 <> 70 THEN concat_ws('-', zone, row, number) ELSE '${HOT_SEAT}' END],
      CASE
        WHEN n % 20 = 3 THEN ${FREQUENT_BUYER.id}
        WHEN n % 50000 = 17 THEN ${RARE_BUYER.id}
        WHEN n % 10 > 0 THEN 1 + n % 10000
      END,
      at, CASE WHEN status = 'PENDING' THEN now() + interval '1 day' END,
      CASE WHEN NOT is_live THEN at + interval '11 minutes' END,
      CASE WHEN status = 'CONFIRMED' THEN 'payment ' || n END, md5(n::text), md5(n::text), ARRAY[9000], 'EUR',
      CASE WHEN n % 3 = 0 THEN '${FREQUENT_REFERENCE}' WHEN n % 3 = 1 THEN 'basket ' || n END
    FROM placed
    RETURNING id, event_id, seats, status
  )
  INSERT INTO seat (event_id, zone, row, number, status, booking_id)
  SELECT
    event_id, split_part(seats[1], '-', 1)::int, split_part(seats[1], '-', 2)::int, split_part(seats[1], '-', 3)::int,
    CASE WHEN status = 'PENDING' THEN 'HELD' ELSE 'SOLD' END::"SeatStatus", id
  FROM booked WHERE status IN ('CONFIRMED', 'PENDING')`;

async function insertEvents(sql: Client, { rows, events }: Records): Promise<void> {
  await sql.query("INSERT INTO event (name) SELECT 'Night ' || n FROM generate_series(2, $1::int) AS n", [events]);
  await sql.query(
    `INSERT INTO zone (event_id, number, rows, seats_per_row, price)
    SELECT event.id, number, $2::int, $3::int, 9000 FROM event, generate_series(1, $1::int) AS number
    ON CONFLICT DO NOTHING`,
    [Math.ceil(rows / HOUSE.ROWS / HOUSE.SEATS_PER_ROW), HOUSE.ROWS, HOUSE.SEATS_PER_ROW],
  );
}

/** Fills a prepared database with events, buyers and their bookings. */
export async function fillRecords(
  databaseUrl: string,
  records: Records,
  progress: (line: string) => void,
): Promise<void> {
  const sql = await connectPostgres({ connectionString: databaseUrl });
  try {
    await insertEvents(sql, records);
    for (const { id, buyer } of [FREQUENT_BUYER, RARE_BUYER])
      await sql.query("INSERT INTO app_user (id, buyer, name) VALUES ($1, $2, '')", [id, buyer]);
    for (let from = 0; from < records.rows; from += INSERTED) {
      const last = Math.min(from + INSERTED, records.rows) - 1;
      await sql.query(INSERT, [from, last, records.events, records.rows]);
      progress(`${last + 1} bookings are inserted`);
    }
    await sql.query('VACUUM (ANALYZE)'); // else autovacuum does it while something is measured
    await sql.query('CHECKPOINT');
  } finally {
    await sql.end();
  }
}
