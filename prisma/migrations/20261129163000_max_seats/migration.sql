-- The most seats of one request.
ALTER TABLE "event" ADD COLUMN "max_seats" INTEGER NOT NULL DEFAULT 5;
