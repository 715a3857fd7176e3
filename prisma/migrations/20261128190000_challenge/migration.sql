-- A line may ask for a challenge at joining. Bits of the work: null, by the load.
ALTER TABLE "waiting_room" ADD COLUMN "challenge" TEXT NOT NULL DEFAULT 'off';
ALTER TABLE "waiting_room" ADD COLUMN "challenge_bits" INTEGER;
ALTER TABLE "waiting_room" ADD CONSTRAINT "waiting_room_challenge_check"
  CHECK ("challenge" IN ('off', 'work', 'outside'));
ALTER TABLE "waiting_room" ADD CONSTRAINT "waiting_room_challenge_bits_check"
  CHECK ("challenge_bits" BETWEEN 8 AND 24);
