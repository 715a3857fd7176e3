-- The waiting page may look like its site. A column without a default rewrites no row.
ALTER TABLE "waiting_room" ADD COLUMN "look" JSONB;
