-- Finds the bookings of an event: opening a house, clear and audit read those of one event, among millions of earlier
-- ones. What saves bookings waits while it is built, about half a second for each million. Where that is too
-- long, build it before (docs/deploy.md): then this finds it and does nothing.
CREATE INDEX IF NOT EXISTS "booking_by_event" ON "booking"("event_id");
