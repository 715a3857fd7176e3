-- The index before booking_by_event_status_and_time. By itself: it needs a lock that excludes reads.
DROP INDEX IF EXISTS "booking_by_event_and_status";
