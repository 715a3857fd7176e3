-- AlterTable
ALTER TABLE "event" ADD COLUMN "hold_seconds" INTEGER NOT NULL DEFAULT 600,
ADD COLUMN "max_hold_seconds" INTEGER NOT NULL DEFAULT 1800;

-- AlterTable
ALTER TABLE "booking" ADD COLUMN "user_id" INTEGER,
ADD COLUMN "expires_at" TIMESTAMPTZ(3),
ADD COLUMN "payment_reference" TEXT,
ADD COLUMN "released_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "app_user" (
    "id" INTEGER NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,

    CONSTRAINT "app_user_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "app_user_email_key" ON "app_user"("email");

-- CreateIndex
CREATE UNIQUE INDEX "booking_payment_reference_key" ON "booking"("payment_reference");

-- Holds by when they run out, and ended holds whose seats Redis has yet to free. Prisma does not know partial indexes.
CREATE INDEX "booking_running_out" ON "booking"("expires_at") WHERE "status" = 'PENDING';
CREATE INDEX "booking_to_release" ON "booking"("id") WHERE "status" IN ('CANCELLED', 'EXPIRED') AND "released_at" IS NULL;
