-- AlterTable. A constant default rewrites no row.
ALTER TABLE "event" ADD COLUMN "time_zone" TEXT NOT NULL DEFAULT 'UTC';
