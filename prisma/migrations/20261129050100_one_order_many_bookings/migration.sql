-- One payment sells several bookings. Only a sale without an order has a reference of its own. Both indexes read the
-- table once, and bookings wait meanwhile.
CREATE UNIQUE INDEX IF NOT EXISTS "booking_paid_without_order" ON "booking"("payment_reference") WHERE "order_id" IS NULL AND "payment_reference" IS NOT NULL;
CREATE INDEX IF NOT EXISTS "booking_by_payment_reference" ON "booking"("payment_reference") WHERE "payment_reference" IS NOT NULL;
DROP INDEX "booking_payment_reference_key";

-- One ticket of an order changes several bookings.
CREATE UNIQUE INDEX "booking_change_once" ON "booking_change"("ticket_id", "booking_id");
DROP INDEX "booking_change_ticket_id_key";

-- A worker of the version before confirms no booking with a reference that an order has. Prisma's engine cuts a migration
-- at every semicolon: the body writes it as \x3b.
CREATE FUNCTION "refuse_told_reference"() RETURNS trigger LANGUAGE plpgsql AS E'
BEGIN
    IF EXISTS (SELECT FROM "orders" WHERE "payment_reference" = NEW."payment_reference") THEN
        RAISE unique_violation USING MESSAGE = ''an order has this payment reference''\x3b
    END IF\x3b
    RETURN NEW\x3b
END\x3b';

CREATE TRIGGER "refuse_told_reference" BEFORE UPDATE OF "payment_reference" ON "booking" FOR EACH ROW
WHEN (NEW."order_id" IS NULL AND NEW."payment_reference" IS NOT NULL AND NEW."payment_reference" IS DISTINCT FROM OLD."payment_reference")
EXECUTE FUNCTION "refuse_told_reference"();
