-- Lists of bookings, the newest first: of an event and a status, of a user, with a reference.
CREATE INDEX IF NOT EXISTS "booking_by_event_and_status" ON "booking"("event_id", "status", "created_at", "id");
CREATE INDEX IF NOT EXISTS "booking_by_user" ON "booking"("user_id", "created_at", "id") WHERE "user_id" IS NOT NULL;
CREATE INDEX IF NOT EXISTS "booking_by_reference" ON "booking"("reference", "created_at", "id") WHERE "reference" IS NOT NULL;

-- The seats of bookings that ended, each with its event as one more element. Row and booking of a seat that is not free name each
-- other, so a booking that is made writes nothing here.
CREATE INDEX IF NOT EXISTS "booking_ended_seats" ON "booking" USING gin (array_append("seats", "event_id"::text))
WHERE "status" IN ('CANCELLED', 'EXPIRED', 'RETURNED');

DROP INDEX IF EXISTS "booking_by_event";
