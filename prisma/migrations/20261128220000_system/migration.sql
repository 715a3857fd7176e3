-- The system that this database belongs to: one row. Redis has a copy of it, so that a process which is given the
-- database of one system and the Redis of another can refuse to start. SHARDS: null until the first process starts.
CREATE TABLE "system" (
  "single" BOOLEAN NOT NULL DEFAULT true,
  "id" UUID NOT NULL DEFAULT gen_random_uuid(),
  "shards" INTEGER,

  CONSTRAINT "system_pkey" PRIMARY KEY ("single"),
  CONSTRAINT "system_single_check" CHECK ("single"),
  CONSTRAINT "system_shards_check" CHECK ("shards" BETWEEN 1 AND 4096)
);

INSERT INTO "system" DEFAULT VALUES;
