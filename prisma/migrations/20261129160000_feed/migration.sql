-- The feed: what happened, one row for the changes of one statement, of one event and one type. A change of a booking or
-- an order is in its history already, so the row only names the rows of the history. All others are in "data".
CREATE TABLE "change_batch" (
  "id" BIGINT GENERATED ALWAYS AS IDENTITY,
  "key" UUID NOT NULL DEFAULT gen_random_uuid(),
  "number" BIGINT,
  "count" INTEGER NOT NULL,
  "type" TEXT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  "event_id" INTEGER,
  "made" UUID[],
  "changed" BIGINT[],
  "data" JSONB,

  CONSTRAINT "change_batch_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "change_batch_source_check" CHECK (num_nonnulls("made", "changed", "data") = 1)
);

-- A save writes to as few indexes as may be: two of these get a row with its number. Ids cannot be compressed.
ALTER TABLE "change_batch" ALTER "made" SET STORAGE EXTERNAL, ALTER "changed" SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX "change_batch_number_key" ON "change_batch"("number") WHERE "number" IS NOT NULL;
CREATE INDEX "change_batch_by_time" ON "change_batch"("at") WHERE "number" IS NOT NULL;
CREATE INDEX "change_batch_by_event" ON "change_batch"("event_id", "number");
CREATE INDEX "change_batch_unnumbered" ON "change_batch"("id") WHERE "number" IS NULL;

-- The last number that was given, and the last one whose rows an archive has deleted.
CREATE TABLE "feed" (
  "single" BOOLEAN NOT NULL DEFAULT TRUE,
  "last" BIGINT NOT NULL DEFAULT 0,
  "floor" BIGINT NOT NULL DEFAULT 0,
  "epoch" UUID NOT NULL DEFAULT gen_random_uuid(),

  CONSTRAINT "feed_pkey" PRIMARY KEY ("single"),
  CONSTRAINT "feed_single_check" CHECK ("single")
);

INSERT INTO "feed" DEFAULT VALUES;

-- Whatever writes a history writes the feed by the same statement, also a worker of the version before. Prisma's engine
-- cuts a migration at every semicolon: the bodies write it as \x3b.
CREATE FUNCTION "note_made_bookings"() RETURNS trigger LANGUAGE plpgsql AS E'
BEGIN
    INSERT INTO "change_batch" ("type", "event_id", "count", "made")
    SELECT
      ''booking.'' || CASE "status" WHEN ''PENDING'' THEN ''held'' ELSE lower("status"::text) END,
      "event_id", count(*), array_agg("id")
    FROM made WHERE "status" <> ''FAILED'' GROUP BY "event_id", "status"\x3b
    RETURN NULL\x3b
END\x3b';

CREATE TRIGGER "note_made_bookings" AFTER INSERT ON "booking" REFERENCING NEW TABLE AS made
FOR EACH STATEMENT EXECUTE FUNCTION "note_made_bookings"();

-- A change that leaves the status is of its kind. One that ends or sells a booking is what the booking is then.
CREATE FUNCTION "note_changed_bookings"() RETURNS trigger LANGUAGE plpgsql AS E'
BEGIN
    INSERT INTO "change_batch" ("type", "event_id", "count", "changed")
    SELECT
      ''booking.'' || CASE
        WHEN "after"->>''status'' = ''PENDING'' AND "before"->>''status'' <> ''PENDING'' THEN ''held''
        WHEN "after"->>''status'' <> "before"->>''status'' THEN lower("after"->>''status'')
        WHEN "kind" = ''extend'' THEN ''extended''
        WHEN "kind" = ''reduce'' THEN ''reduced''
        WHEN "kind" = ''exchange'' THEN ''exchanged''
        WHEN "kind" = ''return'' THEN ''returned''
        ELSE lower("after"->>''status'')
      END,
      "event_id", count(*), array_agg("id" ORDER BY "id")
    FROM changed GROUP BY 1, "event_id"\x3b
    RETURN NULL\x3b
END\x3b';

CREATE TRIGGER "note_changed_bookings" AFTER INSERT ON "booking_change" REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_bookings"();

-- An order that is OPEN is not told of: its decision is.
CREATE FUNCTION "note_made_orders"() RETURNS trigger LANGUAGE plpgsql AS E'
BEGIN
    INSERT INTO "change_batch" ("type", "event_id", "count", "made")
    SELECT ''order.'' || lower("status"::text), "event_id", count(*), array_agg("id")
    FROM made WHERE "status" <> ''OPEN'' GROUP BY "event_id", "status"\x3b
    RETURN NULL\x3b
END\x3b';

CREATE TRIGGER "note_made_orders" AFTER INSERT ON "orders" REFERENCING NEW TABLE AS made
FOR EACH STATEMENT EXECUTE FUNCTION "note_made_orders"();

CREATE FUNCTION "note_changed_orders"() RETURNS trigger LANGUAGE plpgsql AS E'
BEGIN
    INSERT INTO "change_batch" ("type", "event_id", "count", "changed")
    SELECT
      ''order.'' || CASE
        WHEN "after"->>''status'' = ''PAID'' AND "before"->>''status'' = ''OPEN'' THEN ''paid''
        WHEN "after"->>''status'' = ''REFUNDED'' THEN ''refunded''
        WHEN ("after"->>''refunded'')::bigint > ("before"->>''refunded'')::bigint THEN ''refunded''
        ELSE ''refund_due''
      END,
      "orders"."event_id", count(*), array_agg(changed."id" ORDER BY changed."id")
    FROM changed JOIN "orders" ON "orders"."id" = changed."order_id" GROUP BY 1, "orders"."event_id"\x3b
    RETURN NULL\x3b
END\x3b';

CREATE TRIGGER "note_changed_orders" AFTER INSERT ON "order_change" REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_orders"();

-- When its going on sale and its being sold out were noted in the feed. Null: not, or not any more.
ALTER TABLE "event" ADD COLUMN "opened_at" TIMESTAMPTZ(3), ADD COLUMN "sold_out_at" TIMESTAMPTZ(3);

UPDATE "event" SET "opened_at" = clock_timestamp() WHERE coalesce("on_sale_at" <= clock_timestamp(), TRUE) AND NOT "sales_paused";
