-- CreateEnum
CREATE TYPE "RoomMode" AS ENUM ('OFF', 'ON', 'AUTO');

-- CreateTable
CREATE TABLE "waiting_room" (
    "event_id" INTEGER NOT NULL,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "version" INTEGER NOT NULL DEFAULT 1,
    "mode" "RoomMode" NOT NULL DEFAULT 'OFF',
    "paused" BOOLEAN NOT NULL DEFAULT false,
    "people_per_minute" INTEGER,
    "people_inside" INTEGER,
    "eta_limit_seconds" DOUBLE PRECISION NOT NULL DEFAULT 2,
    "turn_seconds" INTEGER NOT NULL DEFAULT 60,
    "admission_seconds" INTEGER NOT NULL DEFAULT 300,
    "uses" INTEGER NOT NULL DEFAULT 2,
    "require_login" BOOLEAN NOT NULL DEFAULT false,
    "secret" BYTEA NOT NULL,
    "seed" CHAR(64) NOT NULL,
    "numbers" INTEGER NOT NULL DEFAULT 0,
    "serving" INTEGER NOT NULL DEFAULT 0,
    "stepped_ms" BIGINT NOT NULL DEFAULT 0,
    "people" INTEGER,
    "chain" CHAR(64) NOT NULL,
    "turns" JSONB NOT NULL DEFAULT '[]',

    CONSTRAINT "waiting_room_pkey" PRIMARY KEY ("event_id"),
    CONSTRAINT "waiting_room_line_check" CHECK ("serving" >= 0 AND "numbers" >= "serving")
);

-- CreateTable
CREATE TABLE "waiting_place" (
    "event_id" INTEGER NOT NULL,
    "user_id" INTEGER NOT NULL,
    "generation" INTEGER NOT NULL,
    "arrival" INTEGER NOT NULL,

    CONSTRAINT "waiting_place_pkey" PRIMARY KEY ("event_id","user_id")
);

-- AddForeignKey
ALTER TABLE "waiting_room" ADD CONSTRAINT "waiting_room_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "event"("id") ON DELETE CASCADE ON UPDATE CASCADE;
