-- The ticket that took a seat, where that is not the ticket of its booking. A worker of the version before writes none.
ALTER TABLE "seat" ADD COLUMN "taken_by" UUID;

-- Seats that bookings gave up, and that Redis has yet to free. A row is deleted once it has.
CREATE TABLE "seat_release" (
  "id" UUID NOT NULL DEFAULT gen_random_uuid(),
  "event_id" INTEGER NOT NULL,
  "booking_id" UUID NOT NULL,
  "owner" UUID NOT NULL,
  "user_id" INTEGER,
  "seats" TEXT[] NOT NULL,
  "status" "SeatStatus" NOT NULL,
  "is_part" BOOLEAN NOT NULL,

  CONSTRAINT "seat_release_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "seat_release_by_booking" ON "seat_release"("booking_id");
