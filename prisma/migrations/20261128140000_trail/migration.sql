-- CreateTable
CREATE TABLE "trail" (
    "number" INTEGER NOT NULL,
    "id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "act" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "event_id" INTEGER,
    "before" JSONB,
    "after" JSONB,

    CONSTRAINT "trail_pkey" PRIMARY KEY ("number")
);

-- CreateIndex
CREATE UNIQUE INDEX "trail_id_key" ON "trail"("id");

-- Numbers have no gap and follow the order of commits: a reader misses no entry, and a missing number shows that an entry was removed.
-- The lock lasts until the entry's transaction ends. Prisma's engine cuts a migration at every semicolon:
-- the bodies write it as \x3b.
CREATE FUNCTION "number_trail_entry"() RETURNS trigger LANGUAGE plpgsql AS E'
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext(''frontrow trail''))\x3b
    NEW."number" := (SELECT coalesce(max("number"), 0) + 1 FROM "trail")\x3b
    RETURN NEW\x3b
END\x3b';

CREATE TRIGGER "number_trail_entry" BEFORE INSERT ON "trail" FOR EACH ROW EXECUTE FUNCTION "number_trail_entry"();

-- Entries are added and never changed.
CREATE FUNCTION "keep_trail"() RETURNS trigger LANGUAGE plpgsql AS E'
BEGIN
    RAISE EXCEPTION ''the audit trail is append-only'' USING ERRCODE = ''insufficient_privilege''\x3b
END\x3b';

CREATE TRIGGER "keep_trail" BEFORE UPDATE OR DELETE OR TRUNCATE ON "trail"
FOR EACH STATEMENT EXECUTE FUNCTION "keep_trail"();
