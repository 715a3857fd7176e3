-- seatLocks: the lock of a held seat names the ticket that holds it. It is a fence: only that ticket's hold frees the
-- seat. A sold seat has no lock: its bit and the primary key in PostgreSQL guard it. The version before locked sold
-- seats too. Such a lock does no harm: a claim overwrites it, and it is read of held seats only.

-- @include numerals

-- Locks seats side by side, counted from 1, for the ticket that holds them, for `lockMs` milliseconds.
local function lockRun(stem, first, last, ticketId, lockMs)
  for seat = first, last do redis.call('SET', stem .. numerals[seat], ticketId, 'PX', numerals[lockMs]) end
end
