import { Prisma } from '../../platform/prisma-client/client.ts';

/** The seats that a change concerns, `touched` of the bookings in the CTE `changed`, one row a seat. */
const changedSeats = Prisma.sql`
  SELECT id, event_id, split_part(label, '-', 1)::int AS zone, split_part(label, '-', 2)::int AS row,
    split_part(label, '-', 3)::int AS number
  FROM changed CROSS JOIN LATERAL unnest(touched) AS label`;

/**
 * The row locations of these seats, each found by its primary key: PostgreSQL's own plan sometimes compares every seat
 * of the house with every changed seat, for seconds. The rows cannot move meanwhile: the statement has locked their
 * bookings.
 */
const rowLocations = Prisma.sql`
  SELECT place.ctid FROM changed_seat AS c CROSS JOIN LATERAL (
    SELECT seat.ctid FROM seat
    WHERE seat.event_id = c.event_id AND seat.zone = c.zone AND seat.row = c.row AND seat.number = c.number
      AND seat.booking_id = c.id
    LIMIT 1
  ) AS place`;

/** The ticket that took a seat, a row of `seat` in the statement. */
export const seatOwner = Prisma.sql`coalesce(seat.taken_by, seat.booking_id)`;

/** Set of a booking that ends: its seats are in `seat_release`, and no worker of the version before looks for them. */
export const markEnded = Prisma.sql`released_at = clock_timestamp()`;

/**
 * CTEs after `changed`, bookings that end or give up seats, `touched`, where `is_part` says that they keep others:
 * takes the seats off them, lowers the counts of their buyers, and leaves it to a release to free them in Redis.
 */
export const freeSeats = Prisma.sql`
  changed_seat AS (${changedSeats}
  ), freed AS (
    DELETE FROM seat WHERE ctid = ANY(ARRAY(${rowLocations}))
    RETURNING booking_id, ${seatOwner} AS owner, status, concat_ws('-', zone, row, number) AS label
  ), to_free AS (
    INSERT INTO seat_release (event_id, booking_id, owner, user_id, seats, status, is_part)
    SELECT changed.event_id, changed.id, freed.owner, changed.user_id, array_agg(freed.label), freed.status,
      changed.is_part
    FROM changed JOIN freed ON freed.booking_id = changed.id
    GROUP BY changed.event_id, changed.id, freed.owner, changed.user_id, freed.status, changed.is_part
  ), fewer AS (
    SELECT event_id, user_id, sum(cardinality(touched))::int AS seats FROM changed
    WHERE user_id IS NOT NULL GROUP BY event_id, user_id
  ), locked_buyer AS MATERIALIZED (
    SELECT buyer.event_id, buyer.user_id, fewer.seats AS fewer FROM buyer JOIN fewer USING (event_id, user_id)
    ORDER BY buyer.event_id, buyer.user_id FOR UPDATE OF buyer
  ), uncounted AS (
    UPDATE buyer SET seats = buyer.seats - l.fewer FROM locked_buyer AS l
    WHERE buyer.event_id = l.event_id AND buyer.user_id = l.user_id
  )`;

/** CTEs after `changed`, holds that a statement confirms: marks their seats as sold. */
export const sellSeats = Prisma.sql`
  changed_seat AS (${changedSeats}
  ), sold AS (
    UPDATE seat SET status = 'SOLD' WHERE ctid = ANY(ARRAY(${rowLocations}))
  )`;
