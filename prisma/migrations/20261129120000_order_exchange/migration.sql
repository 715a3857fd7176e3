-- The exchange that an order pays for, and the order that paid for the same booking before.
ALTER TABLE "orders" ADD COLUMN "exchange" JSONB, ADD COLUMN "adds_to" UUID;

CREATE INDEX "orders_by_addition" ON "orders"("adds_to") WHERE "adds_to" IS NOT NULL;
