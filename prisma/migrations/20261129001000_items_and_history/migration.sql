-- The prices of a booking's seats when they were taken, and the client's own reference and data. All are null in
-- bookings of before, and in those of a worker of the version before that runs beside this one.
ALTER TABLE "booking"
  ADD COLUMN "prices" INTEGER[],
  ADD COLUMN "currency" CHAR(3),
  ADD COLUMN "reference" TEXT,
  ADD COLUMN "metadata" JSONB;

-- Changes of bookings after their creation, each written by the statement that makes it.
CREATE TABLE "booking_change" (
  "id" BIGINT GENERATED ALWAYS AS IDENTITY,
  "ticket_id" UUID,
  "booking_id" UUID NOT NULL,
  "event_id" INTEGER NOT NULL,
  "kind" TEXT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  "by" TEXT,
  "before" JSONB NOT NULL,
  "after" JSONB NOT NULL,

  CONSTRAINT "booking_change_pkey" PRIMARY KEY ("id")
);

-- A change that is delivered again finds its row, and cannot be made twice.
CREATE UNIQUE INDEX "booking_change_ticket_id_key" ON "booking_change"("ticket_id");
CREATE INDEX "booking_change_by_booking" ON "booking_change"("booking_id", "id");
CREATE INDEX "booking_change_by_event" ON "booking_change"("event_id");
