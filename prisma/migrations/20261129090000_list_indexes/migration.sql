-- Lists of bookings, the newest first: of all and of an event, by status. No time is null: the place of nulls keeps PostgreSQL from the
-- first index where it should take the second. Bookings that are saved in one statement have one time and
-- share an entry, so these two are smaller than the one before, whose entries had the id too. Where what saves bookings cannot
-- wait for a second for each million, build them before (docs/deploy.md): then this finds them and does nothing.
CREATE INDEX IF NOT EXISTS "booking_by_status_and_time" ON "booking"("status", "created_at" NULLS FIRST);
CREATE INDEX IF NOT EXISTS "booking_by_event_status_and_time" ON "booking"("event_id", "status", "created_at");
