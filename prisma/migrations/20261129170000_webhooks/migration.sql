-- An endpoint of a shop, to which changes of the feed are sent. "number" is its place in the feed. Its message is what
-- is being sent: the id and a digest of the exact body are written before the first attempt, the body once one failed.
CREATE TABLE "webhook" (
  "id" SERIAL NOT NULL,
  "url" TEXT NOT NULL,
  "description" TEXT NOT NULL,
  "types" TEXT[] NOT NULL,
  "event_ids" INTEGER[] NOT NULL DEFAULT '{}',
  "secret" TEXT NOT NULL,
  "old_secret" TEXT,
  "old_secret_until" TIMESTAMPTZ(3),
  "status" TEXT NOT NULL DEFAULT 'ACTIVE',
  "number" BIGINT NOT NULL,
  "message_id" TEXT,
  "message_number" BIGINT,
  "message_digest" TEXT,
  "message_body" TEXT,
  "failures" INTEGER NOT NULL DEFAULT 0,
  "failing_since" TIMESTAMPTZ(3),
  "next_at" TIMESTAMPTZ(3),
  "last_answers" JSONB NOT NULL DEFAULT '[]',
  "owner" UUID,
  "leased_until" TIMESTAMPTZ(3),
  "version" INTEGER NOT NULL DEFAULT 1,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

  CONSTRAINT "webhook_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "webhook_status_check" CHECK ("status" IN ('ACTIVE', 'STOPPED', 'DISABLED')),
  CONSTRAINT "webhook_message_check" CHECK (num_nonnulls("message_id", "message_number", "message_digest") IN (0, 3))
) WITH (fillfactor = 50);

-- A body is read whole, and written where an endpoint fails: compressing it costs more than it saves.
ALTER TABLE "webhook" ALTER COLUMN "message_body" SET STORAGE EXTERNAL;
