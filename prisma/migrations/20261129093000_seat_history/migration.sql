-- The seats before a change that gave up some of them or exchanged them, each with its event as one more element: the booking itself has
-- them no longer. Other changes write nothing here.
CREATE INDEX IF NOT EXISTS "booking_change_seats" ON "booking_change" USING gin ((("before"->'seats') || "event_id"::text::jsonb) jsonb_path_ops)
WHERE "before"->'seats' <> "after"->'seats';

-- The seats that operators blocked, freed or unblocked.
CREATE INDEX IF NOT EXISTS "trail_seats" ON "trail" USING gin (("after"->'seats') jsonb_path_ops)
WHERE "act" IN ('block', 'unblock', 'doubtSeats', 'freeSeats');
