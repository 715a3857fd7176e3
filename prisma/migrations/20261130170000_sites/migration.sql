-- A room may stand in front of sites, by origin. A column with a constant default rewrites no row.
ALTER TABLE "waiting_room" ADD COLUMN "sites" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];
