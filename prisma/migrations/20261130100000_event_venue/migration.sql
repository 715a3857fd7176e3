-- AlterTable. A column without a default rewrites no row.
ALTER TABLE "event" ADD COLUMN "venue" TEXT;
