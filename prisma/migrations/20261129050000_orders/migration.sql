-- Orders: each payment that was told, and what became of it.
CREATE TYPE "OrderStatus" AS ENUM ('OPEN', 'PAID', 'REFUND_DUE', 'REFUNDED');

CREATE TABLE "orders" (
  "id" UUID NOT NULL,
  "payer" INTEGER,
  "payment_reference" TEXT NOT NULL,
  "booking_ids" UUID[] NOT NULL,
  "amount" BIGINT,
  "told_currency" CHAR(3),
  "told_by" TEXT,
  "status" "OrderStatus" NOT NULL DEFAULT 'OPEN',
  "code" TEXT,
  "event_id" INTEGER,
  "user_id" INTEGER,
  "currency" CHAR(3),
  "total" BIGINT,
  "refund_due" BIGINT,
  "refunded" BIGINT NOT NULL DEFAULT 0,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  "decided_at" TIMESTAMPTZ(3),

  CONSTRAINT "orders_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "orders_money_check" CHECK ("refund_due" >= 0 AND "refunded" >= 0)
);

-- A payment is told once in its payer's namespace. NULL is the one namespace of all trusted servers.
CREATE UNIQUE INDEX "orders_reference_key" ON "orders"("payment_reference", "payer") NULLS NOT DISTINCT;
-- Lists, the newest first, and the few orders that wait for something.
CREATE INDEX "orders_by_time" ON "orders"("created_at", "id");
CREATE INDEX "orders_by_event" ON "orders"("event_id", "created_at", "id");
CREATE INDEX "orders_by_user" ON "orders"("user_id", "created_at", "id");
CREATE INDEX "orders_open" ON "orders"("created_at") WHERE "status" = 'OPEN';
CREATE INDEX "orders_due" ON "orders"("created_at", "id") WHERE "status" = 'REFUND_DUE' OR "refund_due" > 0;

-- Changes of orders after they were told, each written by the statement that makes it.
CREATE TABLE "order_change" (
  "id" BIGINT GENERATED ALWAYS AS IDENTITY,
  "order_id" UUID NOT NULL,
  "ticket_id" UUID,
  "kind" TEXT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  "by" TEXT,
  "note" TEXT,
  "before" JSONB NOT NULL,
  "after" JSONB NOT NULL,

  CONSTRAINT "order_change_pkey" PRIMARY KEY ("id")
);

-- A refund that is delivered again finds its row.
CREATE UNIQUE INDEX "order_change_ticket_id_key" ON "order_change"("ticket_id", "order_id");
CREATE INDEX "order_change_by_order" ON "order_change"("order_id", "id");

-- The order that paid for a booking. Null: it was sold without one, perhaps by a worker of the version before, whose
-- references stay unique: a worker of this version makes the orders of such bookings.
ALTER TABLE "booking" ADD COLUMN "order_id" UUID;
