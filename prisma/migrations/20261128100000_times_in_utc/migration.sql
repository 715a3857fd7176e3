-- Mends times that were written while a session's zone was not UTC. Prisma's adapter sends a time as UTC without an offset, and
-- PostgreSQL took it in the session's zone. Only these two columns were written so: everything else is written by SQL's own clock.
-- What was sent is what the time reads in that zone. (A time that its clocks skip in spring was moved by an hour when it was
-- written, and stays so.) Nothing changes where the zone was UTC.
--
-- The old sessions set no zone, so theirs is what this session starts with. An embedded server is started with timezone=UTC now,
-- and with its cluster's own zone, which the old sessions had, beside it (shared/platform/embedded/postgres.ts).
RESET TimeZone;

UPDATE "event" SET
  "created_at" = "created_at" AT TIME ZONE old.zone AT TIME ZONE 'UTC',
  "on_sale_at" = "on_sale_at" AT TIME ZONE old.zone AT TIME ZONE 'UTC'
FROM (
  SELECT CASE source WHEN 'command line' THEN coalesce(current_setting('frontrow.cluster_zone', true), setting) ELSE setting END AS zone
  FROM pg_settings WHERE name = 'TimeZone'
) AS old;

SET TimeZone = 'UTC';
