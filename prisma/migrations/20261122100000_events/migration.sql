-- AlterEnum
ALTER TYPE "SeatStatus" ADD VALUE 'BLOCKED';

-- AlterTable. The default event has number 1, the demonstration's users 1 to 100: what is created gets later numbers.
CREATE SEQUENCE "event_id_seq" AS INTEGER START 2 OWNED BY "event"."id";
ALTER TABLE "event" ALTER COLUMN "id" SET DEFAULT nextval('event_id_seq'),
ADD COLUMN "currency" CHAR(3) NOT NULL DEFAULT 'EUR',
ADD COLUMN "on_sale_at" TIMESTAMPTZ(3),
ADD COLUMN "sales_paused" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN "seat_limit" INTEGER,
ADD COLUMN "avoid_singles" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "zone" ADD COLUMN "price" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
CREATE SEQUENCE "app_user_id_seq" AS INTEGER START 101 OWNED BY "app_user"."id";
ALTER TABLE "app_user" ALTER COLUMN "id" SET DEFAULT nextval('app_user_id_seq'),
ALTER COLUMN "email" DROP NOT NULL,
ADD COLUMN "password_hash" TEXT,
ADD COLUMN "subject" TEXT;

-- CreateIndex
CREATE UNIQUE INDEX "app_user_subject_key" ON "app_user"("subject");

-- AlterTable
ALTER TABLE "booking" ADD COLUMN "idempotency_key" TEXT,
ADD COLUMN "request_fingerprint" TEXT;

-- One key of one user (or of nobody) books once in an event. Prisma does not know partial indexes.
CREATE UNIQUE INDEX "booking_idempotency" ON "booking"("event_id", "idempotency_key", "user_id") NULLS NOT DISTINCT
WHERE "idempotency_key" IS NOT NULL;

-- CreateTable
CREATE TABLE "buyer" (
    "event_id" INTEGER NOT NULL,
    "user_id" INTEGER NOT NULL,
    "seats" INTEGER NOT NULL,
    "seat_limit" INTEGER,

    CONSTRAINT "buyer_pkey" PRIMARY KEY ("event_id","user_id"),
    CONSTRAINT "buyer_seats_check" CHECK ("seats" >= 0),
    CONSTRAINT "buyer_limit_check" CHECK ("seat_limit" IS NULL OR "seats" <= "seat_limit")
);

-- Who has seats already is counted.
INSERT INTO "buyer" ("event_id", "user_id", "seats")
SELECT "event_id", "user_id", sum(cardinality("seats")) FROM "booking"
WHERE "user_id" IS NOT NULL AND "status" IN ('PENDING', 'CONFIRMED') GROUP BY "event_id", "user_id";
