-- A change of how long turns and admissions last holds for whoever is called after it: what held before is kept by position.
ALTER TABLE "waiting_room" ADD COLUMN "terms" JSONB NOT NULL DEFAULT '[]';
