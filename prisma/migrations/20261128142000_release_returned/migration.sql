-- Ended bookings whose seats Redis has yet to free, returned ones too. It reads the table once, and what saves bookings
-- waits that long. The index of before goes in a migration of its own, which needs another lock.
CREATE INDEX "booking_to_free" ON "booking"("id") WHERE "status" IN ('CANCELLED', 'EXPIRED', 'RETURNED') AND "released_at" IS NULL;
