-- CreateEnum
CREATE TYPE "BookingStatus" AS ENUM ('PENDING', 'CONFIRMED', 'CANCELLED', 'EXPIRED');

-- CreateEnum
CREATE TYPE "SeatStatus" AS ENUM ('HELD', 'SOLD');

-- CreateTable
CREATE TABLE "event" (
    "id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "zone" (
    "event_id" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "rows" INTEGER NOT NULL,
    "seats_per_row" INTEGER NOT NULL,

    CONSTRAINT "zone_pkey" PRIMARY KEY ("event_id","number")
);

-- CreateTable
CREATE TABLE "booking" (
    "id" UUID NOT NULL,
    "event_id" INTEGER NOT NULL,
    "status" "BookingStatus" NOT NULL,
    "seats" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "booking_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "seat" (
    "event_id" INTEGER NOT NULL,
    "zone" INTEGER NOT NULL,
    "row" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "status" "SeatStatus" NOT NULL,
    "booking_id" UUID NOT NULL,

    CONSTRAINT "seat_pkey" PRIMARY KEY ("event_id","zone","row","number")
);

-- AddForeignKey
ALTER TABLE "zone" ADD CONSTRAINT "zone_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "event"("id") ON DELETE CASCADE ON UPDATE CASCADE;
